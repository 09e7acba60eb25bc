internal import Orchestration

/// `genesis workflow modelcheck`.
enum WorkflowModelCheck {
    static let specification = CommandSpecification(
        name: "modelcheck",
        summary:
            "Try every order of results, failures, replies, deadlines and crashes; exit 1 when something is wrong.",
        details: """
            Explores small worlds of one session over the decisions that the worker makes, without a database, shortest
            histories first. Finds dead ends, waits that no reply ends, replies that are never taken, tasks that are
            started twice for one draft, states that are never entered and eventless steps that go round in circles,
            each with the shortest history that shows it. Payloads are made from schemas and guards; the machine's
            `meta.modelcheck: { payloads: { TYPE: [ … ] }, outputs: { ACTOR: [ … ] } }` gives others.

            What goes wrong is bounded, and the output says by how much: a reply too early or too late, an answer too late,
            a failed attempt, a pause, an input that a paused session keeps, and going elsewhere while an early reply is
            kept each count as one. Limits that pass are no such thing: all of them are tried.
            """,
        examples: [
            "genesis workflow modelcheck Workflows/genesis.yaml",
            "genesis workflow modelcheck Workflows/genesis.yaml --disturbances 2 --json",
        ],
        positionals: [.init(name: "FILE", summary: "A workflow file.")],
        options: [
            .json,
            .init(name: "depth", valueName: "N", summary: "The longest history, in messages (default 80)."),
            .init(
                name: "disturbances",
                valueName: "N",
                summary: "How much may go wrong in one history: too early, too late, failed, paused (default 1)."
            ),
            .init(name: "worlds", valueName: "N", summary: "The most worlds to look into (default 20000)."),
            .init(name: "seconds", valueName: "N", summary: "The longest that it may take (default 60)."),
        ],
        run: run
    )

    @Sendable private static func run(_ invocation: Invocation) throws {
        let workflow = try WorkflowCommand.workflow(invocation, lenient: false)
        var bounds = ModelBounds()
        bounds.depth = try invocation.integer("depth", in: 1...10_000) ?? bounds.depth
        bounds.disturbances = try invocation.integer("disturbances", in: 0...10) ?? bounds.disturbances
        bounds.worlds = try invocation.integer("worlds", in: 1...10_000_000) ?? bounds.worlds
        let seconds = try invocation.integer("seconds", in: 1...86_400) ?? secondsDefault
        let end = ContinuousClock.now + .seconds(seconds)
        let report = ModelCheck.run(workflow, bounds: bounds) { ContinuousClock.now >= end }
        let file = try invocation.required("FILE")
        if invocation.has("json") {
            invocation.surroundings.output.line(json(report, bounds, file: file).text)
        } else {
            invocation.surroundings.output.write(Printable.text(text(report, bounds, file: file), keepingLines: true))
        }
        let errors = report.findings.count { $0.severity == .error }
        if errors > 0 { throw CommandFailure.notSo("\(errors) \(errors == 1 ? "fault" : "faults") found") }
    }

    /// A program that uses up its time in every world would make it go on for hours.
    private static let secondsDefault = 60

    private static func text(_ report: ModelReport, _ bounds: ModelBounds, file: String) -> String {
        var lines: [String] = []
        for finding in report.findings {
            let hint = finding.hint.map { " (\($0))" } ?? ""
            lines.append(
                "\(file):\(finding.place): \(finding.severity.rawValue): \(finding.message)\(hint) [\(finding.rule)]"
            )
            for (index, step) in finding.trace.enumerated() { lines.append("    \(index + 1). \(step)") }
        }
        let ends = report.ends.sorted { $0.key.rawValue < $1.key.rawValue }.map { "\($0.value) \($0.key.rawValue)" }
        let ended = ends.isEmpty ? "none has ended" : "ended: " + ends.joined(separator: ", ")
        lines.append(
            "\(file): \(report.worlds) worlds, \(report.decisions) decisions (\(report.repeated) of them made twice), histories of up to \(report.depth) messages; \(ended)"
        )
        if !report.isComplete {
            lines.append("\(file): not everything was looked into; raise --depth, --worlds or --seconds for more")
        }
        let things = bounds.disturbances == 1 ? "1 thing" : "\(bounds.disturbances) things"
        var bound = "\(file): up to \(things) went wrong in one history (--disturbances)"
        if report.keptElsewhere > 0 {
            bound += "; \(report.keptElsewhere) ways elsewhere with an early reply kept were not followed"
        }
        lines.append(bound)
        if report.findings.isEmpty { lines.append("\(file): nothing is wrong") }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func json(_ report: ModelReport, _ bounds: ModelBounds, file: String) -> JSONValue {
        [
            "file": .string(file), "worlds": .int(report.worlds), "decisions": .int(report.decisions),
            "repeated": .int(report.repeated),
            "depth": .int(report.depth), "complete": .bool(report.isComplete),
            "disturbances": .int(bounds.disturbances), "kept_elsewhere": .int(report.keptElsewhere),
            "ends": .object(JSONObject(report.ends.map { ($0.key.rawValue, .int($0.value)) })),
            "findings": .array(
                report.findings.map { finding in
                    [
                        "severity": .string(finding.severity.rawValue), "rule": .string(finding.rule),
                        "message": .string(finding.message), "hint": JSONValue(finding.hint),
                        "line": .int(finding.place.line), "column": .int(finding.place.column),
                        "trace": .array(finding.trace.map { .string($0) }),
                    ]
                }
            ),
        ]
    }
}
