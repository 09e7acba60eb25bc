/// A statechart as data: XState's machine configuration with every name resolved.
///
/// Nodes are in document order: the root is node 0, and behind each node come all that are below it. A chart is made by
/// a reader that has checked it (`WorkflowFiles`), or by a test.
package struct Chart: Sendable, Equatable {
    package typealias NodeIndex = Int

    /// The machine's `id`.
    package var id: String
    package var nodes: [StateNode] { didSet { tree = ChartTree(nodes) } }
    /// The context a new session starts with; always an object.
    package var context: JSONValue
    /// What follows from `nodes`.
    private(set) var tree: ChartTree

    package init(id: String, nodes: [StateNode], context: JSONValue) {
        self.id = id
        self.nodes = nodes
        self.context = context
        tree = ChartTree(nodes)
    }

    package static func == (left: Chart, right: Chart) -> Bool {
        left.id == right.id && left.nodes == right.nodes && left.context == right.context
    }
}

package struct StateNode: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        case atomic
        case compound
        case parallel
        case final
        case history(deep: Bool)
    }

    package var index: Chart.NodeIndex
    package var parent: Chart.NodeIndex?
    package var children: [Chart.NodeIndex] = []
    /// The key under `states`; the machine's id for the root.
    package var key: String
    /// The explicit `id`, else machine id and path joined by dots.
    package var id: String
    package var kind: Kind
    /// Of a compound state: where it is entered (its `initial`, with actions when given in the object form).
    package var initial: Transition?
    package var entry: [Action] = []
    package var exit: [Action] = []
    /// The transitions of `on`, in document order.
    package var on: [EventTransition] = []
    package var always: [Transition] = []
    package var after: [DelayedTransition] = []
    package var invoke: [Invocation] = []
    /// Taken when a final child (or all regions) is reached.
    package var onDone: [Transition] = []
    /// Of a history state: where it leads when there is no history yet. Empty: the parent's initial state.
    package var historyDefault: [Chart.NodeIndex] = []
    package var tags: [String] = []
    package var meta: JSONValue = .null
    /// Of a final state: what `done` carries.
    package var output: Program?
    /// Present when the state is a wait (`meta.park`).
    package var park: Park?
    /// The stage that being in this state means, if it names one.
    package var stage: String?
    package var place: SourcePlace = .unknown

    package init(index: Chart.NodeIndex, parent: Chart.NodeIndex?, key: String, id: String, kind: Kind) {
        self.index = index
        self.parent = parent
        self.key = key
        self.id = id
        self.kind = kind
    }
}

package struct Transition: Sendable, Equatable {
    package var guardCondition: Guard?
    /// Empty: a transition without target, which leaves the configuration alone.
    package var targets: [Chart.NodeIndex]
    package var actions: [Action]
    /// XState v5's `reenter`: an external transition that exits and enters its source.
    package var reenter: Bool
    package var place: SourcePlace

    package init(
        guardCondition: Guard? = nil,
        targets: [Chart.NodeIndex] = [],
        actions: [Action] = [],
        reenter: Bool = false,
        place: SourcePlace = .unknown
    ) {
        self.guardCondition = guardCondition
        self.targets = targets
        self.actions = actions
        self.reenter = reenter
        self.place = place
    }
}

package struct EventTransition: Sendable, Equatable {
    /// An event name, `a.*`, or `*`.
    package var descriptor: String
    package var transition: Transition

    package init(descriptor: String, transition: Transition) {
        self.descriptor = descriptor
        self.transition = transition
    }
}

package struct DelayedTransition: Sendable, Equatable {
    package var delay: Interval
    /// The delay as its event's name has it: milliseconds, or the name of a delay. Two names are two timers, even of
    /// one length.
    package var name: String
    package var transition: Transition

    package init(delay: Interval, name: String? = nil, transition: Transition) {
        self.delay = delay
        self.name = name ?? EventName.milliseconds(delay)
        self.transition = transition
    }
}

package struct Invocation: Sendable, Equatable {
    /// The explicit `id`, else XState's default `<position>.<state id>`.
    package var id: String
    /// The actor's name: a key of `setup.actors`.
    package var src: String
    package var input: Program?
    package var onDone: [Transition] = []
    package var onError: [Transition] = []

    package init(id: String, src: String, input: Program?) {
        self.id = id
        self.src = src
        self.input = input
    }
}

package indirect enum Guard: Sendable, Equatable {
    case program(Program)
    case and([Guard])
    case or([Guard])
    case not(Guard)
    /// Node indices that must all be active.
    case stateIn([Chart.NodeIndex])
    /// `--lenient` simulation: a guard whose name is bound to nothing.
    case always
}

package enum Action: Sendable, Equatable {
    /// The object that the program returns is merged into the context.
    case assign(Program)
    /// A domain event for the session's history and topic.
    case emit(type: String, payload: Program?)
    /// An event for this machine; with a delay it is a timer, else it enters the internal queue.
    case raise(event: String, payload: Program?, delay: Interval?, id: String?)
    /// Takes back a delayed `raise` by its id.
    case cancel(id: String)
    /// The session is paused: what comes in is kept, until it is unpaused.
    case pause
    case unpause
    /// `--lenient` simulation: an action whose name is bound to nothing.
    case nothing(name: String)
}

/// `meta.park`: the state is a wait for a person.
package struct Park: Sendable, Equatable {
    /// How long the wait may last.
    package var expires: Interval
    /// When reminders are due, counted from parking; ascending.
    package var reminders: [Interval] = []
    /// The number of the draft that is waited upon, bound to replies; jq over the context.
    package var draft: Program?
    /// A correlation of the definition's own; jq. Without it one is derived from session, state and visit.
    package var correlation: Program?
    /// What the flow wants to find again when it goes on; jq.
    package var contextData: Program?
    /// JSON Schemas of replies by event type.
    package var schemas: [String: SchemaDocument] = [:]
    /// Users who may reply; jq to an array of user ids. Absent: everybody.
    package var allowedUsers: Program?

    package init(expires: Interval) { self.expires = expires }
}

/// A jq program with its place in the file, so that a failure can be found.
package struct Program: Sendable, Hashable {
    package var source: String
    package var place: SourcePlace

    package init(_ source: String, place: SourcePlace = .unknown) {
        self.source = source
        self.place = place
    }
}

/// A line and column (both from 1; 0 when unknown) of a workflow file.
package struct SourcePlace: Sendable, Hashable, CustomStringConvertible {
    package var line: Int
    package var column: Int

    package init(line: Int, column: Int) {
        self.line = line
        self.column = column
    }

    package static let unknown = SourcePlace(line: 0, column: 0)
    package var description: String { "\(line):\(column)" }
}

/// Why a jq program gave no value.
package struct ExpressionFailure: Error, Equatable, Sendable, CustomStringConvertible {
    package var program: Program
    package var reason: String

    package init(program: Program, reason: String) {
        self.program = program
        self.reason = reason
    }

    package var description: String { "line \(program.place.line): \(reason) in `\(program.source)`" }
}

/// Evaluates jq programs: pure, deterministic, bounded.
package protocol ExpressionEvaluator: Sendable {
    /// The single value of `program` over `input`.
    ///
    /// No value, or more than one, is a failure.
    func evaluate(_ program: Program, on input: JSONValue) throws(ExpressionFailure) -> JSONValue
}
