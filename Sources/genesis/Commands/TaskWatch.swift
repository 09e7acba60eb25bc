internal import Orchestration

/// Follows tasks: bars that are drawn over on a terminal, a line for each change elsewhere, JSON lines for a program.
struct TaskWatch {
    let terminal: Terminal
    let asJSON: Bool
    private var last: [TaskID: AsyncTask] = [:]
    private var drawn: [String] = []

    init(terminal: Terminal, asJSON: Bool) {
        self.terminal = terminal
        self.asJSON = asJSON
    }

    mutating func show(_ tasks: [AsyncTask], now: Instant) {
        guard asJSON || !terminal.isInteractive else { return draw(Self.lines(tasks, now: now)) }
        for task in tasks where last[task.id] != task {
            terminal.line(asJSON ? task.json.text : Self.change(task, now: now))
            last[task.id] = task
        }
    }

    /// What is drawn on a terminal: the bars under one another, whatever the names' lengths.
    static func lines(_ tasks: [AsyncTask], now: Instant) -> [String] {
        let width = tasks.map { Printable.width(Printable.text($0.taskType)) }.max() ?? 0
        return tasks.map { task in
            Printable.padded(Printable.text(task.taskType), to: width) + "  "
                + Phrases.bar(task.progress, cells: barCells)
                + "  " + SessionPicture.taskState(task, now: now)
        }
    }

    /// What is said of a change where nothing can be drawn over.
    static func change(_ task: AsyncTask, now: Instant) -> String {
        "\(Phrases.clock(task.updatedAt))  \(task.id)  \(Printable.text(task.taskType))  \(task.progress) %  "
            + SessionPicture.taskState(task, now: now)
    }

    private static let barCells = 24

    private mutating func draw(_ lines: [String]) {
        let width = (terminal.columns ?? Terminal.columnsDefault) - 1
        let fitted = lines.map { Printable.fitted($0, to: width) }
        guard fitted != drawn else { return }
        terminal.write(Self.frame(fitted, over: drawn.count))
        drawn = fitted
    }

    /// The bytes that put these lines where so many others stood: up, and each line written anew.
    static func frame(_ lines: [String], over count: Int) -> String {
        (count > 0 ? "\u{1B}[\(count)A" : "") + lines.map { "\r\u{1B}[K\($0)\n" }.joined() + "\u{1B}[J"
    }
}
