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
                summary: "Show one task with input, result, error, and what was said about it.",
                examples: ["genesis tasks show 01234567-89ab-4cde-8f01-23456789abcd"],
                positionals: [taskID],
                options: [.json],
                run: show
            ),
            CommandSpecification(
                name: "watch",
                summary: "Follow one task, or all that are open, to their end; exit 1 when one failed.",
                examples: [
                    "genesis tasks watch", "genesis tasks watch 01234567-89ab-4cde-8f01-23456789abcd",
                ],
                positionals: [
                    .init(name: "ID", summary: "The task's id; by default all open tasks.", isRequired: false)
                ],
                options: [.session, .json],
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

    /// How many of the messages about a task are shown, the newest.
    static let messagesShown = 50

    @Sendable private static func show(_ invocation: Invocation) async throws {
        let id = try invocation.identifier("ID", of: TaskKind.self)
        let (row, messages) = try await invocation.withQueries { queries in
            let row = try await task(id, from: queries)
            return (row, try await queries.commands(about: row, limit: messagesShown).reversed())
        }
        if invocation.has("json") {
            let all = JSONValue.array(messages.map(\.json))
            return invocation.surroundings.output.line(JSONValue.object(row.columns.merging(["messages": all])).text)
        }
        invocation.print(row: row.json)
        var table = Table("TIME?", "MESSAGE…", ">TRY", "VERDICT", "USER…", "REASON…")
        for message in messages {
            table.add(
                message.createdAt.description,
                Phrases.shortType(message.commandType),
                message.payload["attempt"].int.map { "\($0)" } ?? "",
                message.verdict?.rawValue ?? "",
                message.userID ?? "",
                message.errorMessage ?? message.payload["reason"].string ?? ""
            )
        }
        let output = invocation.surroundings.output
        output.write(messages.isEmpty ? "" : "\n" + table.text(width: output.columns))
    }

    @Sendable private static func list(_ invocation: Invocation) async throws {
        let session = try invocation.session
        let status = try invocation.word("status", of: TaskStatus.self)
        let limit = try invocation.limit
        let rows = try await invocation.withQueries {
            try await $0.tasks(session: session, status: status, limit: limit)
        }
        let now = invocation.surroundings.now
        var table = Table("TASK", "SESSION?", "TENANT…", "TYPE…", "STATUS", ">TRY", "PROGRESS", "MESSAGE…?", "AGE?")
        for row in rows {
            table.add(
                row.id.description,
                row.sessionID.description,
                row.tenantID,
                row.taskType,
                row.status.rawValue,
                "\(row.attempt)",
                Phrases.bar(row.progress, cells: 8),
                row.progressMessage ?? row.errorData["message"].string ?? "",
                Phrases.length(now - row.createdAt)
            )
        }
        table.omitUniform("TENANT")
        invocation.print(rows: rows.map(\.json), orText: table, whenEmpty: "There are no tasks.")
    }

    /// How many tasks are followed at once, the newest.
    static let watchedMax = 20

    @Sendable private static func watch(_ invocation: Invocation) async throws {
        let session = try invocation.session
        let named = invocation.argument("ID") == nil ? nil : try invocation.identifier("ID", of: TaskKind.self)
        if named != nil, session != nil { throw CommandFailure.usage("give a task's ID or --session, not both") }
        var view = TaskWatch(terminal: invocation.surroundings.output, asJSON: invocation.has("json"))
        let ended = try await invocation.withQueries { queries in
            // Those that were open once are followed to their end; others join as they come.
            var watched: [TaskID] = named.map { [$0] } ?? []
            while true {
                if named == nil { watched = try await joined(watched, session, queries) }
                var rows: [AsyncTask] = []
                for id in watched { rows.append(try await task(id, from: queries)) }
                view.show(rows, now: Surroundings.now())
                if rows.allSatisfy({ !$0.status.isOpen }) { return rows }
                try await Task.sleep(for: .microseconds(watchInterval.microseconds))
            }
        }
        if ended.isEmpty, !invocation.has("json") { invocation.surroundings.output.line("No task is open.") }
        if let failed = ended.first(where: { $0.status != .completed }) {
            throw CommandFailure.notSo("task \(failed.id) ended as \(failed.status.rawValue)")
        }
    }

    private static func joined(
        _ watched: [TaskID],
        _ session: SessionID?,
        _ queries: any SessionQueries
    ) async throws -> [TaskID] {
        var ids = watched
        for status in [TaskStatus.running, .pending] where ids.count < watchedMax {
            let open = try await queries.tasks(session: session, status: status, limit: watchedMax)
            for row in open where !ids.contains(row.id) && ids.count < watchedMax { ids.append(row.id) }
        }
        return ids
    }
}
