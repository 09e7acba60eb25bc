internal import Orchestration

enum HandlesCommand {
    static let specification = CommandSpecification(
        name: "handles",
        summary: "Show what sessions wait for.",
        examples: ["genesis handles list"],
        subcommands: [
            CommandSpecification(
                name: "list",
                summary: "List open waits, newest first.",
                examples: [
                    "genesis handles list --session 01234567-89ab-4cde-8f01-23456789abcd --all",
                    "genesis handles list --refused",
                ],
                options: [
                    .session, .init(name: "all", summary: "Ended waits as well."),
                    .init(
                        name: "refused",
                        summary: "Instead, the replies that no wait took, each with verdict and reason."
                    ),
                    .limit(Invocation.limitDefault), .json,
                ],
                run: list
            ),
            CommandSpecification(
                name: "show",
                summary: "Show one wait with everything it keeps.",
                examples: ["genesis handles show 01234567-89ab-4cde-8f01-23456789abcd"],
                positionals: [.init(name: "ID", summary: "The handle's id.")],
                options: [.json],
                run: { invocation in
                    let id = try invocation.identifier("ID", of: HandleKind.self)
                    guard let row = try await invocation.withQueries({ try await $0.handle(id) }) else {
                        throw CommandFailure.notSo("there is no handle \(id)")
                    }
                    invocation.print(row: row.json)
                }
            ),
            explanation,
        ]
    )

    @Sendable private static func list(_ invocation: Invocation) async throws {
        let session = try invocation.session
        let limit = try invocation.limit
        if invocation.has("refused") {
            guard !invocation.has("all") else { throw CommandFailure.usage("give --all or --refused, not both") }
            return try await listRefused(invocation, session, limit)
        }
        let rows = try await invocation.withQueries {
            try await $0.handles(session: session, openOnly: !invocation.has("all"), limit: limit)
        }
        let now = invocation.surroundings.now
        var table = Table(
            "HANDLE",
            "CORRELATION?",
            "SESSION?",
            "TENANT…",
            "STATUS",
            ">DRAFT",
            "TAKES…",
            "EXPIRES",
            "AGE?"
        )
        for row in rows {
            table.add(
                row.id.description,
                row.correlationID,
                row.sessionID.description,
                row.tenantID,
                row.status.rawValue,
                row.draft.map(String.init) ?? "–",
                row.replies.map(Phrases.shortType).joined(separator: ", "),
                Phrases.deadline(row, now: now),
                Phrases.length(now - row.createdAt)
            )
        }
        table.omitUniform("TENANT")
        invocation.print(rows: rows.map(\.json), orText: table, whenEmpty: "Nothing waits.")
    }

    private static func listRefused(_ invocation: Invocation, _ session: SessionID?, _ limit: Int) async throws {
        let rows = try await invocation.withQueries { try await $0.refused(session: session, limit: limit) }
        let now = invocation.surroundings.now
        var table = Table("SESSION", "REPLY…", "VERDICT", "USER…", "AGE", "REASON…")
        for row in rows {
            table.add(
                row.sessionID.description,
                Phrases.shortType(row.commandType),
                row.verdict?.rawValue ?? "",
                row.userID ?? "–",
                Phrases.length(now - row.createdAt),
                row.errorMessage ?? ""
            )
        }
        invocation.print(rows: rows.map(\.json), orText: table, whenEmpty: "No reply was refused.")
    }
}

extension CommandSpecification.Option {
    static let session = Self(name: "session", valueName: "ID", summary: "Only of this session.")
}

extension Invocation {
    /// The session that `--session` names.
    var session: SessionID? {
        get throws {
            guard let text = value("session") else { return nil }
            guard let id = SessionID(text) else {
                throw CommandFailure.usage("--session takes an id of 36 characters with hyphens, not `\(text)`")
            }
            return id
        }
    }

    /// One row: compact with `--json`, else a line for each member.
    func print(row: JSONValue) {
        let output = surroundings.output
        if has("json") { return output.line(row.text) }
        var table = Table("FIELD", "VALUE")
        for member in row.object ?? [:] { table.add(member.key, member.value.string ?? member.value.text) }
        output.write(table.text(width: nil))
    }
}
