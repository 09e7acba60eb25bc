internal import Orchestration

enum TasksCommand {
    static let watchInterval = Interval.milliseconds(500)

    static let specification = CommandSpecification(
        name: "tasks",
        summary: "Show and steer the work that agents do.",
        examples: ["genesis tasks list --status RUNNING"],
        subcommands: [
            CommandSpecification(
                name: "list",
                summary: "List tasks, newest first.",
                examples: ["genesis tasks list --session 01234567-89ab-4cde-8f01-23456789abcd"],
                options: [.session, status, .limit(Invocation.limitDefault), .json],
                run: list
            ),
            CommandSpecification(
                name: "show",
                summary: "Show one task with input, result and error.",
                examples: ["genesis tasks show 01234567-89ab-4cde-8f01-23456789abcd"],
                positionals: [taskID],
                options: [.json],
                run: { invocation in
                    let id = try invocation.identifier("ID", of: TaskKind.self)
                    invocation.print(row: try await invocation.withQueries { try await task(id, from: $0) }.json)
                }
            ),
            CommandSpecification(
                name: "watch",
                summary: "Follow one task until it has ended; exit 1 when it failed.",
                examples: ["genesis tasks watch 01234567-89ab-4cde-8f01-23456789abcd"],
                positionals: [taskID],
                options: [.json],
                run: watch
            ),
        ] + OperatedTask.specifications
    )

    private static let taskID = CommandSpecification.Positional(name: "ID", summary: "The task's id.")
    private static let status = CommandSpecification.Option(
        name: "status",
        valueName: "STATUS",
        summary: "Only tasks in this status."
    )

    private static func task(_ id: TaskID, from queries: any SessionQueries) async throws -> AsyncTask {
        guard let row = try await queries.task(id) else { throw CommandFailure.notSo("there is no task \(id)") }
        return row
    }

    @Sendable private static func list(_ invocation: Invocation) async throws {
        let session = try invocation.session
        let status = try invocation.word("status", of: TaskStatus.self)
        let limit = try invocation.limit
        let rows = try await invocation.withQueries {
            try await $0.tasks(session: session, status: status, limit: limit)
        }
        let now = invocation.surroundings.now
        var table = Table("TASK", "SESSION", "TYPE…", "STATUS", ">TRY", "PROGRESS", "MESSAGE…", "AGE")
        for row in rows {
            table.add(
                row.id.description,
                row.sessionID.description,
                row.taskType,
                row.status.rawValue,
                "\(row.attempt)",
                Phrases.bar(row.progress, cells: 8),
                row.progressMessage ?? row.errorData["message"].string ?? "",
                Phrases.length(now - row.createdAt)
            )
        }
        invocation.print(rows: rows.map(\.json), orText: table, whenEmpty: "There are no tasks.")
    }

    /// A line for each change; on a terminal one line that is written over.
    @Sendable private static func watch(_ invocation: Invocation) async throws {
        let id = try invocation.identifier("ID", of: TaskKind.self)
        let output = invocation.surroundings.output
        try await invocation.withQueries { queries in
            var last: AsyncTask?
            while true {
                let row = try await task(id, from: queries)
                if row != last {
                    if invocation.has("json") {
                        output.line(row.json.text)
                    } else if output.isInteractive {
                        let line = Printable.fitted(SessionPicture.taskLine(row), to: (output.columns ?? 80) - 1)
                        output.write("\r\u{1B}[K" + line)
                    } else {
                        output.line(SessionPicture.taskLine(row))
                    }
                    last = row
                }
                if !row.status.isOpen {
                    if output.isInteractive, !invocation.has("json") { output.write("\n") }
                    guard row.status == .completed else {
                        throw CommandFailure.notSo("the task ended as \(row.status.rawValue)")
                    }
                    return
                }
                try await Task.sleep(for: .microseconds(watchInterval.microseconds))
            }
        }
    }
}
