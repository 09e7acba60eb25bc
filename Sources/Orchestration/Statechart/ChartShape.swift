/// Where nodes lie to one another, and where states lead that are entered. Those below a node are the ones behind it up to
/// `last`: the order of the document.
struct ChartShape: Sendable {
    let kinds: [StateNode.Kind]
    let parent: [Chart.NodeIndex?]
    /// The last node below each; the node itself if there is none.
    let last: [Chart.NodeIndex]
    let isHistory: [Bool]
    /// The children that can be active: all but the history nodes.
    let regions: [[Chart.NodeIndex]]
    /// The targets of each `initial`; nil where there is none.
    let initial: [[Chart.NodeIndex]?]
    let historyDefault: [[Chart.NodeIndex]]

    init(_ states: [StateNode]) {
        kinds = states.map(\.kind)
        parent = states.map(\.parent)
        let isHistory = states.map { if case .history = $0.kind { true } else { false } }
        self.isHistory = isHistory
        var last = Array(states.indices)
        for node in states.indices.reversed() {
            if let above = states[node].parent { last[above] = max(last[above], last[node]) }
        }
        self.last = last
        regions = states.map { $0.children.filter { !isHistory[$0] } }
        initial = states.map { $0.initial?.targets }
        historyDefault = states.map(\.historyDefault)
    }

    /// What lies inside of a node; of nil, which stands outside of the root, everything.
    func inside(_ node: Chart.NodeIndex?) -> Range<Chart.NodeIndex> {
        guard let node else { return kinds.indices }
        return node + 1..<last[node] + 1
    }

    func isDescendant(_ node: Chart.NodeIndex, of ancestor: Chart.NodeIndex?) -> Bool {
        inside(ancestor).contains(node)
    }

    /// The ancestors of `node` from the inside out, below `limit`; without a limit, up to and with the root.
    func ancestors(of node: Chart.NodeIndex, below limit: Chart.NodeIndex?) -> [Chart.NodeIndex] {
        var found: [Chart.NodeIndex] = []
        guard node != limit else { return found }
        var above = parent[node]
        while let current = above, current != limit {
            found.append(current)
            above = parent[current]
        }
        return found
    }

    /// Where a history node leads that remembers nothing.
    func defaultTargets(ofHistory node: Chart.NodeIndex) -> [Chart.NodeIndex] {
        guard historyDefault[node].isEmpty, let parent = parent[node] else { return historyDefault[node] }
        // A parallel parent has no initial state: all of its regions are meant.
        return initial[parent] ?? (kinds[parent] == .parallel ? regions[parent] : [])
    }

    /// The innermost node that is above all of `group`; nil when only the outside of the root is.
    func leastCommonAncestor(of group: [Chart.NodeIndex]) -> Chart.NodeIndex? {
        var above = group.first.flatMap { parent[$0] }
        while let candidate = above {
            if group.allSatisfy({ isDescendant($0, of: candidate) }) { return candidate }
            above = parent[candidate]
        }
        return nil
    }

    /// The node inside which a transition changes things; nil when it leaves the root itself.
    func domain(
        of transition: Transition,
        from source: Chart.NodeIndex,
        to targets: [Chart.NodeIndex]
    ) -> Chart.NodeIndex? {
        let isInside = targets.allSatisfy { $0 == source || isDescendant($0, of: source) }
        if !transition.reenter, isInside { return source }
        if let common = leastCommonAncestor(of: targets + [source]) { return common }
        return transition.reenter ? nil : Chart.root
    }
}
