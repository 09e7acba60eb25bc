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
        for atom in order where tree.nodes[atom].isAtomic {
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
        if lieApart(enabled) { return enabled }
        var kept: [Contender] = []
        for chosen in enabled {
            let candidate = Contender(chosen: chosen, exits: exitRange(of: chosen), enters: entersNodes(chosen))
            var isPreempted = false
            var hasRivals = false
            for other in kept where isRival(candidate, other) {
                hasRivals = true
                isPreempted = isPreempted || !tree.shape.isDescendant(chosen.source, of: other.chosen.source)
            }
            if isPreempted { continue }
            if hasRivals { kept = kept.filter { !isRival(candidate, $0) } }
            kept.append(candidate)
        }
        return kept.map(\.chosen)
    }

    /// Whether each transition, and all that it leaves, stands in the document behind those before it: then none of them
    /// has a rival. So it is with the regions of a parallel state, which need not be compared each with each.
    private func lieApart(_ enabled: [PlannedTransition]) -> Bool {
        var reach = 0
        for chosen in enabled {
            let exits = exitRange(of: chosen)
            let isBehind = chosen.source >= reach && (exits.isEmpty || exits.lowerBound >= reach)
            if !isBehind { return false }
            reach = max(reach, chosen.source + 1, exits.upperBound)
        }
        return true
    }

    /// A transition that would be taken, where the nodes lie that it leaves, and whether it enters any.
    private struct Contender {
        let chosen: PlannedTransition
        let exits: Range<Chart.NodeIndex>
        let enters: Bool
    }

    private func isRival(_ candidate: Contender, _ other: Contender) -> Bool {
        // Two such ranges lie apart, or one in the other.
        active.hasMember(in: candidate.exits.clamped(to: other.exits))
            || (other.exits.contains(candidate.chosen.source) && candidate.enters)
            || (candidate.exits.contains(other.chosen.source) && other.enters)
    }

    /// Whether taking the transition enters anything. One that stays in its own atomic state does not; any other must
    /// not be taken beside one that leaves its source, or it would fill a state that is no longer there. (XState takes
    /// both and rests in a configuration that no chart allows.)
    private func entersNodes(_ chosen: PlannedTransition) -> Bool {
        guard !chosen.isTargetless else { return false }
        let source = chosen.source
        let isAtHome = tree.nodes[source].isAtomic && chosen.transition.targets.allSatisfy { $0 == source }
        return !isAtHome || chosen.transition.reenter
    }
}
