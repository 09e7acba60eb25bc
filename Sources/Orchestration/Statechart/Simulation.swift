/// A workflow run by hand, under a virtual clock: the pure part of `genesis workflow simulate`.
///
/// Each line in gives one line out. Once `done` or in error, the machine answers every line with what it is.
package struct Simulation: Sendable {
    /// The most timers one `advance` fires; a chart that needs more runs in circles.
    package static let timersPerAdvanceMax = 100_000
    /// The longest `advance`: a century.
    package static let advanceMax = Interval.seconds(3_155_760_000)

    private let chart: Chart
    private let expressions: any ExpressionEvaluator
    private let session: JSONValue
    private var state = ChartState()
    /// Starts at 0, which is 1970-01-01T00:00:00Z.
    private var clock = Instant(microseconds: 0)
    /// When open waits expire; a worker keeps these with the wait's handle.
    private var deadlines: [Chart.NodeIndex: Instant] = [:]
    private var effects: [ChartEffect] = []

    private let microstepsMax: Int

    package init(
        chart: Chart,
        expressions: any ExpressionEvaluator,
        session: JSONValue = [:],
        microstepsMax: Int = Interpreter.microstepsMax
    ) {
        self.microstepsMax = microstepsMax
        self.chart = chart
        self.expressions = expressions
        self.session = session
    }

    /// Whether the machine rests in a configuration that its chart allows.
    package var isLegal: Bool { chart.isLegal(state.configuration) }

    /// Enters the initial configuration.
    package mutating func start() -> JSONValue {
        effects = []
        let rejected = feed(.start)
        return answer(rejected: rejected)
    }

    /// Answers one input line.
    package mutating func line(_ input: JSONValue) -> JSONValue {
        effects = []
        let rejected = read(input)
        return answer(rejected: rejected)
    }

    /// Answers a line that could not be read: nothing changes.
    package mutating func reject(_ reason: String) -> JSONValue {
        effects = []
        return answer(rejected: reason)
    }

    /// Does what a line asks for, and says why it was rejected, if it was.
    private mutating func read(_ input: JSONValue) -> String? {
        guard let members = input.object else { return "expected an object, found \(input.typeName)" }
        if let type = members["type"]?.string {
            return feed(.event(type: type, payload: members["payload"] ?? .null))
        }
        if let id = members["done"]?.string {
            return feed(.actorDone(id: id, output: members["output"] ?? .null))
        }
        if let id = members["error"]?.string {
            return feed(.actorError(id: id, error: members["error_data"] ?? .null))
        }
        guard let length = members["advance"] else { return "a line has `type`, `done`, `error` or `advance`" }
        guard let interval = Self.interval(length) else {
            return "advance: expected milliseconds or an ISO 8601 duration, at most a century"
        }
        return advance(by: interval)
    }

    private static func interval(_ length: JSONValue) -> Interval? {
        if let text = length.string { return Interval(text) }
        guard let number = length.number, number >= 0, number <= Double(advanceMax.milliseconds) else { return nil }
        return Interval(microseconds: Int64((number * 1_000).rounded()))
    }

    /// Fires what is due, each at its own time; at one instant timers go before deadlines.
    private mutating func advance(by interval: Interval) -> String? {
        let end = clock + interval
        var fired = 0
        while state.status == .active {
            let timer = state.nextTimer?.due
            let deadline = deadlines.min { ($0.value, $0.key) < ($1.value, $1.key) }
            guard let next = [timer, deadline?.value].compactMap(\.self).min(), next <= end else { break }
            fired += 1
            if fired > Self.timersPerAdvanceMax {
                state.status = .error
                return "endless: more than \(Self.timersPerAdvanceMax) timers in one advance"
            }
            clock = max(clock, next)
            if timer == next {
                if let failure = take(.timer).failure { return failure }
            } else if let deadline {
                deadlines[deadline.key] = nil
                if let failure = take(.event(type: "park.expired", payload: .null)).failure { return failure }
            }
        }
        clock = end
        return nil
    }

    /// Steps, and says why the input was rejected, if it was.
    private mutating func feed(_ input: ChartInput) -> String? {
        let name = Self.name(of: input)
        let (outcome, failure) = take(input)
        if let failure { return failure }
        switch outcome {
        case .notTaken: return "\(name): no active state takes it"
        case .refused(let nodes):
            let ids = nodes.map { chart.nodes[$0].id }.joined(separator: ", ")
            return "\(name): refused by the guards of \(ids)"
        case .ended:
            guard case .event = input else { return nil }
            return "\(name): the machine has ended"
        case .taken, .stale, nil: return nil
        }
    }

    private mutating func take(_ input: ChartInput) -> (outcome: ChartStep.Outcome?, failure: String?) {
        do throws(ChartFailure) {
            let step = try Interpreter.step(
                chart,
                state,
                input,
                session: session,
                now: clock,
                expressions: expressions,
                microstepsMax: microstepsMax
            )
            state = step.state
            effects += step.effects
            keepDeadlines(step.effects)
            return (step.outcome, nil)
        } catch {
            state.status = .error
            return (nil, error.description)
        }
    }

    private mutating func keepDeadlines(_ effects: [ChartEffect]) {
        for effect in effects {
            switch effect {
            case .park(let node, _): deadlines[node] = chart.nodes[node].park.map { clock + $0.expires }
            case .unpark(let node): deadlines[node] = nil
            case .emit, .startActor, .cancelActor, .pause, .unpause: break
            }
        }
    }

    private static func name(of input: ChartInput) -> String {
        switch input {
        case .start: "start"
        case .event(let type, _): type
        case .actorDone(let id, _): EventName.doneActor(id)
        case .actorError(let id, _): EventName.errorActor(id)
        case .timer: "timer"
        }
    }

    private func answer(rejected: String?) -> JSONValue {
        [
            "value": chart.value(of: state),
            "configuration": .array(chart.atomicIDs(of: state).map { .string($0) }),
            "context": state.configuration.isEmpty ? chart.context : state.context,
            "tags": .array(chart.tags(of: state).map { .string($0) }),
            "effects": .array(effects.map { $0.json(in: chart) }),
            "status": .string(state.status.rawValue),
            "rejected": JSONValue(rejected),
        ]
    }
}
