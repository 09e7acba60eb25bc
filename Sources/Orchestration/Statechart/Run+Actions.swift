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
            let name = id ?? "raise.\(state.timerSequence).\(type)"
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
        isChanged = true
    }

    mutating func startTimer(id: String, event: String, payload: JSONValue, delay: Interval, node: Chart.NodeIndex?) {
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

    /// Takes back the latest timer of that id, as XState does.
    private mutating func cancelTimer(_ id: String) {
        guard let position = state.timers.lastIndex(where: { $0.id == id }) else { return }
        state.timers.remove(at: position)
    }

    func holds(_ condition: Guard, event: Event) throws(ChartFailure) -> Bool {
        switch condition {
        case .always: return true
        case .stateIn(let nodes): return nodes.allSatisfy(isActive)
        case .not(let inner): return !(try holds(inner, event: event))
        case .and(let parts):
            for part in parts where !(try holds(part, event: event)) { return false }
            return true
        case .or(let parts):
            for part in parts where try holds(part, event: event) { return true }
            return false
        case .program(let program):
            let value = try evaluate(program, event: event)
            guard let answer = value.bool else {
                throw .wrongType(program, expected: "true or false", found: value.typeName)
            }
            return answer
        }
    }

    private func value(of program: Program?) throws(ChartFailure) -> JSONValue {
        guard let program else { return .null }
        return try evaluate(program)
    }

    func evaluate(_ program: Program) throws(ChartFailure) -> JSONValue {
        try evaluate(program, event: event)
    }

    func evaluate(_ program: Program, event: Event) throws(ChartFailure) -> JSONValue {
        let input: JSONValue = ["event": event.json, "context": state.context, "session": session]
        do throws(ExpressionFailure) {
            return try expressions.evaluate(program, on: input)
        } catch {
            throw .expression(error)
        }
    }
}
