internal import Orchestration

enum SessionsCommand {
    static let specification = CommandSpecification(
        name: "sessions",
        summary: "Start, list, show and steer sessions.",
        examples: ["genesis sessions list --status IN_PROGRESS"],
        subcommands: [
            CommandSpecification(
                name: "start",
                summary: "Start a session.",
                examples: [#"genesis sessions start --user ada --input '{"seed":"a lighthouse that counts ships"}'"#],
                options: [
                    .init(name: "user", valueName: "USER", summary: "Whose session it is."),
                    .init(
                        name: "input",
                        valueName: "JSON",
                        summary: "What the workflow starts with; @FILE reads a file."
                    ),
                    .init(name: "id", valueName: "ID", summary: "The session's id; a new one by default."),
                ] + SentCommand.options,
                run: start
            ),
            CommandSpecification(
                name: "list",
                summary: "List sessions, newest first.",
                examples: [
                    "genesis sessions list --status IN_PROGRESS --limit 20", "genesis sessions list --needs-help",
                ],
                options: [
                    .init(name: "status", valueName: "STATUS", summary: "Only sessions in this status."),
                    .init(name: "user", valueName: "USER", summary: "Only sessions of this user."),
                    .init(
                        name: "needs-help",
                        summary: "Only those with an incident, and those that wait for `Task.Retry`."
                    ),
                    .limit(Invocation.limitDefault), .json,
                ],
                run: list
            ),
            CommandSpecification(
                name: "show",
                summary: "Show a session: stage, what it waits for, its tasks, what is confirmed, its events.",
                examples: ["genesis sessions show 01234567-89ab-4cde-8f01-23456789abcd"],
                positionals: [sessionID],
                options: [.json],
                run: show
            ),
            CommandSpecification(
                name: "reply",
                summary: "Answer the wait of a session, or send it any other command.",
                details:
                    "TYPE may leave out `Command.Genesis.Session.`; `genesis sessions show ID` lists what is welcome.",
                examples: [
                    "genesis sessions reply 01234567-89ab-4cde-8f01-23456789abcd Concept.Confirm "
                        + #"--payload '{"concept_ids":["c1"]}'"#
                ],
                positionals: [sessionID, .init(name: "TYPE", summary: "The command's type, e.g. Concept.Confirm.")],
                options: [
                    .init(name: "payload", valueName: "JSON", summary: "The reply's content; @FILE reads a file."),
                    .init(name: "correlation", valueName: "C", summary: "The wait that is meant; see `handles list`."),
                    .init(name: "user", valueName: "USER", summary: "Who replies."),
                ] + SentCommand.options,
                run: reply
            ),
            steering("abandon", "Abandon a session: it ends here.", SessionMessages.abandon),
            steering("pause", "Pause a session: replies are kept until it goes on.", SessionMessages.pause),
            steering("unpause", "Let a paused session go on.", SessionMessages.unpause),
            CommandSpecification(
                name: "verify",
                summary: "Prove that the session's row is the fold of its events; exit 1 when it is not.",
                examples: ["genesis sessions verify 01234567-89ab-4cde-8f01-23456789abcd"],
                positionals: [sessionID],
                options: [.json],
                run: verify
            ),
        ]
    )

    static let sessionID = CommandSpecification.Positional(name: "ID", summary: "The session's id.")

    private static func steering(_ name: String, _ summary: String, _ type: String) -> CommandSpecification {
        CommandSpecification(
            name: name,
            summary: summary,
            examples: ["genesis sessions \(name) 01234567-89ab-4cde-8f01-23456789abcd --reason \"not now\""],
            positionals: [sessionID],
            options: [
                .init(name: "reason", valueName: "TEXT", summary: "Why; kept with the event."),
                .init(name: "user", valueName: "USER", summary: "Who says so."),
            ] + SentCommand.options,
            run: { invocation in
                let id = try invocation.identifier("ID", of: SessionKind.self)
                let payload: JSONObject = invocation.value("reason").map { ["reason": .string($0)] } ?? [:]
                try await SentCommand(type: type, session: id, payload: .object(payload)).send(for: invocation)
            }
        )
    }

    @Sendable private static func start(_ invocation: Invocation) async throws {
        let id: SessionID
        if let text = invocation.value("id") {
            guard let given = SessionID(text) else {
                throw CommandFailure.usage("--id takes an id of 36 characters with hyphens, not `\(text)`")
            }
            id = given
        } else {
            id = FreshIdentifier.make()
        }
        let input = try invocation.json("input") ?? [:]
        guard input.object != nil else { throw CommandFailure.usage("--input takes a JSON object") }
        try await SentCommand(type: SessionMessages.start, session: id, payload: input).send(for: invocation)
    }

    @Sendable private static func reply(_ invocation: Invocation) async throws {
        let id = try invocation.identifier("ID", of: SessionKind.self)
        let payload = try invocation.json("payload") ?? [:]
        guard payload.object != nil else { throw CommandFailure.usage("--payload takes a JSON object") }
        let type = try SentCommand.fullType(try invocation.required("TYPE"))
        var command = SentCommand(type: type, session: id, payload: payload)
        command.correlation = invocation.value("correlation")
        try await command.send(for: invocation)
    }

    @Sendable private static func list(_ invocation: Invocation) async throws {
        let status = try invocation.word("status", of: SessionStatus.self)
        let limit = try invocation.limit
        let inNeed = invocation.has("needs-help")
        let user = invocation.value("user")
        let sessions = try await invocation.withQueries {
            inNeed
                ? try await $0.sessionsInNeed(status: status, user: user, limit: limit)
                : try await $0.sessions(status: status, user: user, limit: limit)
        }
        var table = Table("SESSION", "TENANT…", "STATUS", "STAGE", "USER…", ">EVENTS", "CHANGED", "AGE")
        let now = invocation.surroundings.now
        for session in sessions {
            table.add(
                session.id.description,
                session.tenantID,
                session.status.rawValue,
                session.currentStage.rawValue,
                session.userID ?? "–",
                "\(session.version)",
                Phrases.relative(session.updatedAt, to: now),
                Phrases.length(now - session.createdAt)
            )
        }
        table.omitUniform("TENANT")
        invocation.print(
            rows: sessions.map(\.json),
            orText: table,
            whenEmpty: inNeed
                ? "No session needs help." : "There are no sessions; `genesis sessions start` starts one."
        )
    }

    @Sendable private static func show(_ invocation: Invocation) async throws {
        let id = try invocation.identifier("ID", of: SessionKind.self)
        let picture = try await invocation.withQueries { try await SessionPicture.load(id, from: $0) }
        let output = invocation.surroundings.output
        if invocation.has("json") {
            output.line(picture.json.text)
        } else {
            output.write(picture.text(now: invocation.surroundings.now, width: output.columns))
        }
    }

    @Sendable private static func verify(_ invocation: Invocation) async throws {
        let id = try invocation.identifier("ID", of: SessionKind.self)
        let (session, events) = try await invocation.withQueries { queries in
            (try await queries.session(id), try await queries.events(of: id))
        }
        guard let session else { throw CommandFailure.notSo("there is no session \(id)") }
        let differences = Wiring.differences(row: session, events: events)
        let output = invocation.surroundings.output
        if invocation.has("json") {
            output.line(
                JSONValue.object([
                    "id": JSONValue(id), "version": .int(session.version),
                    "differences": .array(differences.map { .string($0) }),
                ]).text
            )
        } else {
            for difference in differences { output.line(Printable.text(difference)) }
            if differences.isEmpty { output.line("The row is the fold of its \(events.count) events.") }
        }
        guard differences.isEmpty else { throw CommandFailure.notSo("the row is not the fold of its events") }
    }
}
