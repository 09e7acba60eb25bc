internal import Orchestration

/// `genesis workflow replay-check`.
enum WorkflowReplayCheck {
    static let specification = CommandSpecification(
        name: "replay-check",
        summary: "Play the recorded inputs of sessions through a new version, and list what it decides differently.",
        details: """
            Every session is played twice from its recorded inputs, by the version it started with and by the new one;
            nothing is written. The first difference of a session counts, later ones follow from it. Exit 1 when there
            is a difference.
            """,
        examples: [
            "genesis workflow replay-check Workflows/genesis.yaml",
            "genesis workflow replay-check Workflows/genesis.yaml --from genesis@1.0.0 --json",
        ],
        positionals: [
            .init(name: "NEW", summary: "The new version: a file, NAME@VERSION or the beginning of its hash.")
        ],
        options: [
            .json,
            .init(name: "from", valueName: "OLD", summary: "Only sessions that started with this version."),
            .init(name: "limit", valueName: "N", summary: "The newest N sessions (default 1000)."),
        ],
        run: run
    )

    private static let limitDefault = 1_000

    private struct Finding {
        var session: SessionID
        var differences: [SessionReplay.Difference]
    }

    private struct Outcome {
        var played = 0
        var findings: [Finding] = []
        /// Sessions that cannot be played, with the reason.
        var skipped: [(SessionID, String)] = []
    }

    @Sendable private static func run(_ invocation: Invocation) async throws {
        let configuration = try Configuration(invocation)
        let limit = try invocation.integer("limit", in: 1...Invocation.limitMax) ?? limitDefault
        let outcome = try await invocation.withQueries { queries in
            try await play(invocation, configuration, queries, limit: limit)
        }
        report(outcome, invocation)
        let count = outcome.findings.count
        if count > 0 {
            throw CommandFailure.notSo("\(count) \(count == 1 ? "session is" : "sessions are") decided differently")
        }
    }

    private static func play(
        _ invocation: Invocation,
        _ configuration: Configuration,
        _ queries: any SessionQueries,
        limit: Int
    ) async throws -> Outcome {
        let entries = try await WorkflowVersions.entries(configuration, queries)
        let new = try await WorkflowVersions.workflow(try invocation.required("NEW"), entries, queries, invocation)
        let from = try invocation.value("from").map { try WorkflowVersions.find($0, in: entries).hash }
        var known: [String: Workflow] = [:]
        var outcome = Outcome()
        for session in try await queries.sessions(status: nil, user: nil, limit: limit)
        where session.workflowName == new.name {
            let record = SessionRecord(
                session: session,
                events: try await queries.events(of: session.id),
                commands: try await queries.commands(session: session.id, limit: Invocation.limitMax).reversed(),
                tasks: try await queries.tasks(session: session.id, status: nil, limit: Invocation.limitMax)
            )
            guard let hash = record.startedWith, from == nil || from == hash else { continue }
            if known[hash] == nil, entries.contains(where: { $0.hash == hash }) {
                known[hash] = try await WorkflowVersions.workflow(hash, entries, queries, invocation)
            }
            guard let old = known[hash] else {
                outcome.skipped.append((session.id, "its definition \(WorkflowVersions.short(hash)) is not kept"))
                continue
            }
            let differences = SessionReplay.differences(record, from: old, to: new)
            outcome.played += 1
            if !differences.isEmpty { outcome.findings.append(Finding(session: session.id, differences: differences)) }
        }
        return outcome
    }

    private static func report(_ outcome: Outcome, _ invocation: Invocation) {
        let output = invocation.surroundings.output
        if invocation.has("json") {
            for finding in outcome.findings {
                for difference in finding.differences { output.line(json(finding.session, difference).text) }
            }
            let sum: JSONObject = [
                "played": .int(outcome.played), "different": .int(outcome.findings.count),
                "skipped": .array(outcome.skipped.map { ["session_id": JSONValue($0.0), "reason": .string($0.1)] }),
            ]
            return output.line(JSONValue.object(sum).text)
        }
        for finding in outcome.findings {
            guard let first = finding.differences.first else { continue }
            output.line(Printable.text("\(finding.session), input \(first.number): \(first.old.input)"))
            output.line(Printable.text("  old: \(words(first.old))"))
            output.line(Printable.text("  new: \(words(first.new))"))
            let more = finding.differences.count - 1
            if more > 0 { output.line("  and \(more) later, which may follow from it") }
        }
        for (session, reason) in outcome.skipped { output.line(Printable.text("\(session): not played, \(reason)")) }
        output.line("\(outcome.played) sessions played, \(outcome.findings.count) decided differently")
    }

    private static func words(_ decision: SessionReplay.Decision) -> String {
        let verdict = decision.verdict.map { "\($0), " } ?? ""
        let events = decision.events.isEmpty ? "" : " (\(decision.events.joined(separator: ", ")))"
        return "\(verdict)\(decision.status) in \(decision.states.joined(separator: ", "))\(events)"
    }

    private static func json(_ session: SessionID, _ difference: SessionReplay.Difference) -> JSONValue {
        [
            "session_id": JSONValue(session), "input": .int(difference.number), "type": .string(difference.old.input),
            "old": json(difference.old), "new": json(difference.new),
        ]
    }

    private static func json(_ decision: SessionReplay.Decision) -> JSONValue {
        [
            "verdict": JSONValue(decision.verdict), "status": .string(decision.status),
            "states": .array(decision.states.map { .string($0) }),
            "events": .array(decision.events.map { .string($0) }),
        ]
    }
}
