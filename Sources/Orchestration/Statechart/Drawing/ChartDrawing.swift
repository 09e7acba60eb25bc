/// What a picture of a chart shows, before it is written as Mermaid or SVG.
package struct ChartDrawing: Sendable {
    /// What a state is for.
    enum Mark: String, CaseIterable, Sendable {
        case plain, wait, task, incident, final, active
    }

    /// One arrow; several transitions between the same two states share it.
    struct Arrow: Sendable {
        /// Nil: from any state, for the machine's own transitions.
        var source: Chart.NodeIndex?
        var target: Chart.NodeIndex
        var labels: [String]
    }

    let chart: Chart
    /// Where a session is.
    var active: Set<Chart.NodeIndex> = []
    /// As the how-manieth of its states a session has entered a state, from 1.
    var path: [Chart.NodeIndex: [Int]] = [:]
    /// How many sessions are in a state.
    var counts: [Chart.NodeIndex: Int] = [:]
    private(set) var arrows: [Arrow] = []
    /// Transitions without an arrow: those without target, and those into the state's own inside.
    private(set) var inner: [Chart.NodeIndex: [String]] = [:]

    /// - Parameters:
    ///   - active: ids of states to be shown as active; ids that the chart does not have are left out.
    ///   - path: the states that a session has entered, one list for each of its steps.
    ///   - counts: sessions by state id.
    package init(_ chart: Chart, active: [String] = [], path: [[String]] = [], counts: [String: Int] = [:]) {
        self.chart = chart
        for node in chart.nodes {
            if active.contains(node.id) { self.active.insert(node.index) }
            if let count = counts[node.id], count > 0 { self.counts[node.index] = count }
            let steps = path.indices.filter { path[$0].contains(node.id) }
            if !steps.isEmpty { self.path[node.index] = steps.map { $0 + 1 } }
        }
        for node in chart.nodes { addTransitions(of: node) }
    }

    private mutating func addTransitions(of node: StateNode) {
        for on in node.on { add(on.transition, Self.short(on.descriptor), node) }
        for always in node.always { add(always, "always", node) }
        for after in node.after { add(after.transition, "after \(after.delay)", node) }
        for invocation in node.invoke {
            for done in invocation.onDone { add(done, "done", node) }
            for error in invocation.onError { add(error, "error", node) }
        }
        for done in node.onDone { add(done, "done", node) }
        for target in node.historyDefault { add(target, "default", node) }
    }

    private mutating func add(_ transition: Transition, _ event: String, _ node: StateNode) {
        let label = label(event, transition)
        if transition.targets.isEmpty { inner[node.index, default: []].append(label) }
        for target in transition.targets { add(target, label, node) }
    }

    /// The event with its guard.
    func label(_ event: String, _ transition: Transition) -> String {
        event + (transition.guardCondition.map { " [\(Self.text($0))]" } ?? "")
    }

    private mutating func add(_ target: Chart.NodeIndex, _ label: String, _ node: StateNode) {
        if node.index != Chart.root, chart.isDescendant(target, of: node.index) {
            inner[node.index, default: []].append("\(label) → \(chart.nodes[target].key)")
            return
        }
        let source = node.index == Chart.root ? nil : node.index
        if let known = arrows.firstIndex(where: { $0.source == source && $0.target == target }) {
            arrows[known].labels.append(label)
        } else {
            arrows.append(Arrow(source: source, target: target, labels: [label]))
        }
    }

    // MARK: Words

    /// The most steps of a session's path that a state shows.
    private static let stepsMax = 6
    /// The longest guard that is written out.
    private static let guardCharactersMax = 40

    /// Commands without what all commands begin with.
    static func short(_ event: String) -> String {
        let prefix = "Command.Genesis.Session."
        return event.hasPrefix(prefix) ? String(event.dropFirst(prefix.count)) : event
    }

    private static func text(_ condition: Guard) -> String {
        switch condition {
        case .program(let program):
            program.source.count > guardCharactersMax ? program.source.prefix(guardCharactersMax) + "…" : program.source
        case .and(let parts): parts.map(text).joined(separator: " and ")
        case .or(let parts): parts.map(text).joined(separator: " or ")
        case .not(let inner): "not " + text(inner)
        case .stateIn: "in state"
        case .always: "?"
        }
    }

    func mark(_ node: StateNode) -> Mark {
        if active.contains(node.index) { return .active }
        if node.kind == .final { return .final }
        if node.tags.contains("incident") { return .incident }
        if node.park != nil { return .wait }
        return node.invoke.isEmpty ? .plain : .task
    }

    /// The state's name, then what it waits for or starts, and how many sessions are there.
    func lines(_ node: StateNode) -> [String] {
        var lines = [node.key]
        switch node.kind {
        case .history(let isDeep): lines[0] = isDeep ? "H*" : "H"
        case .atomic, .compound, .parallel, .final: break
        }
        if let park = node.park { lines.append("waits, at most \(park.expires)") }
        for invocation in node.invoke { lines.append("task " + invocation.src) }
        return lines + figures(node)
    }

    /// What sessions have made of the state: when one entered it, how many are there.
    func figures(_ node: StateNode) -> [String] {
        var lines: [String] = []
        if let steps = path[node.index] {
            let shown = steps.prefix(Self.stepsMax).map { "\($0)" }.joined(separator: ", ")
            lines.append((steps.count == 1 ? "step " : "steps ") + shown + (steps.count > Self.stepsMax ? "…" : ""))
        }
        if let count = counts[node.index] { lines.append(count == 1 ? "1 session" : "\(count) sessions") }
        return lines
    }

    /// What a state's box says below its name about transitions that have no arrow.
    func innerLines(_ node: StateNode) -> [String] { inner[node.index] ?? [] }
}
