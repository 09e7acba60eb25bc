/// A transition with the node that holds it, and all of its way that can be known beforehand.
final class PlannedTransition: Sendable {
    let source: Chart.NodeIndex
    let transition: Transition
    /// The way it goes, unless a history has to say.
    let way: Way?

    /// Where a transition leads.
    final class Way: Sendable {
        /// The targets, histories replaced by what they stand for.
        let targets: [Chart.NodeIndex]
        /// The node inside which it changes things; nil when it leaves the root itself.
        let domain: Chart.NodeIndex?
        /// What it enters; nil when a history on the way has to say.
        let entries: EntrySet?

        init(targets: [Chart.NodeIndex], domain: Chart.NodeIndex?, entries: EntrySet? = nil) {
            self.targets = targets
            self.domain = domain
            self.entries = entries
        }
    }

    init(_ transition: Transition, from source: Chart.NodeIndex, _ shape: ChartShape) {
        self.source = source
        self.transition = transition
        if transition.targets.contains(where: { shape.isHistory[$0] }) {
            way = nil
            return
        }
        let domain = shape.domain(of: transition, from: source, to: transition.targets)
        var entries = EntrySet(of: shape.kinds.count)
        entries.add(transition, from: source, to: transition.targets, domain: domain, in: shape, history: [:])
        way = Way(
            targets: transition.targets,
            domain: domain,
            entries: entries.asksHistory ? nil : entries
        )
    }

    var isTargetless: Bool { transition.targets.isEmpty }
}
