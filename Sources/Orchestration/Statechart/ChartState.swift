/// Where one session's statechart stands: everything `Interpreter.step` needs besides the definition.
package struct ChartState: Sendable, Equatable {
    package enum Status: String, Sendable { case active, done, error }

    /// The active nodes, ancestors included, ascending (document order).
    package var configuration: [Chart.NodeIndex] = []
    /// The active atomic nodes in the order in which they were entered; eventless transitions are sought in it.
    package var entryOrder: [Chart.NodeIndex] = []
    package var context: JSONValue = [:]
    /// By history node: the nodes it remembers.
    package var history: [Chart.NodeIndex: [Chart.NodeIndex]] = [:]
    /// Delayed transitions and delayed raises that have not fired.
    package var timers: [ChartTimer] = []
    /// The next timer's sequence number; equal due times fire in this order.
    package var timerSequence: Int = 0
    /// Invocations that run, by invoke id.
    package var running: [String: Chart.NodeIndex] = [:]
    /// How often each wait state has been entered.
    package var visits: [Chart.NodeIndex: Int] = [:]
    package var status: Status = .active
    package var output: JSONValue = .null

    package init() {}
}

package struct ChartTimer: Sendable, Equatable {
    /// Names the timer within the session: node and position for `after`, the given id for a delayed raise.
    package var id: String
    /// The event that fires.
    package var event: String
    package var payload: JSONValue
    package var due: Instant
    package var sequence: Int
    /// The node whose exit cancels it; nil for a delayed raise, which only `cancel` takes back.
    package var node: Chart.NodeIndex?

    package init(id: String, event: String, payload: JSONValue, due: Instant, sequence: Int, node: Chart.NodeIndex?) {
        self.id = id
        self.event = event
        self.payload = payload
        self.due = due
        self.sequence = sequence
        self.node = node
    }
}

/// What a statechart is told.
package enum ChartInput: Sendable, Equatable {
    case start
    case event(type: String, payload: JSONValue)
    case actorDone(id: String, output: JSONValue)
    case actorError(id: String, error: JSONValue)
    /// Fires the first timer due at or before now; the caller repeats while there is one.
    case timer
}

/// What a step wants done; rows, written by the commit.
package enum ChartEffect: Sendable, Equatable {
    case emit(type: String, payload: JSONValue)
    case startActor(id: String, src: String, input: JSONValue, node: Chart.NodeIndex)
    case cancelActor(id: String)
    /// A wait state was entered for the `visit`-th time (from 1).
    case park(node: Chart.NodeIndex, visit: Int)
    /// A wait state was left.
    case unpark(node: Chart.NodeIndex)
    case pause
    case unpause
}

/// What became of one input.
package struct ChartStep: Sendable, Equatable {
    package enum Outcome: Sendable, Equatable {
        /// Transitions were taken. `sources` are the nodes that held them, in the order taken for the external event.
        case taken(sources: [Chart.NodeIndex])
        /// No active state takes the event.
        ///
        /// For an event the state is unchanged. A result or a timer is used up all the same, and an actor's
        /// error that nobody takes ends the machine with status `error`, so the new state must be kept.
        case notTaken
        /// An active state names the event, but every guard said no. `nodes`: who named it, innermost first.
        case refused(nodes: [Chart.NodeIndex])
        /// The actor or timer is no longer there.
        case stale
        /// The machine has ended (`done` or `error`).
        case ended
    }

    package var state: ChartState
    package var effects: [ChartEffect]
    package var outcome: Outcome

    package init(state: ChartState, effects: [ChartEffect], outcome: Outcome) {
        self.state = state
        self.effects = effects
        self.outcome = outcome
    }
}

/// Why a step could not be computed. The state from before the step stays valid.
package enum ChartFailure: Error, Sendable, Equatable, CustomStringConvertible {
    case expression(ExpressionFailure)
    /// More microsteps than `Interpreter.microstepsMax`: the chart runs in circles.
    case endless
    /// A program gave a value of the wrong type, e.g. a guard that gave no boolean.
    case wrongType(Program, expected: String, found: String)
    /// The step would ask an agent, or publish an event, with more than a record may carry.
    case tooLarge(what: String, bytes: Int, limit: Int)

    /// Whether less in the message that was too much would have done.
    var isOfSize: Bool {
        switch self {
        case .tooLarge: true
        case .expression, .endless, .wrongType: false
        }
    }

    package var description: String {
        switch self {
        case .expression(let failure): failure.description
        case .endless: "endless: the chart took more than \(Interpreter.microstepsMax) microsteps"
        case .wrongType(let program, let expected, let found):
            "line \(program.place.line): `\(program.source)` gave \(found), expected \(expected)"
        case .tooLarge(let what, let bytes, let limit):
            "\(what) would have \(bytes) bytes, the limit is \(limit)"
        }
    }
}
