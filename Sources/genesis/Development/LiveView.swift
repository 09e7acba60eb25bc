internal import Orchestration

/// Shows a session as it goes on: a block that is drawn again on a terminal, a line for each change elsewhere.
struct LiveView {
    let terminal: Terminal
    private var lastLines: [String] = []
    private var linesDrawn = 0
    private var lastReply = ""

    init(terminal: Terminal) { self.terminal = terminal }

    mutating func note(_ text: String) {
        erase()
        terminal.line(text)
    }

    mutating func sent(_ command: SentCommand) {
        lastReply = "\(Phrases.shortType(command.type)) \(Printable.text(command.payload.text))"
        if !terminal.isInteractive { terminal.line("  sent   \(lastReply)") }
    }

    mutating func show(_ picture: SessionPicture, now: Instant) {
        let lines = Self.lines(picture, now: now)
        guard terminal.isInteractive else {
            // Only what has changed, so that a log stays short.
            for (index, line) in lines.enumerated() where !lastLines.indices.contains(index) || lastLines[index] != line
            {
                if !line.hasSuffix("–") { terminal.line(line) }
            }
            lastLines = lines
            return
        }
        let drawn = lines + ["  reply  " + (lastReply.isEmpty ? "–" : lastReply)]
        guard drawn != lastLines else { return }
        let width = (terminal.columns ?? Terminal.columnsDefault) - 1
        erase()
        terminal.write(drawn.map { Printable.fitted($0, to: width) + "\n" }.joined())
        linesDrawn = drawn.count
        lastLines = drawn
    }

    mutating func end(_ picture: SessionPicture) {
        linesDrawn = 0
        terminal.line("\nThe session's events:")
        terminal.write(SessionPicture.timeline(picture.events, width: terminal.columns))
    }

    /// Stage, task and wait; a line ends with – where there is none.
    static func lines(_ picture: SessionPicture, now: Instant) -> [String] {
        let wait = picture.openWait.map { wait -> String in
            let draft = wait.draft.map { " (draft \($0))" } ?? ""
            return Printable.text(wait.replies.map(Phrases.shortType).joined(separator: ", ")) + draft
        }
        return [
            "  stage  \(SessionPicture.stageBar(picture.session)) · \(picture.session.status.rawValue)",
            "  task   " + (picture.openTask.map { SessionPicture.taskLine($0, now: now) } ?? "–"),
            "  waits  " + (wait ?? "–"),
        ]
    }

    /// Takes the block away that was drawn last.
    private mutating func erase() {
        guard linesDrawn > 0 else { return }
        // Up by so many lines, then clear to the end of the screen.
        terminal.write("\u{1B}[\(linesDrawn)A\u{1B}[J")
        linesDrawn = 0
    }
}
