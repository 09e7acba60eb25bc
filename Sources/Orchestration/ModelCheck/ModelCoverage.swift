/// What of a chart has come to pass: which states were entered, which replies taken, which waits ended by a reply.
///
/// The chart that is explored tells it itself: every state and every transition of an event says so with an `emit`, until
/// it has been seen once. What is known already would only make each decision dearer.
struct ModelCoverage {
    /// The types of what the chart has said of itself.
    private var seen: Set<String> = []
    private var answered: Set<String> = []
    /// How the first world came about in which a wait was open, by its state.
    private var waits: [String: [String]] = [:]

    private static let prefix = "modelcheck."
    private static func entry(_ node: StateNode) -> String { "\(prefix)entered.\(node.id)" }
    private static func reply(_ node: StateNode, _ descriptor: String) -> String {
        "\(prefix)taken.\(node.id) \(descriptor)"
    }

    /// The workflow with a chart that tells where it goes that is new.
    func instrumented(_ workflow: Workflow) -> Workflow {
        var workflow = workflow
        var nodes = workflow.chart.nodes
        for (index, node) in workflow.chart.nodes.enumerated() {
            if let news = news(Self.entry(node)) { nodes[index].entry.append(news) }
            for (position, answer) in node.on.enumerated() {
                guard let news = news(Self.reply(node, answer.descriptor)) else { continue }
                nodes[index].on[position].transition.actions.append(news)
            }
        }
        workflow.chart.nodes = nodes
        return workflow
    }

    private func news(_ type: String) -> Action? { seen.contains(type) ? nil : .emit(type: type, payload: nil) }

    /// Whether the commit told something new.
    mutating func note(_ commit: Commit) -> Bool {
        let known = seen.count
        for event in commit.events where event.eventType.hasPrefix(Self.prefix) {
            seen.insert(event.eventType)
        }
        noteAnswers(commit)
        return seen.count > known
    }

    private mutating func noteAnswers(_ commit: Commit) {
        for handle in commit.handles where handle.status == .resumed {
            if let name = handle.taskName { answered.insert(name) }
        }
    }

    /// The open waits of a world that no world had before.
    func newWaits(in world: ModelWorld) -> [String] {
        world.scope.handles.filter { $0.status == .waiting }.compactMap(\.taskName).filter { waits[$0] == nil }
    }

    mutating func arrived(at wait: String, _ trace: [String]) { waits[wait] = trace }

    /// What never happened. When not everything was looked into, that is only a warning.
    func findings(_ workflow: Workflow, isComplete: Bool) -> [ModelFinding] {
        let severity: WorkflowFinding.Severity = isComplete ? .error : .warning
        let bounded = isComplete ? "" : " within the bounds of this check"
        let hint = "if it needs a payload that is not tried, give one in the machine's `meta.modelcheck.payloads`"
        var findings: [ModelFinding] = []
        func add(_ rule: String, _ message: String, _ node: StateNode, _ trace: [String], hint: String?) {
            findings.append(
                ModelFinding(
                    severity: severity,
                    rule: rule,
                    message: message + bounded,
                    hint: hint,
                    place: node.place,
                    trace: trace
                )
            )
        }
        let nodes = workflow.chart.nodes
        for node in nodes where !workflow.chart.isHistory(node.index) && !seen.contains(Self.entry(node)) {
            // What lies inside of a state that is never entered needs no mention of its own.
            if let parent = node.parent, !seen.contains(Self.entry(nodes[parent])) { continue }
            add("never-entered", "`\(node.id)` is never entered", node, [], hint: hint)
        }
        for node in nodes where node.park != nil {
            guard let trace = waits[node.id] else { continue }
            let replies = node.on.map(\.descriptor).filter { $0 != SessionMessages.parkExpired }
            if !answered.contains(node.id) {
                add("wait-without-end", "no reply ever ends the wait `\(node.id)`", node, trace, hint: hint)
                continue
            }
            for reply in replies where !seen.contains(Self.reply(node, reply)) {
                add("reply-never-taken", "`\(node.id)` never takes its reply `\(reply)`", node, trace, hint: hint)
            }
        }
        return findings
    }
}
