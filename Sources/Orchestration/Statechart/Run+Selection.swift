/// Which transitions an event enables.
extension Run {
    /// What an event found among the active nodes.
    struct Selection {
        var enabled: [PlannedTransition] = []
        /// Nodes that name the event but whose guards all said no, innermost first.
        var refusing: [Chart.NodeIndex] = []
    }

    /// The transitions for the event at hand: a node is asked only when nothing inside it takes the event (XState's
    /// rule; W3C would ask a parallel state once more for each region that has no answer of its own).
    mutating func select() throws(ChartFailure) -> Selection {
        var selection = Selection()
        let number = tree.number(of: event.type)
        if isActive(Chart.root) { _ = try select(in: Chart.root, for: number, into: &selection) }
        return selection
    }

    private mutating func select(
        in node: Chart.NodeIndex,
        for number: Int?,
        into selection: inout Selection
    ) throws(ChartFailure) -> Bool {
        var isTakenInside = false
        for child in tree.nodes[node].regions where isActive(child) {
            if try select(in: child, for: number, into: &selection) { isTakenInside = true }
        }
        if isTakenInside { return true }
        let candidates = tree.candidates(of: node, for: event.type, number: number)
        guard !candidates.isEmpty else { return false }
        guard let chosen = try first(of: candidates) else {
            selection.refusing.append(node)
            return false
        }
        selection.enabled.append(chosen)
        return true
    }

    /// The eventless transitions: for each atomic state the innermost that is enabled, each once.
    mutating func selectEventless() throws(ChartFailure) -> [PlannedTransition] {
        guard tree.hasEventless else { return [] }
        var enabled: [PlannedTransition] = []
        var asked: [Chart.NodeIndex: Bool] = [:]
        for atom in order where chart.isAtomic(atom) {
            var next: Chart.NodeIndex? = atom
            while let node = next {
                next = tree.shape.parent[node]
                guard !tree.nodes[node].always.isEmpty else { continue }
                if let isTaken = asked[node] {
                    if isTaken { break } else { continue }
                }
                let chosen = try first(of: tree.nodes[node].always)
                asked[node] = chosen != nil
                guard let chosen else { continue }
                enabled.append(chosen)
                break
            }
        }
        return enabled
    }

    /// The first transition whose guard holds.
    private mutating func first(of candidates: [PlannedTransition]) throws(ChartFailure) -> PlannedTransition? {
        for candidate in candidates {
            guard let condition = candidate.transition.guardCondition else { return candidate }
            if try holds(condition) { return candidate }
        }
        return nil
    }

    /// Of transitions that would leave the same states one is kept: the inner before the outer, else the earlier.
    func withoutConflicts(_ enabled: [PlannedTransition]) -> [PlannedTransition] {
        guard enabled.count > 1 else { return enabled }
        var kept: [(chosen: PlannedTransition, exits: Range<Chart.NodeIndex>)] = []
        for candidate in enabled {
            let exits = exitRange(of: candidate)
            let isRival = { (other: (chosen: PlannedTransition, exits: Range<Chart.NodeIndex>)) in
                // Two such ranges lie apart, or one in the other.
                active.hasMember(in: exits.clamped(to: other.exits))
                    || (other.exits.contains(candidate.source) && entersNodes(candidate))
                    || (exits.contains(other.chosen.source) && entersNodes(other.chosen))
            }
            var isPreempted = false
            var hasRivals = false
            for other in kept where isRival(other) {
                hasRivals = true
                isPreempted = isPreempted || !chart.isDescendant(candidate.source, of: other.chosen.source)
            }
            if isPreempted { continue }
            if hasRivals { kept.removeAll(where: isRival) }
            kept.append((candidate, exits))
        }
        return kept.map(\.chosen)
    }

    /// Whether taking the transition enters anything. One that stays in its own atomic state does not; any other must
    /// not be taken beside one that leaves its source, or it would fill a state that is no longer there. (XState takes
    /// both and rests in a configuration that no chart allows.)
    private func entersNodes(_ chosen: PlannedTransition) -> Bool {
        guard !chosen.isTargetless else { return false }
        let isAtHome = chosen.transition.targets.allSatisfy { $0 == chosen.source } && chart.isAtomic(chosen.source)
        return !isAtHome || chosen.transition.reenter
    }
}
