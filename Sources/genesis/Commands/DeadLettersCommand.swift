internal import Orchestration

enum DeadLettersCommand {
    static let specification = CommandSpecification(
        name: "dead-letters",
        summary: "Show records that could not be processed, and publish them again.",
        examples: ["genesis dead-letters list"],
        subcommands: [
            CommandSpecification(
                name: "list",
                summary: "List dead letters, newest first.",
                examples: ["genesis dead-letters list --limit 10"],
                options: [.limit(Invocation.limitDefault), .json],
                run: list
            ),
            CommandSpecification(
                name: "show",
                summary: "Show one dead letter with its bytes and headers.",
                examples: ["genesis dead-letters show 01234567-89ab-4cde-8f01-23456789abcd"],
                positionals: [.init(name: "ID", summary: "The dead letter's id.")],
                options: [.json],
                run: { invocation in
                    let id = try invocation.identifier("ID", of: DeadLetterKind.self)
                    guard let row = try await invocation.withQueries({ try await $0.deadLetter(id) }) else {
                        throw CommandFailure.notSo("there is no dead letter \(id)")
                    }
                    invocation.print(row: row.json)
                }
            ),
            CommandSpecification(
                name: "requeue",
                summary: "Publish dead letters again, byte for byte, to the topics they came from.",
                details: """
                    The records go through the outbox, so a worker must run. Each is marked with the time and whoever did it; one that was \
                    requeued before is refused unless --again is given. All the ids, or none of them.
                    """,
                examples: [
                    "genesis dead-letters requeue 01234567-89ab-4cde-8f01-23456789abcd",
                    "genesis dead-letters requeue --all --reason unknown_type",
                ],
                positionals: [
                    .init(name: "ID", summary: "The dead letters' ids.", isRequired: false, isRepeated: true)
                ],
                options: [
                    .init(name: "all", summary: "All that were never requeued."),
                    .init(name: "reason", valueName: "REASON", summary: "With --all: only those set aside for REASON."),
                    .init(name: "again", summary: "With ids: also those that were requeued before."),
                    .yes, .json,
                ],
                run: requeue
            ),
        ]
    )

    @Sendable private static func requeue(_ invocation: Invocation) async throws {
        let ids = try invocation.identifiers("ID", of: DeadLetterKind.self)
        let reason = try invocation.word("reason", of: DeadLetter.Reason.self)
        guard ids.isEmpty == invocation.has("all") else {
            throw CommandFailure.usage("give ids of dead letters, or --all")
        }
        guard reason == nil || invocation.has("all") else {
            throw CommandFailure.usage("--reason belongs to --all; ids are taken whatever their reason")
        }
        guard !invocation.has("again") || !invocation.has("all") else {
            throw CommandFailure.usage("--again takes ids: --all means those that were never requeued")
        }
        if ids.isEmpty { try invocation.confirm("Publish all these dead letters again?") }
        let (tenant, person) = (try Configuration(invocation).tenant, try invocation.person)
        let count = try await invocation.withQueries { queries in
            ids.isEmpty
                ? try await queries.requeueWaitingDeadLetters(reason: reason, tenantID: tenant, by: person)
                : try await queries.requeueDeadLetters(
                    ids,
                    again: invocation.has("again"),
                    tenantID: tenant,
                    by: person
                )
        }
        invocation.print(count: count, "requeued", "The relay will publish \(Phrases.records(count)) again.")
    }

    @Sendable private static func list(_ invocation: Invocation) async throws {
        let limit = try invocation.limit
        let rows = try await invocation.withQueries { try await $0.deadLetters(limit: limit) }
        let now = invocation.surroundings.now
        var table = Table("DEAD LETTER", "TOPIC", ">PARTITION", ">OFFSET", "REASON", "DETAIL…", "AGE")
        for row in rows {
            table.add(
                row.id.description,
                row.topic,
                "\(row.partition)",
                "\(row.recordOffset)",
                row.reason.rawValue,
                row.detail,
                Phrases.length(now - row.createdAt)
            )
        }
        invocation.print(rows: rows.map(\.json), orText: table, whenEmpty: "There are no dead letters.")
    }
}
