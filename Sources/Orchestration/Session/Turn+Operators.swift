// Operators: people who end, repeat or replace the work of agents. Each of their commands leaves an event with the
// user and the reason, in the commit of what it does.

extension Turn {
    /// The longest reason that an event repeats, in characters.
    static let reasonMax = 1_000

    /// Carries out an operator's command; false when it is the workflow's business like any other.
    mutating func operate(_ message: SessionMessage) -> Bool {
        guard let command = OperatorCommand(rawValue: message.type), let session = scope.session else { return false }
        // A workflow's own `Task.Retry` needs to name no task.
        if command == .retry, message.payload["task_id"].isNull { return false }
        guard let id = message.operatedTask else {
            refuse(message, .invalid, "the payload needs `task_id`, the id of a task")
            return true
        }
        guard let task = scope.tasks.first(where: { $0.id == id && $0.sessionID == session.id }),
            let actor = workflow.actors[task.taskType]
        else {
            refuse(message, .unknown, "there is no task \(id) in the session")
            return true
        }
        if session.status.hasEnded {
            refuse(message, .wrongStage, "the session is \(session.status.rawValue); nothing can follow")
        } else if command == .complete, let (_, reason, _) = Self.fault(of: message.payload["output"], actor) {
            refuse(message, .invalid, reason)
        } else if session.status == .paused {
            keep(message)
        } else if task.status.isOpen {
            operate(command, on: task, actor, message)
        } else {
            return operateOnEnded(command, task, message)
        }
        return true
    }

    private mutating func operate(
        _ command: OperatorCommand,
        on task: AsyncTask,
        _ actor: Actor,
        _ message: SessionMessage
    ) {
        var task = task
        let reason = String((message.payload["reason"].string ?? "").prefix(Self.reasonMax))
        say(command, task, reason, message)
        // Sealed before the chart goes on, so that the operator's event is written whatever the chart makes of it.
        switch command {
        case .retry:
            guard task.restart(actor: actor, reason: .string(reason), now: now) else { break }
            put(task)
            requests.append((task, nil))
            seal(message)
        case .cancel:
            guard task.cancel(now: now) else { break }
            task.errorData = [
                "code": "CANCELLED_BY_OPERATOR",
                "message": .string(reason.isEmpty ? "cancelled by an operator" : reason),
                "details": nil, "attempt": .int(task.attempt),
            ]
            put(task)
            cancelled.append(task)
            seal(message)
            proceed(.actorError(id: task.actorID, error: task.errorData), task, message)
        case .complete, .skip:
            let output = command == .complete ? message.payload["output"] : .null
            guard task.complete(byOperator: output, now: now) else { break }
            put(task)
            cancelled.append(task)
            seal(message)
            proceed(.actorDone(id: task.actorID, output: output), task, message)
        }
        // The row says so already when the workflow could not go on.
        if commit.commands.last(where: { $0.id == message.id })?.verdict == .incident { return }
        record(message, .completed, .accepted)
    }

    private mutating func say(
        _ command: OperatorCommand,
        _ task: AsyncTask,
        _ reason: String,
        _ message: SessionMessage
    ) {
        said.append(
            (
                command.eventType,
                [
                    "task_id": JSONValue(task.id), "task_type": .string(task.taskType), "attempt": .int(task.attempt),
                    "command_id": JSONValue(message.id), "operator": JSONValue(message.userID),
                    "reason": .string(reason),
                ]
            )
        )
    }

    /// A task that has ended is left as it is. Where the workflow waits for `Task.Retry`, that makes a new task, which
    /// is then completed or skipped in the same commit. False: the workflow decides.
    private mutating func operateOnEnded(
        _ command: OperatorCommand,
        _ task: AsyncTask,
        _ message: SessionMessage
    ) -> Bool {
        if command != .cancel, isStuck(at: task) { return replace(task, command, message) }
        let nodes = workflow.chart.nodes
        let isTaken = chart.configuration.contains { nodes.indices.contains($0) && nodes[$0].names(message.type) }
        if isTaken { return false }
        guard command == .complete || command == .skip,
            case .success(let step) = step(.event(type: SessionMessages.retryTask, payload: message.payload)),
            case .taken = step.outcome
        else {
            let states = workflow.chart.activeNames(chart)
            let reason = "task \(task.id) is \(task.status.rawValue), and \(states) does not wait for this"
            refuse(message, .wrongStage, reason)
            return true
        }
        apply(step, Cause(message: message, trigger: message.id, expired: nil))
        guard
            let fresh = scope.tasks.first(where: {
                $0.status.isOpen && $0.taskType == task.taskType && $0.triggeredByCommandID == message.id
            }), let actor = workflow.actors[fresh.taskType]
        else {
            record(message, .completed, .accepted, "the workflow went on, but made no new task to \(command)")
            return true
        }
        operate(command, on: fresh, actor, message)
        return true
    }

    // MARK: Incidents

    /// Whether the workflow could follow neither the task's result nor its failure, so that nothing happens any more.
    private func isStuck(at task: AsyncTask) -> Bool {
        scope.session?.state["incident"]["task_id"].string == task.id.description
            && !scope.tasks.contains { $0.status.isOpen && $0.actorID == task.actorID }
    }

    /// Puts a new task with the same input in the place of one that the workflow could not follow.
    private mutating func replace(
        _ task: AsyncTask,
        _ command: OperatorCommand,
        _ message: SessionMessage
    ) -> Bool {
        // A retry stays pending until its task ends, and a session has one of a kind.
        let earlier = scope.pendingCommands.first { $0.commandType == message.type && $0.id != message.id }
        if command == .retry, let earlier {
            refuse(message, behind: earlier)
            return true
        }
        let cause = Cause(message: message, trigger: message.id, expired: nil)
        startTask(task.actorID, task.taskType, task.inputData, cause)
        let mended = state(incident: .null)
        scope.session?.state = mended
        guard let fresh = scope.tasks.first(where: { $0.status.isOpen && $0.actorID == task.actorID }),
            let actor = workflow.actors[fresh.taskType]
        else { return false }
        guard command == .retry else {
            operate(command, on: fresh, actor, message)
            return true
        }
        say(command, fresh, String((message.payload["reason"].string ?? "").prefix(Self.reasonMax)), message)
        seal(message)
        record(message, .processing, .accepted)
        return true
    }
}
