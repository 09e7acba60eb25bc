/// The statechart interpreter: a pure function of definition, state, input and time.
///
/// The algorithm is SCXML's as XState v5 follows it; where the two differ, XState's way is taken.
package enum Interpreter {
    /// The most microsteps one step may take; a chart that needs more runs in circles.
    package static let microstepsMax = 10_000

    /// Tells the machine one thing and runs it to completion.
    ///
    /// Programs see `{event: {type, payload | output | error}, context, session}`.
    /// - Parameters:
    ///   - state: from an earlier step with the same chart, or empty for `start`.
    ///   - now: what delays are counted from, and which timers are due.
    /// - Throws: `ChartFailure` when a program fails or the chart runs in circles; `state` stays valid.
    package static func step(
        _ chart: Chart,
        _ state: ChartState,
        _ input: ChartInput,
        session: JSONValue,
        now: Instant,
        expressions: any ExpressionEvaluator,
        microstepsMax: Int = Interpreter.microstepsMax
    ) throws(ChartFailure) -> ChartStep {
        guard state.status == .active else { return ChartStep(state: state, effects: [], outcome: .ended) }
        let stale = ChartStep(state: state, effects: [], outcome: .stale)
        var run = Run(chart, state, session: session, now: now, expressions: expressions)
        run.microstepsMax = microstepsMax
        let event: Run.Event
        switch input {
        case .start:
            guard state.configuration.isEmpty, !chart.nodes.isEmpty else { return stale }
            run.state.context = chart.context
            try run.enterInitial()
            try run.settle()
            return run.finished(.taken(sources: []))
        case .event(let type, let payload):
            event = Run.Event(type: type, data: .payload(payload))
        case .actorDone(let id, let output):
            guard run.state.running.removeValue(forKey: id) != nil else { return stale }
            event = Run.Event(type: EventName.doneActor(id), data: .output(output))
        case .actorError(let id, let error):
            guard run.state.running.removeValue(forKey: id) != nil else { return stale }
            event = Run.Event(type: EventName.errorActor(id), data: .error(error))
        case .timer:
            guard let timer = run.takeDueTimer() else { return stale }
            event = Run.Event(type: timer.event, data: timer.node == nil ? .payload(timer.payload) : .none)
        }
        let outcome = try run.handle(event)
        return run.finished(outcome)
    }
}

extension Run {
    /// Takes the first timer that is due: by time, then in the order in which they were started.
    fileprivate mutating func takeDueTimer() -> ChartTimer? {
        guard let timer = state.nextTimer, timer.due <= now else { return nil }
        state.timers.removeAll { $0.sequence == timer.sequence }
        return timer
    }
}

extension ChartState {
    /// The timer that fires next.
    package var nextTimer: ChartTimer? { timers.min { ($0.due, $0.sequence) < ($1.due, $1.sequence) } }
}
