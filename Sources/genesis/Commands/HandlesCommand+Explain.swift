internal import Orchestration

extension HandlesCommand {
    /// How many of the session's commands are looked at, newest first.
    static let explainedCommandsMax = 10_000

    static let explanation = CommandSpecification(
        name: "explain",
        summary: "Show everybody who wanted to end a wait, with verdicts, and who did.",
        examples: ["genesis handles explain 01234567-89ab-4cde-8f01-23456789abcd"],
        positionals: [.init(name: "ID", summary: "The handle's id.")],
        options: [.json],
        run: explain
    )

    @Sendable private static func explain(_ invocation: Invocation) async throws {
        let id = try invocation.identifier("ID", of: HandleKind.self)
        let explanation = try await invocation.withQueries { queries -> WaitExplanation in
            guard let handle = try await queries.handle(id) else {
                throw CommandFailure.notSo("there is no handle \(id)")
            }
            return WaitExplanation(
                handle: handle,
                commands: try await queries.commands(session: handle.sessionID, limit: explainedCommandsMax),
                events: try await queries.events(of: handle.sessionID)
            )
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
        if let winner = explanation.winner {
            output.line("The wait was ended by \(Phrases.shortType(winner.what)).")
        } else if handle.status.isOpen {
            output.line("Nobody has ended the wait yet.")
        }
    }
}
