internal import Orchestration

/// A command on its way to a session: a row of `command_inbox`, and the verdict it gets.
struct SentCommand: Sendable {
    var type: String
    var session: SessionID
    var payload: JSONValue
    /// The wait that a reply means.
    var correlation: String?
    /// Whose the session is; by default the configured tenant.
    var tenant: String?
    /// Who sends it when `--user` does not say.
    var user: String?

    /// How long a verdict is waited for.
    static let verdictLimit = Interval.seconds(10)
    static let pollInterval = Interval.milliseconds(50)

    static let options: [CommandSpecification.Option] = [
        .init(name: "no-wait", summary: "Do not wait for the verdict (by default up to 10 s)."),
        .init(name: "wait", summary: "Wait for the verdict; this is the default."),
        .init(name: "key", valueName: "KEY", summary: "Idempotency key: the same key is carried out once."),
        .json,
    ]

    /// `Concept.Confirm` → `Command.Genesis.Session.Concept.Confirm`; a type with any other prefix stays as it is.
    static func fullType(_ text: String) throws(CommandFailure) -> String {
        if text.hasPrefix(SessionMessages.commandPrefix) { return text }
        let known = SessionMessages.commands.map { String($0.type.dropFirst(SessionMessages.commandPrefix.count)) }
        if let exact = known.first(where: { $0.lowercased() == text.lowercased() }) {
            return SessionMessages.commandPrefix + exact
        }
        guard !text.hasPrefix("Command.") else { return text }
        let hint = Spelling.nearest(to: text, among: known).map { "; did you mean `\($0)`?" } ?? ""
        let advice =
            hint.isEmpty ? "; a workflow's own commands are named in full, `\(SessionMessages.commandPrefix)…`" : hint
        throw .usage("`\(Printable.text(text))` is no command of a session\(advice)")
    }

    /// The row to insert.
    func row(id: MessageID, tenant: String, user: String?, key: String?, now: Instant) -> InboxCommand {
        InboxCommand(
            id: id,
            tenantID: tenant,
            sessionID: session,
            commandType: type,
            idempotencyKey: key ?? id.description,
            payload: payload,
            correlationID: correlation ?? session.description,
            causationID: nil,
            userID: user,
            metadata: [:],
            source: "table",
            status: .received,
            verdict: nil,
            errorMessage: nil,
            retryCount: 0,
            createdAt: now,
            updatedAt: now,
            processedAt: nil
        )
    }

    /// Inserts the row, waits for the verdict and reports it; a refusal is a failure with exit code 1.
    func send(for invocation: Invocation) async throws {
        if invocation.has("wait"), invocation.has("no-wait") {
            throw CommandFailure.usage("--wait and --no-wait exclude each other")
        }
        let configuration = try Configuration(invocation)
        let now = invocation.surroundings.now
        let row = row(
            id: FreshIdentifier.make(),
            tenant: tenant ?? configuration.tenant,
            user: invocation.value("user") ?? user,
            key: invocation.value("key"),
            now: now
        )
        let outcome = try await invocation.withQueries { try await hand(row, to: $0, for: invocation) }
        try report(outcome, row, invocation)
    }

    /// What became of a row.
    private struct Outcome: Sendable {
        /// The row, or the earlier one that stands in its place.
        var decided: InboxCommand?
        var picture: SessionPicture?
        /// The verdict of the command that was sent: of its row, or that it came a second time.
        var verdict: Verdict?
        var reason: String?
    }

    private func hand(
        _ row: InboxCommand,
        to queries: any SessionQueries,
        for invocation: Invocation
    ) async throws -> Outcome {
        var earlier: InboxCommand?
        do {
            try await queries.insert(row)
        } catch {
            guard case .duplicate = error, let found = try await queries.earlier(than: row) else { throw error }
            if found.idempotencyKey == row.idempotencyKey {
                earlier = found
            } else {
                try await queries.insert(row.behind(found))
            }
        }
        if invocation.has("no-wait"), earlier == nil { return Outcome() }
        let decided = try await Self.verdict(on: earlier?.id ?? row.id, from: queries)
        var outcome = Outcome(decided: decided, verdict: decided?.verdict, reason: decided?.errorMessage)
        if let earlier {
            let first = decided?.verdict.map { "its verdict is \($0.rawValue)" } ?? "it has no verdict yet"
            outcome.verdict = .duplicate
            outcome.reason = "the key `\(row.idempotencyKey)` is command \(earlier.id)'s; \(first)"
        }
        // A refused start leaves no session to show, and another tenant's is not the sender's to see.
        if outcome.verdict != nil, let picture = try? await SessionPicture.load(session, from: queries),
            picture.session.tenantID == row.tenantID
        {
            outcome.picture = picture
        }
        return outcome
    }

    /// The row once it has a verdict; as it is when the time is over.
    static func verdict(
        on id: MessageID,
        from queries: any SessionQueries,
        within limit: Interval = verdictLimit
    ) async throws -> InboxCommand? {
        let end = Surroundings.now() + limit
        while true {
            let row = try await queries.command(id)
            if row?.verdict != nil || Surroundings.now() >= end { return row }
            try await Task.sleep(for: .microseconds(pollInterval.microseconds))
        }
    }

    private func report(_ outcome: Outcome, _ row: InboxCommand, _ invocation: Invocation) throws {
        let output = invocation.surroundings.output
        let command = outcome.decided ?? row
        if invocation.has("json") {
            output.line(
                JSONValue.object([
                    "command": command.json, "verdict": JSONValue(outcome.verdict?.rawValue),
                    "reason": JSONValue(outcome.reason), "session": outcome.picture?.session.json ?? .null,
                ]).text
            )
        } else {
            output.line("session  \(session)")
            output.line("command  \(command.id)  \(Phrases.shortType(type))")
            if let verdict = outcome.verdict {
                output.line("verdict  \(verdict.rawValue)\(outcome.reason.map { ": \(Printable.text($0))" } ?? "")")
            }
            if let picture = outcome.picture {
                output.line("state    \(picture.stateLine)")
                for line in picture.waitLines(now: invocation.surroundings.now) { output.line(line) }
            }
        }
        if invocation.has("no-wait"), outcome.verdict == nil { return }
        guard let verdict = outcome.verdict else {
            throw CommandFailure.unavailable(
                "no verdict after \(Phrases.length(Self.verdictLimit)): the command is kept, but is a worker running?"
            )
        }
        if verdict.isRefusal { throw CommandFailure.notSo("the command was not carried out (\(verdict.rawValue))") }
        // Asked for once, carried out once: what the first one came to counts.
        if verdict == .duplicate, outcome.decided?.verdict?.isRefusal != false {
            throw CommandFailure.notSo("the command was not carried out the first time either")
        }
    }
}
