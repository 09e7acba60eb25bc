internal import EmbeddedServices
internal import Glibc
internal import Orchestration

/// `genesis workflow diagram`.
enum WorkflowDiagram {
    enum Format: String, CaseIterable { case mermaid, svg }

    static let specification = CommandSpecification(
        name: "diagram",
        summary: "Draw a workflow: Mermaid text, or SVG where Graphviz is installed.",
        details: "Waits, tasks, incidents and final states have colours of their own.",
        examples: [
            "genesis workflow diagram Workflows/genesis.yaml",
            "genesis workflow diagram Workflows/genesis.yaml --format svg > genesis.svg",
        ],
        positionals: [.init(name: "FILE", summary: "A workflow file, or a bare machine configuration.")],
        options: [
            .init(name: "format", valueName: "FORMAT", summary: "mermaid (default) or svg."),
            .init(name: "session", valueName: "ID", summary: "Show where this session is."),
            .init(name: "live", summary: "Show how many live sessions are in each state."),
        ],
        run: run
    )

    @Sendable private static func run(_ invocation: Invocation) async throws {
        let format = try invocation.word("format", of: Format.self) ?? .mermaid
        let workflow = try WorkflowCommand.workflow(invocation, lenient: true)
        var active: [String] = []
        if let text = invocation.value("session") {
            guard let id = SessionID(text) else { throw CommandFailure.usage("`\(text)` is not the id of a session") }
            let session = try await invocation.withQueries { try await $0.session(id) }
            guard let session else { throw CommandFailure.notSo("there is no session \(id)") }
            guard session.workflowName == workflow.name else {
                throw CommandFailure.notSo("the session \(id) runs on the workflow \(session.workflowName)")
            }
            active = session.state["chart"]["configuration"].array?.compactMap(\.string) ?? []
        }
        var counts: [String: Int] = [:]
        if invocation.has("live") {
            counts = try await invocation.withQueries { try await $0.liveStates(workflow: workflow.name) }
        }
        let drawing = ChartDrawing(workflow.chart, active: active, counts: counts)
        switch format {
        case .mermaid: invocation.surroundings.output.write(drawing.mermaid)
        case .svg: invocation.surroundings.output.write(try svg(drawing.graphviz, invocation.surroundings))
        }
    }

    /// How long Graphviz may take.
    private static let secondsMax = 60

    private static func svg(_ text: String, _ surroundings: Surroundings) throws -> String {
        guard let dot = program("dot", surroundings.environment["PATH"] ?? "/usr/local/bin:/usr/bin:/bin") else {
            throw CommandFailure.unavailable(
                "SVG needs Graphviz, and there is no `dot` in PATH; install graphviz, or use --format mermaid"
            )
        }
        var template = Array("/tmp/genesis-diagram-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else { throw CommandFailure.unavailable("cannot make a folder in /tmp") }
        let folder = String(cString: made)
        let names = ["in.dot", "out.svg", "log"].map { FilePath.join(folder, $0) }
        defer {
            for name in names { unlink(name) }
            rmdir(folder)
        }
        try TextFile.replace(names[0], with: text)
        let process = try ChildProcess(
            [dot, "-Tsvg", "-o", names[1], names[0]],
            environment: surroundings.environment,
            logFile: names[2]
        )
        for _ in 0..<secondsMax * 100 where process.exitCode == nil { usleep(10_000) }
        guard process.exitCode == 0, TextFile.exists(names[1]) else {
            process.stop()
            let log = (try? TextFile.read(names[2])) ?? ""
            throw CommandFailure.notSo("Graphviz could not draw the workflow: \(Printable.text(log))")
        }
        return try TextFile.read(names[1])
    }

    private static func program(_ name: String, _ path: String) -> String? {
        path.split(separator: ":").map { FilePath.join(String($0), name) }.first { access($0, X_OK) == 0 }
    }
}
