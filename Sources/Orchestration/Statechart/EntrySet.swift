/// The nodes that a microstep enters.
struct EntrySet: Sendable {
    private(set) var nodes: NodeSet
    /// Nodes that are entered by default, whose `initial` actions therefore run.
    private(set) var byDefault: NodeSet
    /// Whether a history had its say, so that the next time may be different.
    private(set) var asksHistory = false
    /// Nodes whose inside has been dealt with, so that a history that leads to itself comes to an end.
    private var expanded: NodeSet

    /// An empty set for a chart of `count` nodes.
    init(of count: Int) {
        nodes = NodeSet(of: count)
        byDefault = nodes
        expanded = nodes
    }

    /// Adds what another transition enters. Two that are taken together change things in different places.
    mutating func add(_ other: EntrySet) {
        nodes.formUnion(other.nodes)
        byDefault.formUnion(other.byDefault)
    }

    /// Adds the initial configuration.
    mutating func addInitial(of shape: ChartShape, history: Remembered) {
        addByDefault(Chart.root)
        addInside(of: Chart.root, Surroundings(shape: shape, history: history, domain: nil))
    }

    /// Adds what one transition enters.
    ///
    /// - Parameter domain: the domain by which its exit set was computed; what was left is what is filled again.
    mutating func add(
        _ transition: Transition,
        from source: Chart.NodeIndex,
        to effectiveTargets: [Chart.NodeIndex],
        domain: Chart.NodeIndex?,
        in shape: ChartShape,
        history: Remembered
    ) {
        guard !transition.targets.isEmpty else { return }
        let around = Surroundings(shape: shape, history: history, domain: domain)
        for target in transition.targets {
            // A source that its own internal transition names stays active.
            let staysActive = target == source && target == domain && !transition.reenter
            if !shape.isHistory[target], !staysActive { addByDefault(target) }
            addInside(of: target, around)
        }
        for target in effectiveTargets {
            var ancestors = shape.ancestors(of: target, below: domain)
            if let domain, shape.kinds[domain] == .parallel { ancestors.append(domain) }
            addAncestors(ancestors, around)
        }
    }

    /// By history node: the nodes it remembers.
    typealias Remembered = [Chart.NodeIndex: [Chart.NodeIndex]]

    private struct Surroundings {
        let shape: ChartShape
        let history: Remembered
        let domain: Chart.NodeIndex?
    }

    private mutating func addByDefault(_ node: Chart.NodeIndex) {
        nodes.insert(node)
        byDefault.insert(node)
    }

    /// Adds what must be active inside of a node that is entered.
    private mutating func addInside(of node: Chart.NodeIndex, _ around: Surroundings) {
        guard !expanded.contains(node) else { return }
        expanded.insert(node)
        switch around.shape.kinds[node] {
        case .atomic, .final: break
        case .compound: addInitialChild(of: node, around)
        case .parallel:
            for region in around.shape.regions[node] where !isEntered(inside: region, around) {
                addByDefault(region)
                addInside(of: region, around)
            }
        case .history: addRemembered(by: node, around)
        }
    }

    private mutating func addInitialChild(of node: Chart.NodeIndex, _ around: Surroundings) {
        let targets = around.shape.initial[node] ?? []
        for target in targets {
            if !around.shape.isHistory[target] { addByDefault(target) }
            addInside(of: target, around)
        }
        for target in targets { addAncestors(around.shape.ancestors(of: target, below: node), around) }
    }

    private mutating func addRemembered(by node: Chart.NodeIndex, _ around: Surroundings) {
        asksHistory = true
        let shape = around.shape
        let parent = shape.parent[node]
        let remembered = around.history[node]
        if remembered == nil, shape.historyDefault[node].isEmpty, let parent { byDefault.insert(parent) }
        let targets = remembered ?? shape.defaultTargets(ofHistory: node)
        for target in targets {
            if !shape.isHistory[target] { nodes.insert(target) }
            addInside(of: target, around)
        }
        for target in targets { addAncestors(shape.ancestors(of: target, below: parent), around) }
    }

    /// Adds ancestors that lie in the domain, and for parallel ones the regions that nothing else enters.
    private mutating func addAncestors(_ ancestors: [Chart.NodeIndex], _ around: Surroundings) {
        for ancestor in ancestors {
            let isInside = around.shape.isDescendant(ancestor, of: around.domain)
            if isInside { nodes.insert(ancestor) }
            guard around.shape.kinds[ancestor] == .parallel, isInside || ancestor == around.domain else { continue }
            // XState runs no `initial` actions of a region that is entered because its neighbour was named.
            for region in around.shape.regions[ancestor] where !isEntered(inside: region, around) {
                nodes.insert(region)
                addInside(of: region, around)
            }
        }
    }

    private func isEntered(inside region: Chart.NodeIndex, _ around: Surroundings) -> Bool {
        nodes.hasMember(in: around.shape.inside(region))
    }
}
