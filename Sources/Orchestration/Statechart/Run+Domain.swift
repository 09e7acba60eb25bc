/// What a transition leaves.
extension Run {
    /// The node inside which a transition changes things; nil when it leaves the root itself.
    func domain(of enabled: Enabled) -> Chart.NodeIndex? {
        let targets = effectiveTargets(of: enabled.transition)
        let source = enabled.source
        let isInside = targets.allSatisfy { $0 == source || chart.isDescendant($0, of: source) }
        if !enabled.transition.reenter, isInside { return source }
        if let common = chart.leastCommonAncestor(of: targets + [source]) { return common }
        return enabled.transition.reenter ? nil : Chart.root
    }

    /// The targets with history nodes replaced by what they stand for now.
    func effectiveTargets(of transition: Transition) -> [Chart.NodeIndex] {
        var found: [Chart.NodeIndex] = []
        var seen: Set<Chart.NodeIndex> = []
        var open = Array(transition.targets.reversed())
        while let target = open.popLast() {
            guard seen.insert(target).inserted else { continue }
            if chart.isHistory(target) {
                open += (state.history[target] ?? chart.defaultTargets(ofHistory: target)).reversed()
            } else {
                found.append(target)
            }
        }
        return found
    }

    /// The active nodes that a transition leaves; none without a target.
    func exitSet(of enabled: Enabled) -> Set<Chart.NodeIndex> {
        guard !enabled.transition.targets.isEmpty else { return [] }
        let domain = domain(of: enabled)
        return Set(active.filter { chart.isDescendant($0, of: domain) })
    }
}

extension Chart {
    /// Where a history node leads that remembers nothing.
    func defaultTargets(ofHistory node: NodeIndex) -> [NodeIndex] {
        let explicit = nodes[node].historyDefault
        guard explicit.isEmpty, let parent = nodes[node].parent else { return explicit }
        // A parallel parent has no initial state: all of its regions are meant.
        return nodes[parent].initial?.targets ?? (isParallel(parent) ? regions(of: parent) : [])
    }
}
