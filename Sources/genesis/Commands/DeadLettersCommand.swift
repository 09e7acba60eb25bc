internal import Orchestration

enum DeadLettersCommand {
    static let specification = CommandSpecification(
        name: "dead-letters",
        summary: "Show records that could not be processed, and why.",
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
        ]
    )

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
