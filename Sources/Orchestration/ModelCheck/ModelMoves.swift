/// One thing that may happen next in a world.
struct ModelMove: Sendable {
    /// For people: a line of a trace.
    var label: String
    var message: SessionMessage
    /// When it happens.
    var now: Instant
    /// Whether it is one of the things that go wrong.
    var isDisturbance = false
    /// Ended rows that the message names, as a store would load them.
    var tasks: [AsyncTask] = []
    var handles: [ResumeHandle] = []
    /// Whether nothing may come of it but a verdict.
    var mustChangeNothing = false
}

/// Finds everything that may happen next.
struct ModelMoves {
    let workflow: Workflow
    let samples: ModelSamples
    let sessionID: SessionID

    /// Ticks between two messages.
    private static let tick = Interval.milliseconds(1)

    func start() -> [ModelMove] {
        samples.payloads(of: SessionMessages.start).enumerated().map { index, payload in
            let message = command(SessionMessages.start, payload, "start/\(index)")
            return ModelMove(
                label: label(SessionMessages.start, payload),
                message: message,
                now: Instant(microseconds: 0)
            )
        }
    }

    /// - Parameter seed: tells the messages of one world from those of others.
    func moves(in world: ModelWorld, _ state: ChartState, seed: Int) -> [ModelMove] {
        guard let session = world.scope.session, !session.status.hasEnded else { return [] }
        var moves = answers(in: world, seed) + commands(in: world, state, seed)
        if let due = world.nextDue {
            moves.append(
                ModelMove(label: label(due, world), message: SessionMessage(due: due), now: max(due.dueAt, world.now))
            )
        }
        if world.disturbances > 0 { moves += lateComers(in: world, seed) + early(in: world, state, seed) }
        return moves
    }

    // MARK: Agents

    private func answers(in world: ModelWorld, _ seed: Int) -> [ModelMove] {
        var moves: [ModelMove] = []
        for task in world.scope.tasks where task.status.isOpen {
            guard let actor = workflow.actors[task.taskType] else { continue }
            for (index, output) in samples.outputs(of: actor).enumerated() {
                let kind = AgentAnswer.Kind.completed(type: actor.resultType, output: output)
                moves.append(answer(kind, task, world, "\(seed)/result\(index)", "\(task.taskType): result"))
            }
            let lost = AgentAnswer.Kind.failed(code: "AGENT_FAILED", message: "", retryable: false, details: .null)
            moves.append(answer(lost, task, world, "\(seed)/failure", "\(task.taskType): fails for good"))
            if task.retryCount < task.maxRetries, world.disturbances > 0 {
                let failed = AgentAnswer.Kind.failed(code: "AGENT_FAILED", message: "", retryable: true, details: .null)
                var move = answer(failed, task, world, "\(seed)/attempt", "\(task.taskType): an attempt fails")
                move.isDisturbance = true
                moves.append(move)
            }
        }
        return moves
    }

    private func answer(
        _ kind: AgentAnswer.Kind,
        _ task: AsyncTask,
        _ world: ModelWorld,
        _ seed: String,
        _ label: String
    ) -> ModelMove {
        let answer = AgentAnswer(taskID: task.id, attempt: task.attempt, kind: kind)
        let id = MessageID(derivedFrom: "modelcheck", seed, task.id.description, "\(task.attempt)")
        let message = SessionMessage(
            kind: .answer(answer),
            id: id,
            idempotencyKey: id.description,
            type: answer.type,
            tenantID: task.tenantID,
            sessionID: sessionID,
            payload: [:],
            source: "kafka"
        )
        return ModelMove(label: label, message: message, now: world.now + Self.tick)
    }

    // MARK: People

    private func commands(in world: ModelWorld, _ state: ChartState, _ seed: Int) -> [ModelMove] {
        var types: [String] = []
        for node in state.configuration {
            for descriptor in workflow.chart.nodes[node].on.map(\.descriptor) {
                let type = ModelSamples.type(of: descriptor)
                if !EventName.isReserved(type), !types.contains(type) { types.append(type) }
            }
        }
        return types.flatMap { type in
            samples.payloads(of: type).enumerated().map { index, payload in
                let message = command(type, payload, "\(seed)/\(type)/\(index)")
                return ModelMove(label: label(type, payload), message: message, now: world.now + Self.tick)
            }
        }
    }

    private func command(
        _ type: String,
        _ payload: JSONValue,
        _ seed: String,
        correlation: String? = nil
    ) -> SessionMessage {
        let id = MessageID(derivedFrom: "modelcheck", seed)
        return SessionMessage(
            kind: .command,
            id: id,
            idempotencyKey: id.description,
            type: type,
            tenantID: "default",
            sessionID: sessionID,
            payload: payload,
            correlationID: correlation,
            userID: "modelcheck",
            source: "kafka"
        )
    }

    // MARK: What comes too early or too late

    /// Replies to waits that are still to come.
    private func early(in world: ModelWorld, _ state: ChartState, _ seed: Int) -> [ModelMove] {
        let nodes = workflow.chart.nodes
        guard !world.scope.handles.contains(where: { $0.status == .waiting || $0.status == .paused }) else { return [] }
        let active = Set(state.configuration)
        var moves: [ModelMove] = []
        for node in nodes where node.park != nil && !active.contains(node.index) {
            guard let parent = node.parent, active.contains(parent) else { continue }
            for type in node.on.map(\.descriptor) where !EventName.isReserved(type) && !type.contains("*") {
                guard !state.configuration.contains(where: { nodes[$0].names(type) }) else { continue }
                guard var payload = samples.payloads(of: type).last?.object else { continue }
                payload["draft"] = .int((state.context["draft"].int ?? 0) + 1)
                let message = command(type, .object(payload), "\(seed)/early/\(type)")
                moves.append(
                    ModelMove(
                        label: "early: " + label(type, .object(payload)),
                        message: message,
                        now: world.now + Self.tick,
                        isDisturbance: true
                    )
                )
            }
        }
        return moves
    }

    /// Answers to tasks and replies to waits that have ended, and answers of earlier attempts.
    private func lateComers(in world: ModelWorld, _ seed: Int) -> [ModelMove] {
        var moves: [ModelMove] = []
        for task in world.endedTasks.values.sorted(by: { $0.taskType < $1.taskType }) {
            guard let actor = workflow.actors[task.taskType] else { continue }
            let kind = AgentAnswer.Kind.completed(type: actor.resultType, output: .object([:]))
            var move = answer(kind, task, world, "\(seed)/late", "\(task.taskType): a result too late")
            move.tasks = [task]
            move.mustChangeNothing = true
            moves.append(move)
        }
        for var task in world.scope.tasks where task.status.isOpen && task.attempt > 1 {
            guard let actor = workflow.actors[task.taskType] else { continue }
            task.attempt -= 1
            let kind = AgentAnswer.Kind.completed(type: actor.resultType, output: .object([:]))
            let label = "\(task.taskType): a result of an earlier attempt"
            var move = answer(kind, task, world, "\(seed)/stale", label)
            move.mustChangeNothing = true
            moves.append(move)
        }
        if let handle = world.closedWait, !world.scope.handles.contains(where: { $0.id == handle.id }) {
            let replies = (handle.resumeHandle["replies"].array ?? []).compactMap(\.string)
            for type in replies where !workflow.chart.rootNames(type) {
                let payload = samples.payloads(of: type).last ?? [:]
                let message = command(type, payload, "\(seed)/late/\(type)", correlation: handle.correlationID)
                var move = ModelMove(
                    label: "late: " + label(type, payload),
                    message: message,
                    now: world.now + Self.tick
                )
                move.handles = [handle]
                move.mustChangeNothing = true
                moves.append(move)
            }
        }
        return moves
    }

    // MARK: Words

    private func label(_ type: String, _ payload: JSONValue) -> String {
        let name =
            type.hasPrefix(SessionMessages.commandPrefix)
            ? String(type.dropFirst(SessionMessages.commandPrefix.count)) : type
        return payload == [:] ? name : "\(name) \(payload.text)"
    }

    private func taskType(_ id: TaskID, _ world: ModelWorld) -> String {
        world.scope.tasks.first { $0.id == id }?.taskType ?? "a task"
    }

    private func label(_ due: DueInput, _ world: ModelWorld) -> String {
        switch due.kind {
        case .timer: "a timer fires"
        case .handle(let id):
            if let handle = world.scope.handles.first(where: { $0.id == id }), let state = handle.taskName {
                handle.status == .pendingPause ? "the early reply to \(state) expires" : "the wait \(state) expires"
            } else {
                "a wait expires"
            }
        case .reminder: "a reminder"
        case .task(let id, let attempt):
            "\(taskType(id, world)): a limit of attempt \(attempt) passes"
        case .turn(let id, let attempt, _): "\(taskType(id, world)): attempt \(attempt) has its turn"
        }
    }
}
