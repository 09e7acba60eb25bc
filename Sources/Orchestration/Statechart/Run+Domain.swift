/// What a transition leaves.
extension Run {
    /// Where a transition leads now, and inside which node.
    func way(of chosen: PlannedTransition) -> PlannedTransition.Way {
        if let way = chosen.way { return way }
        let targets = effectiveTargets(of: chosen.transition)
        let domain = tree.shape.domain(of: chosen.transition, from: chosen.source, to: targets)
        return PlannedTransition.Way(targets: targets, domain: domain)
    }

    /// The targets with history nodes replaced by what they stand for now.
    func effectiveTargets(of transition: Transition) -> [Chart.NodeIndex] {
        var found: [Chart.NodeIndex] = []
        var seen: Set<Chart.NodeIndex> = []
        var open = Array(transition.targets.reversed())
        while let target = open.popLast() {
            guard seen.insert(target).inserted else { continue }
            if chart.isHistory(target) {
                open += (state.history[target] ?? tree.shape.defaultTargets(ofHistory: target)).reversed()
            } else {
                found.append(target)
            }
        }
        return found
    }

    /// Where the active nodes lie that a transition leaves; nowhere without a target.
    func exitRange(of chosen: PlannedTransition) -> Range<Chart.NodeIndex> {
        chosen.isTargetless ? 0..<0 : tree.inside(way(of: chosen).domain)
    }
}

extension Chart {
    /// Whether a history node that remembers nothing would lead to itself, over its `target` or its parent's `initial`.
    package func leadsToItself(history node: NodeIndex) -> Bool {
        guard isHistory(node) else { return false }
        var open = tree.shape.defaultTargets(ofHistory: node)
        var seen: Set<NodeIndex> = []
        while let next = open.popLast() {
            if next == node { return true }
            if isHistory(next), seen.insert(next).inserted { open += tree.shape.defaultTargets(ofHistory: next) }
        }
        return false
    }
}
