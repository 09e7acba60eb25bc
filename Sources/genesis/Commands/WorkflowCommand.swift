internal import Glibc
internal import Orchestration

enum WorkflowCommand {
    static let specification = CommandSpecification(
        name: "workflow",
        summary: "Workflow files and their versions: check, simulate, draw, explore, export, list, switch, migrate.",
        examples: ["genesis workflow check Workflows/genesis.yaml"],
        subcommands: [
            CommandSpecification(
                name: "check",
                summary: "Read workflow files and say what is wrong or doubtful; exit 1 when there are errors.",
                examples: ["genesis workflow check Workflows/genesis.yaml --json"],
                positionals: [.init(name: "FILE", summary: "Workflow files.", isRepeated: true)],
                options: [.json],
                run: check
            ),
            CommandSpecification(
                name: "simulate",
                summary: "Run a workflow by hand: JSON lines in, one JSON line out at the start and after each.",
                details: """
                    Input lines: {"type":"NAME","payload":{…}}, {"done":"ID","output":…}, {"error":"ID","error_data":…},
                    {"advance":"PT5S"} (a virtual clock that starts at 0).
                    """,
                examples: [#"echo '{"advance":"PT5S"}' | genesis workflow simulate Workflows/genesis.yaml"#],
                positionals: [.init(name: "FILE", summary: "A workflow file, or a bare machine configuration.")],
                options: [
                    .init(name: "lenient", summary: "Take unbound guards as true and unbound actions as nothing.")
                ],
                run: simulate
            ),
            WorkflowModelCheck.specification,
            WorkflowDiagram.specification,
            CommandSpecification(
                name: "export",
                summary: "Print the machine as a pure XState v5 configuration, for XState's own tools.",
                details: "Guards and actions are named; what the names stand for, and all jq, is left out.",
                examples: ["genesis workflow export Workflows/genesis.yaml --xstate > machine.json"],
                positionals: [.init(name: "FILE", summary: "A workflow file, or a bare machine configuration.")],
                options: [.init(name: "xstate", summary: "A machine configuration of XState v5, as JSON.")],
                run: export
            ),
            WorkflowVersions.list, WorkflowVersions.enable, WorkflowVersions.disable, WorkflowMigrate.specification,
            WorkflowReplayCheck.specification,
        ]
    )

    @Sendable private static func check(_ invocation: Invocation) throws {
        let reader = Wiring.workflowReader(lenient: false)
        var errors = 0
        for name in invocation.positionals["FILE"] ?? [] {
            let text = try TextFile.read(invocation.surroundings.absolute(name))
            let (_, findings) = reader.read(source: text, file: name)
            errors += findings.count { $0.severity == .error }
            for finding in findings {
                invocation.surroundings.output.line(
                    invocation.has("json") ? json(finding).text : Printable.text(finding.description)
                )
            }
            if findings.isEmpty, !invocation.has("json") { invocation.surroundings.output.line("\(name): no findings") }
        }
        if errors > 0 { throw CommandFailure.notSo("\(errors) \(errors == 1 ? "error" : "errors") found") }
    }

    private static func json(_ finding: WorkflowFinding) -> JSONValue {
        .object([
            "file": .string(finding.file), "line": .int(finding.place.line), "column": .int(finding.place.column),
            "severity": .string(finding.severity.rawValue), "rule": .string(finding.rule),
            "message": .string(finding.message), "hint": JSONValue(finding.hint),
        ])
    }

    /// The workflow of the argument `FILE`; its errors go to standard error.
    static func workflow(_ invocation: Invocation, lenient: Bool) throws -> Workflow {
        let name = try invocation.required("FILE")
        let text = try TextFile.read(invocation.surroundings.absolute(name))
        let (workflow, findings) = Wiring.workflowReader(lenient: lenient).read(source: text, file: name)
        if let workflow { return workflow }
        let errors = findings.filter { $0.severity == .error }
        for finding in errors { invocation.surroundings.errors.line(Printable.text(finding.description)) }
        throw CommandFailure.notSo("\(name) has \(errors.count) \(errors.count == 1 ? "error" : "errors")")
    }

    @Sendable private static func simulate(_ invocation: Invocation) throws {
        let workflow = try workflow(invocation, lenient: invocation.has("lenient"))
        var simulation = Simulation(chart: workflow.chart, expressions: workflow.expressions)
        invocation.surroundings.output.line(simulation.start().text)
        // A byte more than a text may have, so that a line that is too long is refused as such.
        var lines = InputLines(bytesMax: JSONLimits.record.bytesMax + 1)
        while let line = lines.next() {
            let answer: JSONValue
            do throws(JSONFault) {
                answer = simulation.line(try JSONText.parse(line))
            } catch {
                answer = simulation.reject("the line is not valid JSON: \(error)")
            }
            invocation.surroundings.output.line(answer.text)
        }
    }

    @Sendable private static func export(_ invocation: Invocation) throws {
        guard invocation.has("xstate") else { throw CommandFailure.usage("say what to export: --xstate") }
        _ = try workflow(invocation, lenient: true)
        let name = try invocation.required("FILE")
        let text = try TextFile.read(invocation.surroundings.absolute(name))
        invocation.surroundings.output.write(try Wiring.xstateMachine(source: text, file: name) + "\n")
    }
}
