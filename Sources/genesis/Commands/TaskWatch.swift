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
        guard asJSON || !terminal.isInteractive else {
            let width = (terminal.columns ?? Terminal.columnsDefault) - 1
            return draw(Self.lines(tasks, now: now, width: width), width)
        }
        for task in tasks where last[task.id] != task {
            terminal.line(asJSON ? task.json.text : Self.change(task, now: now))
            last[task.id] = task
        }
    }

    /// What is drawn on a terminal: the bars under one another, whatever the names' lengths.
    static func lines(_ tasks: [AsyncTask], now: Instant, width: Int? = nil) -> [String] {
        let rows = tasks.map { task in
            (name: Printable.text(task.taskType), task: task, state: "  " + SessionPicture.taskState(task, now: now))
        }
        let names = rows.map { Printable.width($0.name) }.max() ?? 0
        let states = rows.map { Printable.width($0.state) }.max() ?? 0
        let cells = Phrases.barCells(barCells, beside: names + 2 + states, width: width)
        return rows.map { row in
            Printable.padded(row.name, to: names) + "  " + Phrases.bar(row.task.progress, cells: cells) + row.state
        }
    }

    /// What is said of a change where nothing can be drawn over.
    static func change(_ task: AsyncTask, now: Instant) -> String {
        "\(Phrases.clock(task.updatedAt))  \(task.id)  \(Printable.text(task.taskType))  \(task.progress) %  "
            + SessionPicture.taskState(task, now: now)
    }

    private static let barCells = 24

    private mutating func draw(_ lines: [String], _ width: Int) {
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
