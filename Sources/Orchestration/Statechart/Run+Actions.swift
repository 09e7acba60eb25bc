/// Actions, guards and the programs in them.
extension Run {
    mutating func perform(_ actions: [Action]) throws(ChartFailure) {
        for action in actions { try perform(action) }
    }

    private mutating func perform(_ action: Action) throws(ChartFailure) {
        switch action {
        case .assign(let program): try assign(program)
        case .emit(let type, let payload): effects.append(.emit(type: type, payload: try value(of: payload)))
        case .raise(let type, let payload, let delay, let id):
            let payload = try value(of: payload)
            guard let delay else {
                queue.append(Event(type: type, data: .payload(payload)))
                return
            }
            let name = id ?? Self.timerName(type, state.timerSequence)
            startTimer(id: name, event: type, payload: payload, delay: delay, node: nil)
        case .cancel(let id): cancelTimer(id)
        case .pause: effects.append(.pause)
        case .unpause: effects.append(.unpause)
        case .nothing: break
        }
    }

    private mutating func assign(_ program: Program) throws(ChartFailure) {
        let value = try evaluate(program)
        guard let members = value.object else {
            throw .wrongType(program, expected: "object", found: value.typeName)
        }
        state.context = .object((state.context.object ?? [:]).merging(members))
        input = nil
        isChanged = true
    }

    mutating func startTimer(id: String, event: String, payload: JSONValue, delay: Interval, node: Chart.NodeIndex?) {
        giveUp(timerName: id)
        state.timers.append(
            ChartTimer(
                id: id,
                event: event,
                payload: payload,
                due: now + delay,
                sequence: state.timerSequence,
                node: node
            )
        )
        state.timerSequence += 1
    }

    /// A name is the latest timer's, as in XState: a delayed raise whose name is used again runs on, out of reach of
    /// `cancel`.
    private mutating func giveUp(timerName id: String) {
        for index in state.timers.indices where state.timers[index].id == id && state.timers[index].node == nil {
            state.timers[index].id = Self.timerName(state.timers[index].event, state.timers[index].sequence)
        }
    }

    /// What a delayed raise is called that was given no name.
    private static func timerName(_ event: String, _ sequence: Int) -> String { "raise.\(sequence).\(event)" }

    private mutating func cancelTimer(_ id: String) {
        state.timers.removeAll { $0.id == id }
    }

    mutating func holds(_ condition: Guard) throws(ChartFailure) -> Bool {
        switch condition {
        case .always: return true
        case .stateIn(let nodes): return nodes.allSatisfy(active.contains)
        case .not(let inner): return !(try holds(inner))
        case .and(let parts):
            for part in parts where !(try holds(part)) { return false }
            return true
        case .or(let parts):
            for part in parts where try holds(part) { return true }
            return false
        case .program(let program):
            let value = try evaluate(program)
            guard let answer = value.bool else {
                throw .wrongType(program, expected: "true or false", found: value.typeName)
            }
            return answer
        }
    }

    private mutating func value(of program: Program?) throws(ChartFailure) -> JSONValue {
        guard let program else { return .null }
        return try evaluate(program)
    }

    /// The program's value over the event, the context and the session.
    mutating func evaluate(_ program: Program) throws(ChartFailure) -> JSONValue {
        let input = seen()
        do throws(ExpressionFailure) {
            return try expressions.evaluate(program, on: input)
        } catch {
            throw .expression(error)
        }
    }

    /// What programs see, put together once for each event and context.
    private mutating func seen() -> JSONValue {
        if let input { return input }
        let made = JSONValue.object(
            JSONObject(alreadySorted: [
                JSONObject.Member(key: "context", value: state.context),
                JSONObject.Member(key: "event", value: event.json),
                JSONObject.Member(key: "session", value: session),
            ])
        )
        input = made
        return made
    }
}
