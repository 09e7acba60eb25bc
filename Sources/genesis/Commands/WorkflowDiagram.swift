internal import Orchestration

/// `genesis workflow diagram`.
enum WorkflowDiagram {
    enum Format: String, CaseIterable { case mermaid, svg }

    static let specification = CommandSpecification(
        name: "diagram",
        summary: "Draw a workflow: Mermaid text, or an SVG picture.",
        details: """
            Waits, tasks, incidents and final states have colours of their own, and in SVG so have results, failures,
            deadlines and commands. With a session, states tell as the how-manieth they were entered.
            """,
        examples: [
            "genesis workflow diagram Workflows/genesis.yaml",
            "genesis workflow diagram Workflows/genesis.yaml --format svg > genesis.svg",
        ],
        positionals: [.init(name: "FILE", summary: "A workflow file, or a bare machine configuration.")],
        options: [
            .init(name: "format", valueName: "FORMAT", summary: "mermaid (default) or svg."),
            .init(name: "session", valueName: "ID", summary: "Show the path of this session and where it is."),
            .init(name: "live", summary: "Show how many live sessions are in each state."),
        ],
        run: run
    )

    @Sendable private static func run(_ invocation: Invocation) async throws {
        let format = try invocation.word("format", of: Format.self) ?? .mermaid
        let workflow = try WorkflowCommand.workflow(invocation, lenient: true)
        var active: [String] = []
        var path: [[String]] = []
        if let text = invocation.value("session") {
            guard let id = SessionID(text) else { throw CommandFailure.usage("`\(text)` is not the id of a session") }
            let (session, events) = try await invocation.withQueries {
                (try await $0.session(id), try await $0.events(of: id))
            }
            guard let session else { throw CommandFailure.notSo("there is no session \(id)") }
            guard session.workflowName == workflow.name else {
                throw CommandFailure.notSo("the session \(id) runs on the workflow \(session.workflowName)")
            }
            active = session.state["chart"]["configuration"].array?.compactMap(\.string) ?? []
            path = self.path(of: events, root: workflow.chart.id)
        }
        var counts: [String: Int] = [:]
        if invocation.has("live") {
            counts = try await invocation.withQueries { try await $0.liveStates(workflow: workflow.name) }
        }
        let drawing = ChartDrawing(workflow.chart, active: active, path: path, counts: counts)
        switch format {
        case .mermaid: invocation.surroundings.output.write(drawing.mermaid)
        case .svg: invocation.surroundings.output.write(drawing.svg)
        }
    }

    /// What a session has entered with each of its steps, by the states in its events.
    private static func path(of events: [DomainEvent], root: String) -> [[String]] {
        var path: [[String]] = []
        var image = JSONObject()
        var before: Set<String> = [root]
        for event in events {
            guard let change = event.stateChange.object else { continue }
            image = image.applying(change)
            let ids = image["state"]?["chart"]["configuration"].array?.compactMap(\.string) ?? []
            let entered = ids.filter { !before.contains($0) }
            if !entered.isEmpty { path.append(entered) }
            before = Set(ids).union([root])
        }
        return path
    }
}
