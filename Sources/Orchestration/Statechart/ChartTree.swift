/// What the interpreter asks a chart again and again, worked out once: the tree as numbers, and which transitions may
/// answer to which event.
final class ChartTree: Sendable {
    struct Node: Sendable {
        var isAtomic: Bool
        var isHistory: Bool
        var isParallel: Bool
        /// Whether nothing has to be done but to be there, or no longer to be there: what most states of a chart are.
        var entersQuietly: Bool
        var leavesQuietly: Bool
        /// The children that can be active: all but the history nodes.
        var regions: [Chart.NodeIndex] = []
        var histories: [Chart.NodeIndex] = []
        var always: [PlannedTransition] = []
        /// The numbers of the events that the node names, and in the same order the transitions.
        var events: [Int] = []
        var answers: [[PlannedTransition]] = []
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
    let hasHistories: Bool
    /// A number for each event that some node names.
    private let events: [String: Int]

    init(_ states: [StateNode]) {
        let shape = ChartShape(states)
        var events: [String: Int] = [:]
        nodes = states.map { state in
            var node = Node(
                isAtomic: state.kind == .atomic || state.kind == .final,
                isHistory: shape.isHistory[state.index],
                isParallel: state.kind == .parallel,
                entersQuietly: state.entersQuietly,
                leavesQuietly: state.leavesQuietly
            )
            node.regions = shape.regions[state.index]
            node.histories = state.children.filter { shape.isHistory[$0] }
            let plan = { PlannedTransition($0, from: state.index, shape) }
            node.always = state.always.map(plan)
            for answer in state.answers {
                let number = events[answer.descriptor] ?? events.count
                events[answer.descriptor] = number
                let transitions = answer.transitions.map(plan)
                node.events.append(number)
                node.answers.append(transitions)
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
        hasHistories = shape.isHistory.contains(true)
    }

    /// The event's number, if any node names it.
    func number(of event: String) -> Int? { events[event] }

    /// What lies inside of a node; of nil, which stands outside of the root, everything.
    func inside(_ node: Chart.NodeIndex?) -> Range<Chart.NodeIndex> { shape.inside(node) }

    /// The transitions of a node that may answer to an event, first choice first.
    ///
    /// A descriptor that is the event's name hides the wildcards; of those the longer goes first.
    func candidates(of node: Chart.NodeIndex, for type: String, number: Int?) -> [PlannedTransition] {
        if let number, let place = nodes[node].events.firstIndex(of: number) { return nodes[node].answers[place] }
        guard !nodes[node].wildcards.isEmpty else { return [] }
        return nodes[node].wildcards.filter { EventName.matches(type, wildcard: $0.descriptor) }.flatMap(\.transitions)
    }
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

    fileprivate var entersQuietly: Bool {
        entry.isEmpty && (initial?.actions ?? []).isEmpty && park == nil && after.isEmpty && invoke.isEmpty
            && kind != .final
    }

    fileprivate var leavesQuietly: Bool { exit.isEmpty && park == nil && after.isEmpty && invoke.isEmpty }
}
