import Orchestration

/// A second interpreter, slow and obvious: the procedures of the SCXML recommendation's appendix D over sets of states,
/// with XState's answers where they differ (each marked `XState:`). It shares no code with the one under test.
struct SlowInterpreter {
    typealias Node = Int

    struct Sent: Equatable {
        var type: String
        var data: JSONValue
    }

    struct Timer: Equatable {
        var event: String
        var id: String
        var due: Int64
        var order: Int
        var node: Node?
    }

    struct Endless: Error {}

    let chart: Chart
    let stepsMax: Int
    /// By node: from the inside out, and in document order.
    private var ancestors: [[Node]] = []
    private var allChildren: [[Node]] = []

    /// In the order in which states were entered.
    var configuration: [Node] = []
    var context: JSONValue
    var historyValue: [Node: Set<Node>] = [:]
    var internalQueue: [Sent] = []
    var timers: [Timer] = []
    var timerCount = 0
    var running: [String: Node] = [:]
    var visits: [Node: Int] = [:]
    var status = "active"
    var current = Sent(type: "xstate.init", data: .null)
    var now: Int64 = 0
    var log: [String] = []
    var started: Set<String> = []
    var steps = 0
    var isSnapshotNew = false

    init(_ chart: Chart, stepsMax: Int) {
        self.chart = chart
        self.stepsMax = stepsMax
        context = chart.context
        allChildren = chart.nodes.indices.map { node in chart.nodes.indices.filter { chart.nodes[$0].parent == node } }
        for node in chart.nodes.indices {
            // A child's index is greater than its parent's.
            ancestors.append(chart.nodes[node].parent.map { [$0] + ancestors[$0] } ?? [])
        }
    }

    // MARK: The tree

    func parent(_ node: Node) -> Node? { chart.nodes[node].parent }
    func isHistory(_ node: Node) -> Bool { if case .history = chart.nodes[node].kind { true } else { false } }
    func isCompound(_ node: Node) -> Bool { chart.nodes[node].kind == .compound }
    func isParallel(_ node: Node) -> Bool { chart.nodes[node].kind == .parallel }
    func isFinal(_ node: Node) -> Bool { chart.nodes[node].kind == .final }
    func isAtomic(_ node: Node) -> Bool { chart.nodes[node].kind == .atomic || isFinal(node) }

    func children(_ node: Node) -> [Node] { allChildren[node].filter { !isHistory($0) } }

    /// getProperAncestors(state1, state2)
    func properAncestors(_ node: Node, upTo limit: Node?) -> [Node] {
        if node == limit { return [] }
        return Array(ancestors[node].prefix { $0 != limit })
    }

    func isDescendant(_ node: Node, _ ancestor: Node?) -> Bool {
        guard let ancestor else { return true }
        return ancestors[node].contains(ancestor)
    }

    func isActive(_ node: Node) -> Bool { configuration.contains(node) }

    /// isInFinalState
    func isInFinalState(_ node: Node) -> Bool {
        if isCompound(node) { return children(node).contains { isFinal($0) && isActive($0) } }
        if isParallel(node) { return children(node).allSatisfy { isInFinalState($0) } }
        return isFinal(node)
    }

    // MARK: Told from outside

    mutating func start() throws {
        var toEnter: Set<Node> = [0]
        var byDefault: Set<Node> = [0]
        addDescendants(0, nil, &toEnter, &byDefault)
        try enter(toEnter, byDefault)
        try mainLoop()
    }

    /// True when a transition was taken.
    mutating func tell(_ event: Sent, isError: Bool = false) throws -> Bool {
        log = []
        started = []
        steps = 0
        current = event
        let enabled = selectTransitions(event)
        if enabled.isEmpty, isError {
            status = "error"
            stopAll()
            return false
        }
        if !enabled.isEmpty { try microstep(removeConflicting(enabled)) }
        // XState: eventless transitions are asked about an event, too, that nothing else takes.
        try mainLoop()
        return steps > 0
    }

    private mutating func mainLoop() throws {
        // XState: after an eventless transition that changed nothing, events go first.
        var asksEventless = true
        while status == "active" {
            let eventless = asksEventless ? removeConflicting(selectEventless()) : []
            if !eventless.isEmpty {
                try microstep(eventless)
                asksEventless = isSnapshotNew
                continue
            }
            if internalQueue.isEmpty { return }
            current = internalQueue.removeFirst()
            asksEventless = true
            let enabled = removeConflicting(selectTransitions(current))
            if !enabled.isEmpty { try microstep(enabled) }
        }
    }

    // MARK: Selection

    typealias Enabled = (source: Node, transition: Transition)

    /// XState: a state is asked only when nothing inside of it answers.
    private func selectTransitions(_ event: Sent) -> [Enabled] {
        func ask(_ node: Node) -> [Enabled] {
            let inner = children(node).filter { isActive($0) }.flatMap { ask($0) }
            if !inner.isEmpty { return inner }
            return matching(node, event.type).first { holds($0.guardCondition, event) }.map { [(node, $0)] } ?? []
        }
        return isActive(0) ? ask(0) : []
    }

    /// XState: the exact name, else wildcards, the longest first.
    private func matching(_ node: Node, _ type: String) -> [Transition] {
        let state = chart.nodes[node]
        var byName: [(String, [Transition])] = []
        func add(_ name: String, _ transitions: [Transition], replacing: Bool) {
            if let place = byName.firstIndex(where: { $0.0 == name }) {
                byName[place].1 = replacing ? transitions : byName[place].1 + transitions
            } else {
                byName.append((name, transitions))
            }
        }
        for entry in state.on { add(entry.descriptor, [entry.transition], replacing: false) }
        if !state.onDone.isEmpty { add("xstate.done.state.\(state.id)", state.onDone, replacing: true) }
        for invoke in state.invoke {
            if !invoke.onDone.isEmpty { add("xstate.done.actor.\(invoke.id)", invoke.onDone, replacing: true) }
            if !invoke.onError.isEmpty { add("xstate.error.actor.\(invoke.id)", invoke.onError, replacing: true) }
        }
        for after in state.after { add("xstate.after.\(after.name).\(state.id)", [after.transition], replacing: false) }
        if let exact = byName.first(where: { $0.0 == type }) { return exact.1 }
        let words = type.split(separator: ".", omittingEmptySubsequences: false)
        let wild = byName.filter { name, _ in
            if name == "*" { return true }
            guard name.hasSuffix(".*") else { return false }
            let stem = name.dropLast(2).split(separator: ".", omittingEmptySubsequences: false)
            return Array(words.prefix(stem.count)) == stem
        }
        var sorted: [(String, [Transition])] = []
        for entry in wild {
            let place = sorted.firstIndex { $0.0.utf16.count < entry.0.utf16.count } ?? sorted.count
            sorted.insert(entry, at: place)
        }
        return sorted.flatMap(\.1)
    }

    /// XState: atomic states in the order in which they were entered.
    private func selectEventless() -> [Enabled] {
        var found: [(Enabled, Int)] = []
        for atom in configuration where isAtomic(atom) {
            search: for node in [atom] + properAncestors(atom, upTo: nil) {
                for (place, transition) in chart.nodes[node].always.enumerated()
                where holds(transition.guardCondition, current) {
                    if !found.contains(where: { $0.0.source == node && $0.1 == place }) {
                        found.append(((node, transition), place))
                    }
                    break search
                }
            }
        }
        return found.map(\.0)
    }

    private func holds(_ condition: Orchestration.Guard?, _ event: Sent) -> Bool {
        switch condition {
        case nil, .always: return true
        case .and(let parts): return parts.allSatisfy { holds($0, event) }
        case .or(let parts): return parts.contains { holds($0, event) }
        case .not(let inner): return !holds(inner, event)
        case .stateIn(let nodes): return nodes.allSatisfy { isActive($0) }
        case .program(let program):
            // The random charts know one guard.
            precondition(program.source == ".context.n == 1")
            return context["n"] == 1
        }
    }

    /// removeConflictingTransitions
    private func removeConflicting(_ enabled: [Enabled]) -> [Enabled] {
        var kept: [Enabled] = []
        for first in enabled {
            var isPreempted = false
            var toRemove: [Int] = []
            for (place, second) in kept.enumerated() where conflict(first, second) {
                if isDescendant(first.source, second.source) {
                    toRemove.append(place)
                } else {
                    isPreempted = true
                    break
                }
            }
            if !isPreempted {
                for place in toRemove.reversed() { kept.remove(at: place) }
                kept.append(first)
            }
        }
        return kept
    }

    private func conflict(_ first: Enabled, _ second: Enabled) -> Bool {
        if !exitSet(first).isDisjoint(with: exitSet(second)) { return true }
        // Ours: one that enters something goes not beside one that leaves its source.
        func enters(_ one: Enabled) -> Bool {
            guard !one.transition.targets.isEmpty else { return false }
            let isHome = one.transition.targets.allSatisfy { $0 == one.source } && isAtomic(one.source)
            return !isHome || one.transition.reenter
        }
        return enters(first) && exitSet(second).contains(first.source)
            || enters(second) && exitSet(first).contains(second.source)
    }
}
