/// The nodes that a microstep enters.
struct EntrySet {
    let chart: Chart
    let history: [Chart.NodeIndex: [Chart.NodeIndex]]
    private(set) var nodes: NodeSet
    /// Nodes that are entered by default, whose `initial` actions therefore run.
    private(set) var byDefault: NodeSet
    /// Nodes whose inside has been dealt with, so that a history that leads to itself comes to an end.
    private var expanded: NodeSet

    init(_ chart: Chart, history: [Chart.NodeIndex: [Chart.NodeIndex]]) {
        self.chart = chart
        self.history = history
        nodes = NodeSet(of: chart.nodes.count)
        byDefault = nodes
        expanded = nodes
    }

    /// Adds the initial configuration.
    mutating func addInitial() {
        addByDefault(Chart.root)
        addInside(of: Chart.root, domain: nil)
    }

    /// Adds what one transition enters.
    ///
    /// - Parameter domain: the domain by which its exit set was computed; what was left is what is filled again.
    mutating func add(
        _ enabled: PlannedTransition,
        domain: Chart.NodeIndex?,
        effectiveTargets: [Chart.NodeIndex]
    ) {
        let transition = enabled.transition
        guard !transition.targets.isEmpty else { return }
        for target in transition.targets {
            // A source that its own internal transition names stays active.
            let staysActive = target == enabled.source && target == domain && !transition.reenter
            if !chart.isHistory(target), !staysActive { addByDefault(target) }
            addInside(of: target, domain: domain)
        }
        for target in effectiveTargets {
            var ancestors = chart.ancestors(of: target, below: domain)
            if let domain, chart.isParallel(domain) { ancestors.append(domain) }
            addAncestors(ancestors, domain: domain)
        }
    }

    private mutating func addByDefault(_ node: Chart.NodeIndex) {
        nodes.insert(node)
        byDefault.insert(node)
    }

    /// Adds what must be active inside of a node that is entered.
    private mutating func addInside(of node: Chart.NodeIndex, domain: Chart.NodeIndex?) {
        guard !expanded.contains(node) else { return }
        expanded.insert(node)
        switch chart.nodes[node].kind {
        case .atomic, .final: break
        case .compound: addInitialChild(of: node, domain: domain)
        case .parallel:
            for region in chart.regions(of: node) where !isEntered(inside: region) {
                addByDefault(region)
                addInside(of: region, domain: domain)
            }
        case .history: addRemembered(by: node, domain: domain)
        }
    }

    private mutating func addInitialChild(of node: Chart.NodeIndex, domain: Chart.NodeIndex?) {
        let targets = chart.nodes[node].initial?.targets ?? []
        for target in targets {
            if !chart.isHistory(target) { addByDefault(target) }
            addInside(of: target, domain: domain)
        }
        for target in targets { addAncestors(chart.ancestors(of: target, below: node), domain: domain) }
    }

    private mutating func addRemembered(by node: Chart.NodeIndex, domain: Chart.NodeIndex?) {
        let parent = chart.nodes[node].parent
        let remembered = history[node]
        if remembered == nil, chart.nodes[node].historyDefault.isEmpty, let parent { byDefault.insert(parent) }
        let targets = remembered ?? chart.defaultTargets(ofHistory: node)
        for target in targets {
            if !chart.isHistory(target) { nodes.insert(target) }
            addInside(of: target, domain: domain)
        }
        for target in targets { addAncestors(chart.ancestors(of: target, below: parent), domain: domain) }
    }

    /// Adds ancestors that lie in the domain, and for parallel ones the regions that nothing else enters.
    private mutating func addAncestors(_ ancestors: [Chart.NodeIndex], domain: Chart.NodeIndex?) {
        for ancestor in ancestors {
            let isInside = chart.isDescendant(ancestor, of: domain)
            if isInside { nodes.insert(ancestor) }
            guard chart.isParallel(ancestor), isInside || ancestor == domain else { continue }
            // XState runs no `initial` actions of a region that is entered because its neighbour was named.
            for region in chart.regions(of: ancestor) where !isEntered(inside: region) {
                nodes.insert(region)
                addInside(of: region, domain: domain)
            }
        }
    }

    private func isEntered(inside region: Chart.NodeIndex) -> Bool {
        nodes.hasMember(in: chart.tree.inside(region))
    }
}
