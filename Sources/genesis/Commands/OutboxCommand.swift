internal import Orchestration

enum OutboxCommand {
    static let specification = CommandSpecification(
        name: "outbox",
        summary: "Show what is to be published, and what could not be.",
        examples: ["genesis outbox stats"],
        subcommands: [
            CommandSpecification(
                name: "list",
                summary: "List outbox rows, newest first.",
                examples: ["genesis outbox list --status DEAD"],
                options: [
                    .init(name: "status", valueName: "STATUS", summary: "Only rows in this status."),
                    .limit(Invocation.limitDefault), .json,
                ],
                run: list
            ),
            CommandSpecification(
                name: "stats",
                summary: "Count rows by topic and status, with the age of the oldest.",
                examples: ["genesis outbox stats"],
                options: [.json],
                run: statistics
            ),
        ]
    )

    @Sendable private static func list(_ invocation: Invocation) async throws {
        let status = try invocation.word("status", of: OutboxStatus.self)
        let limit = try invocation.limit
        let rows = try await invocation.withQueries { try await $0.outbox(status: status, limit: limit) }
        let now = invocation.surroundings.now
        var table = Table(">POSITION", "TOPIC", "KEY", "STATUS", ">TRIES", "NEXT TRY", "ERROR…", "AGE")
        for row in rows {
            table.add(
                row.position.map(String.init) ?? "–",
                row.topic,
                row.partitionKey,
                row.status.rawValue,
                "\(row.retryCount)",
                Phrases.relative(row.nextRetryAt, to: now),
                row.errorMessage ?? "",
                Phrases.length(now - row.createdAt)
            )
        }
        invocation.print(rows: rows.map(\.json), orText: table, whenEmpty: "The outbox has no such rows.")
    }

    @Sendable private static func statistics(_ invocation: Invocation) async throws {
        let rows = try await invocation.withQueries { try await $0.outboxStatistics() }
        let now = invocation.surroundings.now
        var table = Table("TOPIC", "STATUS", ">ROWS", "OLDEST")
        var objects: [JSONValue] = []
        for row in rows {
            table.add(row.topic, row.status.rawValue, "\(row.count)", Phrases.relative(row.oldest, to: now))
            objects.append([
                "topic": .string(row.topic), "status": .string(row.status.rawValue), "rows": .int(row.count),
                "oldest": JSONValue(row.oldest),
            ])
        }
        invocation.print(rows: objects, orText: table, whenEmpty: "The outbox is empty.")
    }
}
