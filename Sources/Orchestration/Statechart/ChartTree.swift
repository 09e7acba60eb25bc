/// What the interpreter asks a chart again and again, worked out once: the tree as numbers, and which transitions may
/// answer to which event.
///
final class ChartTree: Sendable {
    struct Node: Sendable {
        var isAtomic: Bool
        var isHistory: Bool
        var isParallel: Bool
        /// The children that can be active: all but the history nodes.
        var regions: [Chart.NodeIndex] = []
        var histories: [Chart.NodeIndex] = []
        var always: [PlannedTransition] = []
        /// By event, in the order of `events`; of what is no wildcard.
        var answers: [(event: Int, transitions: [PlannedTransition])] = []
        /// The longer first.
        var wildcards: [(descriptor: String, transitions: [PlannedTransition])] = []
        /// One for each delay of `after`.
        var timers: [(event: String, delay: Interval)] = []
    }

    let nodes: [Node]
    /// By id; of two nodes with one id the first.
    let indices: [String: Chart.NodeIndex]
    let shape: ChartShape
    /// Whether any node has eventless transitions.
    let hasEventless: Bool
    /// A number for each event that some node names.
    private let events: [String: Int]

    init(_ states: [StateNode]) {
        let shape = ChartShape(states)
        var events: [String: Int] = [:]
        nodes = states.map { state in
            var node = Node(
                isAtomic: state.kind == .atomic || state.kind == .final,
                isHistory: shape.isHistory[state.index],
                isParallel: state.kind == .parallel
            )
            node.regions = state.children.filter { !shape.isHistory[$0] }
            node.histories = state.children.filter { shape.isHistory[$0] }
            let plan = { PlannedTransition($0, from: state.index, shape) }
            node.always = state.always.map(plan)
            for answer in state.answers {
                let number = events[answer.descriptor] ?? events.count
                events[answer.descriptor] = number
                let transitions = answer.transitions.map(plan)
                node.answers.append((number, transitions))
                if EventName.isWildcard(answer.descriptor) { node.wildcards.append((answer.descriptor, transitions)) }
            }
            node.wildcards = node.wildcards.enumerated().sorted { left, right in
                let lengths = (left.element.descriptor.utf16.count, right.element.descriptor.utf16.count)
                return lengths.0 != lengths.1 ? lengths.0 > lengths.1 : left.offset < right.offset
            }.map(\.element)
            for delayed in state.after {
                let event = EventName.after(delayed.name, state.id)
                if !node.timers.contains(where: { $0.event == event }) { node.timers.append((event, delayed.delay)) }
            }
            return node
        }
        self.events = events
        self.shape = shape
        indices = Dictionary(states.map { ($0.id, $0.index) }) { first, _ in first }
        hasEventless = nodes.contains { !$0.always.isEmpty }
    }

    /// The event's number, if any node names it.
    func number(of event: String) -> Int? { events[event] }

    /// What lies inside of a node; of nil, which stands outside of the root, everything.
    func inside(_ node: Chart.NodeIndex?) -> Range<Chart.NodeIndex> {
        guard let node else { return nodes.indices }
        return node + 1..<shape.last[node] + 1
    }

    /// The transitions of a node that may answer to an event, first choice first.
    ///
    /// A descriptor that is the event's name hides the wildcards; of those the longer goes first.
    func candidates(of node: Chart.NodeIndex, for type: String, number: Int?) -> [PlannedTransition] {
        if let number {
            for answer in nodes[node].answers where answer.event == number { return answer.transitions }
        }
        guard !nodes[node].wildcards.isEmpty else { return [] }
        return nodes[node].wildcards.filter { EventName.matches(type, wildcard: $0.descriptor) }.flatMap(\.transitions)
    }
}

/// Where nodes lie to one another. Those below a node are the ones behind it up to `last`: the order of the document.
struct ChartShape: Sendable {
    var parent: [Chart.NodeIndex?]
    /// The last node below each; the node itself if there is none.
    var last: [Chart.NodeIndex]
    var isHistory: [Bool]

    init(_ states: [StateNode]) {
        parent = states.map(\.parent)
        last = Array(states.indices)
        isHistory = states.map { if case .history = $0.kind { true } else { false } }
        for node in states.indices.reversed() {
            if let above = parent[node] { last[above] = max(last[above], last[node]) }
        }
    }

    func isDescendant(_ node: Chart.NodeIndex, of ancestor: Chart.NodeIndex) -> Bool {
        node > ancestor && node <= last[ancestor]
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

/// A transition with the node that holds it.
final class PlannedTransition: Sendable {
    let source: Chart.NodeIndex
    let transition: Transition
    /// The way it goes, unless a history has to say.
    let way: Way?

    struct Way: Sendable {
        /// Where it leads: the targets, histories replaced by what they stand for.
        var targets: [Chart.NodeIndex]
        /// The node inside which it changes things; nil when it leaves the root itself.
        var domain: Chart.NodeIndex?
    }

    init(_ transition: Transition, from source: Chart.NodeIndex, _ shape: ChartShape) {
        self.source = source
        self.transition = transition
        let isFixed = !transition.targets.contains { shape.isHistory[$0] }
        way =
            isFixed
            ? Way(
                targets: transition.targets,
                domain: shape.domain(of: transition, from: source, to: transition.targets)
            )
            : nil
    }

    var isTargetless: Bool { transition.targets.isEmpty }
}

extension StateNode {
    /// The transitions by event, as XState puts them together: `onDone` and `onError` stand in the place of an `on`
    /// with the same name, `after` comes behind it.
    fileprivate var answers: [(descriptor: String, transitions: [Transition])] {
        var found: [(descriptor: String, transitions: [Transition])] = []
        func add(_ descriptor: String, _ transitions: [Transition], isInstead: Bool = false) {
            if let place = found.firstIndex(where: { $0.descriptor == descriptor }) {
                found[place].transitions = isInstead ? transitions : found[place].transitions + transitions
            } else {
                found.append((descriptor, transitions))
            }
        }
        for entry in on { add(entry.descriptor, [entry.transition]) }
        if !onDone.isEmpty { add(EventName.doneState(id), onDone, isInstead: true) }
        for invocation in invoke {
            if !invocation.onDone.isEmpty {
                add(EventName.doneActor(invocation.id), invocation.onDone, isInstead: true)
            }
            if !invocation.onError.isEmpty {
                add(EventName.errorActor(invocation.id), invocation.onError, isInstead: true)
            }
        }
        for delayed in after { add(EventName.after(delayed.name, id), [delayed.transition]) }
        return found
    }
}
