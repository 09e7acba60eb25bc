internal import Orchestration

extension HandlesCommand {
    /// How many of the session's commands are looked at, newest first.
    static let explainedCommandsMax = 10_000

    static let explanation = CommandSpecification(
        name: "explain",
        summary: "Show everybody who wanted to end a wait, with verdicts, and who did.",
        examples: ["genesis handles explain 01234567-89ab-4cde-8f01-23456789abcd"],
        positionals: [.init(name: "ID", summary: "The handle's id, or the correlation that replies to it name.")],
        options: [.json],
        run: explain
    )

    @Sendable private static func explain(_ invocation: Invocation) async throws {
        let name = try invocation.required("ID")
        let tenant = try Configuration(invocation).tenant
        let explanation = try await invocation.withQueries { queries -> WaitExplanation in
            let handle = try await find(name, tenant, queries)
            let commands = try await queries.commands(session: handle.sessionID, limit: explainedCommandsMax)
            let events = try await queries.events(of: handle.sessionID)
            var explanation = WaitExplanation(handle: handle, commands: commands, events: events)
            explanation.isCut = commands.count == explainedCommandsMax
            return explanation
        }
        let output = invocation.surroundings.output
        if invocation.has("json") { return output.line(explanation.json.text) }
        let handle = explanation.handle
        output.line("wait      \(handle.id)  \(handle.status.rawValue)  \(Printable.text(handle.taskName ?? ""))")
        output.line("answers   \(Printable.text(handle.correlationID))")
        var table = Table("", "TIME", "WHAT…", "VERDICT", "USER…", "MESSAGE?", "REASON…")
        for competitor in explanation.competitors {
            table.add(
                competitor.isWinner ? "→" : "",
                competitor.at.description,
                Phrases.shortType(competitor.what),
                competitor.verdict,
                competitor.userID ?? "–",
                competitor.message?.description ?? "–",
                competitor.reason ?? ""
            )
        }
        output.write(table.text(width: output.columns))
        if explanation.isCut {
            output.line("Only the newest \(explainedCommandsMax) of the session's commands were looked at.")
        }
        if let winner = explanation.winner {
            output.line("The wait was ended by \(Phrases.shortType(winner.what)).")
        } else if handle.status.isOpen {
            output.line("Nobody has ended the wait yet.")
        }
    }

    /// The handle of that id, else the newest wait of that correlation.
    private static func find(
        _ name: String,
        _ tenant: String,
        _ queries: any SessionQueries
    ) async throws -> ResumeHandle {
        if let id = HandleID(name), let handle = try await queries.handle(id) { return handle }
        if let handle = try await queries.handle(correlation: TenantKey(tenantID: tenant, key: name)) { return handle }
        let shown = Printable.text(name)
        throw CommandFailure.notSo("there is no handle \(shown), and no wait of tenant \(tenant) with that correlation")
    }
}
