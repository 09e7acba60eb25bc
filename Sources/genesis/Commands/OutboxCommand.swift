internal import Orchestration

enum OutboxCommand {
    static let specification = CommandSpecification(
        name: "outbox",
        summary: "Show what is to be published, and decide about what could not be.",
        examples: ["genesis outbox stats"],
        subcommands: [
            CommandSpecification(
                name: "list",
                summary: "List outbox rows, newest first.",
                examples: ["genesis outbox list --status DEAD", "genesis outbox list --status failed --json"],
                options: [
                    .init(
                        name: "status",
                        valueName: "STATUS",
                        summary: "Only rows in this status: PENDING, SENT, FAILED or DEAD."
                    ),
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
            CommandSpecification(
                name: "requeue",
                summary: "Let the relay try FAILED or DEAD rows again, with all their tries.",
                details: "All the rows named, or, if one of them is not FAILED or DEAD, none.",
                examples: [
                    "genesis outbox requeue 01234567-89ab-4cde-8f01-23456789abcd", "genesis outbox requeue --dead",
                ],
                positionals: [.init(name: "ID", summary: "The rows' ids.", isRequired: false, isRepeated: true)],
                options: [.init(name: "dead", summary: "All DEAD rows."), .yes, .json],
                run: requeue
            ),
            CommandSpecification(
                name: "skip",
                summary: "Give up a DEAD row, so that later rows of its key are published.",
                details: """
                    The row stays, as SENT, with a message that begins with “skipped by” and says who gave it up, why, \
                    and what its last error was; `genesis outbox list` shows it as skipped.
                    """,
                examples: [
                    #"genesis outbox skip 01234567-89ab-4cde-8f01-23456789abcd --reason "too large, sent by hand""#
                ],
                positionals: [.init(name: "ID", summary: "The row's id.")],
                options: [
                    .init(name: "reason", valueName: "TEXT", summary: "Why; kept with the row."), .yes, .json,
                ],
                run: skip
            ),
            OutboxImportCommand.specification,
        ]
    )

    /// The longest reason that is kept with a row, in bytes.
    static let reasonBytesMax = 1_000

    @Sendable private static func requeue(_ invocation: Invocation) async throws {
        let ids = try invocation.identifiers("ID", of: EventKind.self)
        guard ids.isEmpty == invocation.has("dead") else {
            throw CommandFailure.usage("give ids of outbox rows, or --dead")
        }
        let count: Int
        let person = try invocation.person
        if ids.isEmpty {
            try invocation.confirm("Let the relay try all DEAD rows again?")
            count = try await invocation.withQueries { try await $0.requeueDeadOutbox(by: person) }
        } else {
            let before = try await invocation.withQueries { try await $0.requeueOutbox(ids, by: person) }
            for id in ids { try require(before[id], isOneOf: [.failed, .dead], id) }
            count = before.count
        }
        invocation.print(count: count, "requeued", "The relay will try \(Phrases.records(count)) again.")
    }

    @Sendable private static func skip(_ invocation: Invocation) async throws {
        let id = try invocation.identifier("ID", of: EventKind.self)
        guard let reason = invocation.value("reason"), !reason.isEmpty, reason.utf8.count <= reasonBytesMax,
            !reason.utf8.contains(0)
        else { throw CommandFailure.usage("--reason TEXT is needed, of 1 to \(reasonBytesMax) bytes: it is kept") }
        let person = try invocation.person
        try invocation.confirm("Give this row up? It will never be published.")
        let before = try await invocation.withQueries { try await $0.skipOutbox(id, by: person, reason: reason) }
        try require(before, isOneOf: [.dead], id)
        invocation.print(count: 1, "skipped", "The row is given up; later rows of its key flow.")
    }

    private static func require(_ status: OutboxStatus?, isOneOf wanted: [OutboxStatus], _ id: EventID) throws {
        guard let status else { throw CommandFailure.notSo("there is no outbox row \(id); nothing was changed") }
        guard wanted.contains(status) else {
            let words = wanted.map(\.rawValue).joined(separator: " or ")
            throw CommandFailure.notSo("outbox row \(id) is \(status.rawValue), not \(words); nothing was changed")
        }
    }

    @Sendable private static func list(_ invocation: Invocation) async throws {
        let status = try invocation.word("status", of: OutboxStatus.self)
        let limit = try invocation.limit
        let rows = try await invocation.withQueries { try await $0.outbox(status: status, limit: limit) }
        let now = invocation.surroundings.now
        var table = Table("OUTBOX ROW", ">POSITION", "TOPIC", "KEY", "STATUS", ">TRIES", "NEXT TRY", "ERROR…", "AGE")
        for row in rows {
            table.add(
                row.id.description,
                row.position.map(String.init) ?? "–",
                row.topic,
                row.partitionKey,
                row.isSkipped ? "skipped" : row.status.rawValue,
                "\(row.retryCount)",
                Phrases.relative(row.nextRetryAt, to: now),
                row.errorMessage ?? "",
                Phrases.length(now - row.createdAt)
            )
        }
        let objects = rows.map { JSONValue.object($0.columns.merging(["skipped": .bool($0.isSkipped)])) }
        invocation.print(rows: objects, orText: table, whenEmpty: "The outbox has no such rows.")
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
