// Tasks: requested when a state with `invoke` is entered, answered by agents, repeated or given up.

extension Turn {
    mutating func startTask(_ actorID: String, _ name: String, _ input: JSONValue, _ cause: Cause) {
        guard let session = scope.session, let actor = workflow.actors[name] else { return }
        let task = AsyncTask(
            id: TaskID(
                derivedFrom: "task",
                session.id.description,
                actorID,
                "\(session.version)",
                "\(requests.count)"
            ),
            session: session,
            actor: actor,
            actorID: actorID,
            trigger: cause.trigger,
            correlationID: flowCorrelation(cause.message),
            input: input,
            now: now
        )
        put(task)
        requests.append((task, nil))
        announcements["task"] = ["task_id": JSONValue(task.id), "task_type": .string(name)]
    }

    mutating func deliverAnswer(_ answer: AgentAnswer, of told: SessionMessage) {
        // Its fields may have stood beside the payload; the row keeps which task it was about.
        var message = told
        message.payload = .object((told.payload.object ?? [:]).merging(answer.address))
        guard let session = scope.session,
            var task = scope.tasks.first(where: { $0.id == answer.taskID && $0.sessionID == session.id }),
            let actor = workflow.actors[task.taskType]
        else {
            return set(aside: answer, message, .unknown, "there is no task \(answer.taskID) in the session")
        }
        if case .completed(let type, _) = answer.kind, type != actor.resultType {
            let reason = "task \(task.id) (\(task.taskType)) is answered by `\(actor.resultType)`, not `\(type)`"
            return record(message, .failed, .invalid, reason)
        }
        if answer.isFinal, session.status == .paused, task.status.isOpen, answer.attempt == task.attempt {
            return keepAnswer(answer, message)
        }
        let fitting = Self.fitting(answer, actor)
        let reaction = task.handle(fitting, actor: actor, now: now)
        switch reaction {
        case .ended: return set(aside: answer, message, .superseded, "task \(task.id) is \(task.status.rawValue)")
        case .staleAttempt:
            return set(aside: answer, message, .staleAttempt, "task \(task.id) is at attempt \(task.attempt)")
        case .changed, .completed, .retry, .failed: break
        }
        guard answer.isFinal else { return put(task) }
        settle(task, reaction, message)
        if fitting != answer {
            record(message, .failed, .invalid, task.errorData["message"].string)
        }
    }

    /// Keeps what an answer was that nobody waits for, or not any more. Of what is told again and again (a start, progress)
    /// one row is kept for each attempt, the latest.
    private mutating func set(
        aside answer: AgentAnswer,
        _ message: SessionMessage,
        _ verdict: Verdict,
        _ reason: String
    ) {
        var kept = message
        if !answer.isFinal {
            let subject = "\(answer.taskID)/\(answer.attempt)/\(message.type)"
            kept.id = MessageID(derivedFrom: "late answer", message.tenantID, message.sessionID.description, subject)
            kept.idempotencyKey = "\(SessionMessage.workerKeyPrefix)late/\(message.sessionID)/\(subject)"
        }
        record(kept, .failed, verdict, reason)
    }

    mutating func taskOverdue(_ id: TaskID, attempt: Int, _ message: SessionMessage) {
        guard var task = scope.tasks.first(where: { $0.id == id }), let actor = workflow.actors[task.taskType]
        else { return }
        let reaction = task.handleDeadline(attempt: attempt, actor: actor, now: now)
        switch reaction {
        case .changed, .ended, .staleAttempt: return
        case .completed, .retry, .failed: settle(task, reaction, message)
        }
    }

    /// A queued task leaves the queue: its agent is asked, or the worker begins to do it.
    mutating func takeTurn(_ id: TaskID, attempt: Int, node: String, _ message: SessionMessage) {
        guard let session = scope.session, !session.status.hasEnded,
            var task = scope.tasks.first(where: { $0.id == id }), let actor = workflow.actors[task.taskType],
            task.takeTurn(attempt: attempt, node: node, actor: actor, now: now)
        else { return }
        put(task)
        guard let topics = actor.topics else { return }
        commit.outbox.append(
            PublishedForm.taskRequest(
                task,
                actor: actor,
                topic: topics.requests,
                eventID: nil,
                userID: session.userID,
                now: now
            )
        )
    }

    /// Writes a task that an answer or a limit has changed, and lets the statechart go on.
    private mutating func settle(_ task: AsyncTask, _ reaction: TaskReaction, _ message: SessionMessage) {
        switch reaction {
        case .changed:
            put(task)
        case .ended, .staleAttempt: break
        case .retry(let delay):
            put(task)
            requests.append((task, now + delay))
            said = [
                (
                    "Genesis.Session.TaskRetried",
                    [
                        "task_id": JSONValue(task.id), "task_type": .string(task.taskType),
                        "attempt": .int(task.attempt), "error": task.errorData,
                        "not_before": JSONValue(now + delay),
                    ]
                )
            ]
            seal(message)
            record(message, .completed, .accepted)
        case .completed:
            put(task)
            record(message, .completed, .accepted)
            proceed(.actorDone(id: task.actorID, output: task.resultData), task, message)
        case .failed:
            put(task)
            record(message, .completed, .accepted)
            proceed(.actorError(id: task.actorID, error: task.errorData), task, message)
        }
    }

    mutating func proceed(_ input: ChartInput, _ task: AsyncTask, _ message: SessionMessage) {
        let cause = Cause(message: message, trigger: task.triggeredByCommandID, expired: nil)
        switch step(input) {
        case .success(let step): apply(step, cause)
        case .failure(let failure):
            raiseIncident(failure, message, of: task.id)
            // A result the chart cannot digest is as good as none: its error path gives people a way on.
            let error: JSONValue = ["code": "WORKFLOW_ERROR", "message": .string("\(failure)"), "details": nil]
            if case .actorDone(let id, _) = input, case .success(let step) = step(.actorError(id: id, error: error)) {
                apply(step, cause)
            }
        }
        let failure = task.status == .completed ? nil : task.errorData["message"].string ?? task.status.rawValue
        finishCommand(of: task, failure: failure)
    }

    mutating func cancelTasks(_ isUnwanted: (AsyncTask) -> Bool) {
        for var task in scope.tasks where isUnwanted(task) && task.cancel(now: now) {
            put(task)
            cancelled.append(task)
            finishCommand(of: task, failure: "its task \(task.id) was cancelled")
        }
    }

    /// Ends the command that a task was working for, once it has no other open task.
    private mutating func finishCommand(of task: AsyncTask, failure: String?) {
        guard let trigger = task.triggeredByCommandID,
            !scope.tasks.contains(where: { $0.status.isOpen && $0.triggeredByCommandID == trigger }),
            var row = scope.pendingCommands.first(where: { $0.id == trigger && $0.status == .processing })
        else { return }
        row.status = failure == nil ? .completed : .failed
        row.errorMessage = failure
        row.retryCount = max(row.retryCount, task.retryCount)
        row.updatedAt = now
        row.processedAt = now
        put(row)
    }

    /// Ends what an ended session still had open.
    mutating func closeEverything(because reason: String) {
        cancelTasks { _ in true }
        for var handle in scope.handles where handle.status.isOpen {
            handle.status = .cancelled
            handle.updatedAt = now
            put(handle)
            if !announcements.keys.contains("wait_ended") { announce(endOf: handle) }
        }
        for row in scope.pendingCommands where row.verdict == .buffered {
            refuse(SessionMessage(row: row), .superseded, reason)
        }
    }

    // MARK: Answers kept while paused

    private mutating func keepAnswer(_ answer: AgentAnswer, _ message: SessionMessage) {
        guard scope.pendingCommands.count < Self.keptInputsMax else {
            return record(
                message,
                .failed,
                .notAllowed,
                "the paused session keeps \(Self.keptInputsMax) inputs already"
            )
        }
        var kept = message
        kept.type = AgentAnswer.keptType(answer)
        kept.payload = answer.payload
        if let earlier = scope.pendingCommands.first(where: { $0.commandType == kept.type }) {
            return record(message, .failed, .superseded, "the task's answer \(earlier.id) is kept already")
        }
        record(kept, .received, .buffered, "kept until the session is unpaused")
        // As for a kept reply: what unpauses the session must know of this row.
        said = [
            ("Genesis.Session.ResultBuffered", ["task_id": JSONValue(answer.taskID), "attempt": .int(answer.attempt)])
        ]
        seal(message)
    }
}

extension AgentAnswer {
    /// Which attempt of which task it is about.
    var address: JSONObject { ["task_id": JSONValue(taskID), "attempt": .int(attempt)] }

    /// Whether the answer ends its attempt.
    var isFinal: Bool {
        switch kind {
        case .started, .progressed: false
        case .completed, .failed, .handedBack: true
        }
    }

    /// The event type the answer came as.
    package var type: String {
        switch kind {
        case .started: SessionMessages.taskStarted
        case .progressed: SessionMessages.taskProgressed
        case .completed(let type, _): type
        case .failed, .handedBack: SessionMessages.taskFailed
        }
    }

    /// The type under which an answer is kept: with its task, since only one row of a type may be pending in a session.
    static func keptType(_ answer: AgentAnswer) -> String { "\(answer.type)/\(answer.taskID)" }

    /// The final answer as a payload that `init(kept:)` reads back.
    package var payload: JSONValue {
        var members: JSONObject = ["task_id": JSONValue(taskID), "attempt": .int(attempt)]
        switch kind {
        case .started, .progressed, .handedBack: break
        case .completed(_, let output): members["output"] = output
        case .failed(let code, let message, let retryable, let details):
            members["code"] = .string(code)
            members["message"] = .string(message)
            members["retryable"] = .bool(retryable)
            members["details"] = details
        }
        return .object(members)
    }

    /// The answer in an inbox row that a paused session kept; nil when the row is a command.
    init?(kept row: InboxCommand) {
        let parts = row.commandType.split(separator: "/", maxSplits: 1)
        guard parts.count == 2, let taskID = TaskID(parts[1]), row.payload["task_id"].string == taskID.description,
            let attempt = row.payload["attempt"].int
        else { return nil }
        if parts[0] == SessionMessages.taskFailed {
            self.init(
                taskID: taskID,
                attempt: attempt,
                kind: .failed(
                    code: row.payload["code"].string ?? "UNKNOWN",
                    message: row.payload["message"].string ?? "",
                    retryable: row.payload["retryable"].bool ?? true,
                    details: row.payload["details"]
                )
            )
        } else {
            self.init(
                taskID: taskID,
                attempt: attempt,
                kind: .completed(type: String(parts[0]), output: row.payload["output"])
            )
        }
    }
}
