/// Which transitions an event enables.
extension Run {
    /// What an event found among the active nodes.
    struct Selection {
        var enabled: [Enabled] = []
        /// Nodes that name the event but whose guards all said no, innermost first.
        var refusing: [Chart.NodeIndex] = []
    }

    /// The transitions for `event`: a node is asked only when nothing inside it takes the event (XState's rule;
    /// W3C would ask a parallel state once more for each region that has no answer of its own).
    func select(for event: Event) throws(ChartFailure) -> Selection {
        var selection = Selection()
        if isActive(Chart.root) { _ = try select(in: Chart.root, for: event, into: &selection) }
        return selection
    }

    private func select(
        in node: Chart.NodeIndex,
        for event: Event,
        into selection: inout Selection
    ) throws(ChartFailure) -> Bool {
        var isTakenInside = false
        for child in chart.nodes[node].children where isActive(child) {
            if try select(in: child, for: event, into: &selection) { isTakenInside = true }
        }
        if isTakenInside { return true }
        let candidates = chart.nodes[node].candidates(for: event.type)
        guard !candidates.isEmpty else { return false }
        guard let chosen = try first(of: candidates, event: event) else {
            selection.refusing.append(node)
            return false
        }
        selection.enabled.append(Enabled(source: node, transition: candidates[chosen]))
        return true
    }

    /// The eventless transitions: for each atomic state the innermost that is enabled, each once.
    func selectEventless() throws(ChartFailure) -> [Enabled] {
        var enabled: [Enabled] = []
        var asked: [Chart.NodeIndex: Bool] = [:]
        for atom in active where chart.isAtomic(atom) {
            for node in [atom] + chart.ancestors(of: atom) where !chart.nodes[node].always.isEmpty {
                if let isTaken = asked[node] {
                    if isTaken { break } else { continue }
                }
                let chosen = try first(of: chart.nodes[node].always, event: event)
                asked[node] = chosen != nil
                guard let chosen else { continue }
                enabled.append(Enabled(source: node, transition: chart.nodes[node].always[chosen]))
                break
            }
        }
        return enabled
    }

    /// Where the first transition stands whose guard holds.
    private func first(of candidates: [Transition], event: Event) throws(ChartFailure) -> Int? {
        for (position, candidate) in candidates.enumerated() {
            guard let condition = candidate.guardCondition else { return position }
            if try holds(condition, event: event) { return position }
        }
        return nil
    }

    /// Of transitions that would leave the same states one is kept: the inner before the outer, else the earlier.
    func withoutConflicts(_ enabled: [Enabled]) -> [Enabled] {
        guard enabled.count > 1 else { return enabled }
        var kept: [(enabled: Enabled, exits: Set<Chart.NodeIndex>)] = []
        for candidate in enabled {
            let exits = exitSet(of: candidate)
            let isRival = { (other: (enabled: Enabled, exits: Set<Chart.NodeIndex>)) in
                !other.exits.isDisjoint(with: exits)
                    || (entersNodes(candidate) && other.exits.contains(candidate.source))
                    || (entersNodes(other.enabled) && exits.contains(other.enabled.source))
            }
            let rivals = kept.filter(isRival)
            guard rivals.allSatisfy({ chart.isDescendant(candidate.source, of: $0.enabled.source) }) else { continue }
            kept.removeAll(where: isRival)
            kept.append((candidate, exits))
        }
        return kept.map(\.enabled)
    }

    /// Whether taking the transition enters anything. One that stays in its own atomic state does not; any other must
    /// not be taken beside one that leaves its source, or it would fill a state that is no longer there. (XState takes
    /// both and rests in a configuration that no chart allows.)
    private func entersNodes(_ enabled: Enabled) -> Bool {
        let targets = enabled.transition.targets
        guard !targets.isEmpty else { return false }
        let isAtHome = targets.allSatisfy { $0 == enabled.source } && chart.isAtomic(enabled.source)
        return !isAtHome || enabled.transition.reenter
    }
}

extension StateNode {
    /// The transitions that may answer to an event, first choice first.
    ///
    /// A descriptor that is the event's name hides the wildcards; of those the longer goes first. `onDone` and
    /// `onError` stand in the place of an `on` with the same name, `after` comes behind it: all as in XState.
    func candidates(for type: String) -> [Transition] {
        var exact: [Transition] = []
        var hasWildcards = false
        for entry in on {
            if entry.descriptor == type { exact.append(entry.transition) }
            if entry.descriptor.utf8.last == UInt8(ascii: "*") { hasWildcards = true }
        }
        // Only the machine's own events are named after states; their names need not be made for any other.
        if type.hasPrefix(EventName.ownPrefix) {
            if !onDone.isEmpty, type == EventName.doneState(id) { exact = onDone }
            for invocation in invoke {
                if !invocation.onDone.isEmpty, type == EventName.doneActor(invocation.id) { exact = invocation.onDone }
                if !invocation.onError.isEmpty, type == EventName.errorActor(invocation.id) {
                    exact = invocation.onError
                }
            }
            exact += after.filter { type == EventName.after($0.name, id) }.map(\.transition)
        }
        guard exact.isEmpty, hasWildcards else { return exact }
        let wildcards = on.enumerated().filter { EventName.matches(type, wildcard: $0.element.descriptor) }
        let ranked = wildcards.sorted { left, right in
            let lengths = (left.element.descriptor.utf16.count, right.element.descriptor.utf16.count)
            return lengths.0 != lengths.1 ? lengths.0 > lengths.1 : left.offset < right.offset
        }
        return ranked.map(\.element.transition)
    }
}
