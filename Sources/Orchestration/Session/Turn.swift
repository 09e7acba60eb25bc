/// One message being decided: the working copy of a session's scope, and the commit as it grows.
struct Turn {
    let workflow: Workflow
    let topics: SessionTopics
    let now: Instant
    var scope: SessionScope
    var commit: Commit
    /// The session as it was loaded, or as the last sealed step left it.
    private var sealed: GenesisSession?
    /// The statechart's state of `scope.session`; empty before the session exists.
    var chart = ChartState()
    /// Since when the session is paused.
    var pausedAt: Instant?
    /// Set when the stored state does not fit the workflow; nothing can be decided then.
    var unreadable: String?
    /// What the step under way has said so far; `seal` makes domain events of it.
    var said: [(type: String, payload: JSONValue)] = []
    var announcements = JSONObject()
    var requests: [(AsyncTask, scheduledAt: Instant?)] = []
    var cancelled: [AsyncTask] = []

    init(message: SessionMessage, scope: SessionScope, workflow: Workflow, topics: SessionTopics, now: Instant) {
        self.workflow = workflow
        self.topics = topics
        self.now = now
        self.scope = scope
        self.sealed = scope.session
        self.commit = Commit(
            sessionID: message.sessionID,
            tenantID: message.tenantID,
            expectedVersion: scope.session?.version ?? 0
        )
        if let session = scope.session {
            pausedAt = session.state["paused_at"].string.flatMap { Instant($0) }
            do {
                chart = try ChartState(json: session.state["chart"], in: workflow.chart)
            } catch {
                unreadable = "\(error)"
            }
        }
    }

    mutating func deliver(_ message: SessionMessage) {
        if let unreadable {
            // What is due stays due until somebody mends the session; a row for each look would help nobody.
            if case .due = message.kind { return }
            refuse(
                message,
                .incident,
                "the session's state does not fit workflow \(workflow.hash.prefix(12)): \(unreadable)"
            )
            return
        }
        if let session = scope.session, session.tenantID != message.tenantID {
            refuse(message, .unknown, message.noSuchSession)
            return
        }
        // A kept message is kept no longer: if it ends the session, it is not among what is refused for that.
        if message.row?.verdict == .buffered { scope.pendingCommands.removeAll { $0.id == message.id } }
        switch message.kind {
        case .command: deliverCommand(message)
        case .answer(let answer): deliverAnswer(answer, of: message)
        case .unreadableAnswer(let reason): record(message, .failed, .invalid, reason)
        case .due(let due): deliverDue(due, message)
        }
    }

    // MARK: Steps

    /// What started a step, as far as its effects need to know.
    struct Cause {
        var message: SessionMessage
        /// The command that new tasks belong to.
        var trigger: MessageID?
        /// The wait whose deadline passed.
        var expired: HandleID?
    }

    /// What jq programs see as `.session`.
    var sessionView: JSONValue {
        guard let session = scope.session else { return .null }
        return [
            "id": JSONValue(session.id), "status": .string(session.status.rawValue),
            "stage": .string(session.currentStage.rawValue), "user_id": JSONValue(session.userID),
            "tenant_id": .string(session.tenantID), "novel_id": JSONValue(session.novelID),
        ]
    }

    /// Computes a step without applying it.
    func step(_ input: ChartInput) -> Result<ChartStep, ChartFailure> {
        Result { () throws(ChartFailure) in
            try Self.bounded(
                try Interpreter.step(
                    workflow.chart,
                    chart,
                    input,
                    session: sessionView,
                    now: now,
                    expressions: workflow.expressions
                )
            )
        }
    }

    /// Turns a step into rows and seals it with its events.
    mutating func apply(_ step: ChartStep, _ cause: Cause) {
        var sources: [Chart.NodeIndex] = []
        if case .taken(let nodes) = step.outcome { sources = nodes }
        let timersBefore = Set(chart.timers.map(\.sequence))
        chart = step.state
        var parked: [ParkedWait] = []
        for effect in step.effects {
            switch effect {
            case .emit(let type, let payload): said.append((type, payload))
            case .startActor(let id, let src, let input, _): startTask(id, src, input, cause)
            case .cancelActor(let id): cancelTasks { $0.actorID == id }
            case .park(let node, let visit):
                if let wait = park(node, visit: visit) { parked.append(wait) }
            case .unpark(let node): unpark(node, wasReply: sources.contains(node), cause)
            case .pause: pause()
            case .unpause: unpause(timersBefore)
            }
        }
        let isUnpausing = step.effects.contains(.unpause)
        settleSession()
        seal(cause.message)
        for wait in parked { applyEarlyReply(to: wait) }
        if isUnpausing { applyKept() }
    }

    /// Brings the session row's columns in line with the statechart.
    mutating func settleSession() {
        guard var session = scope.session else { return }
        let nodes = workflow.chart.nodes
        for index in chart.configuration where nodes.indices.contains(index) {
            if let name = nodes[index].stage, let stage = GenesisStage(rawValue: name) { session.currentStage = stage }
        }
        session.confirmedData = chart.context["confirmed"].object.map { .object($0) } ?? [:]
        session.nextTimerAt = chart.timers.map(\.due).min()
        switch chart.status {
        case .active: break
        case .error:
            // A task failed for good and no state says what then.
            session.status = .failed
        case .done:
            let tags = Set(chart.configuration.filter(nodes.indices.contains).flatMap { nodes[$0].tags })
            if tags.contains("abandoned") {
                session.status = .abandoned
            } else if tags.contains("failed") {
                session.status = .failed
            } else {
                session.status = .completed
                session.currentStage = .finished
                session.novelID =
                    chart.context["novel_id"].string.flatMap { NovelID($0) }
                    ?? NovelID(derivedFrom: "novel", session.id.description)
            }
        }
        if session.status.hasEnded {
            session.nextTimerAt = nil
            closeEverything(because: "the session is \(session.status.rawValue)")
        }
        session.state = state(incident: .null)
        scope.session = session
    }

    /// What the session's row keeps beside its columns.
    func state(incident: JSONValue) -> JSONValue {
        var state: JSONObject = ["chart": chart.json(in: workflow.chart), "incident": incident]
        if let pausedAt { state["paused_at"] = JSONValue(pausedAt) }
        return .object(state)
    }

    // MARK: Events

    /// Gives the step's events their versions and writes the session row; a step that changed nothing leaves no trace.
    mutating func seal(_ message: SessionMessage) {
        guard var session = scope.session else { return }
        let before = sealed.map { SessionFold.image(of: $0) } ?? [:]
        let change = before.difference(to: SessionFold.image(of: session))
        // A task that is begun anew may leave the session as it was; its agent has to hear of it all the same.
        let isChanged = !change.isEmpty || !requests.isEmpty || !cancelled.isEmpty
        if said.isEmpty, isChanged { said = [(Self.transitioned, ["on": .string(message.type)])] }
        guard !said.isEmpty else {
            (announcements, requests, cancelled) = ([:], [], [])
            return
        }
        let flow = flowCorrelation(message)
        // The event names the session's owner as its user all the same: it is whom others tell of a reminder.
        let isDue = message.source == SessionMessage.workerSource
        let source: JSONObject = isDue ? ["source": .string(message.source)] : [:]
        for (index, entry) in said.enumerated() {
            session.version += 1
            let isLast = index == said.count - 1
            let event = DomainEvent(
                eventID: EventID(derivedFrom: "event", session.id.description, "\(session.version)"),
                tenantID: session.tenantID,
                aggregateID: session.id,
                aggregateVersion: session.version,
                eventType: entry.type,
                payload: entry.payload.object == nil ? ["value": entry.payload] : entry.payload,
                metadata: .object(isLast ? announcements.merging(source) : source),
                stateChange: isLast ? .object(change) : [:],
                correlationID: flow,
                causationID: message.id,
                userID: message.userID ?? session.userID,
                occurredAt: now,
                createdAt: now
            )
            commit.events.append(event)
            commit.outbox.append(
                PublishedForm.event(event, topic: topics.events, traceparent: message.metadata["traceparent"].string)
            )
        }
        session.updatedAt = now
        scope.session = session
        sealed = session
        commit.session = session
        let cause = commit.events.last?.eventID
        for (task, scheduledAt) in requests {
            // A queued task is asked for when its turn has come.
            guard let actor = workflow.actors[task.taskType], let topics = actor.topics, task.requestedAt != nil
            else { continue }
            commit.outbox.append(
                PublishedForm.taskRequest(
                    task,
                    actor: actor,
                    topic: topics.requests,
                    eventID: cause,
                    userID: session.userID,
                    traceparent: message.metadata["traceparent"].string,
                    scheduledAt: scheduledAt,
                    now: now
                )
            )
        }
        for task in cancelled {
            guard let topics = workflow.actors[task.taskType]?.topics, task.requestedAt != nil else { continue }
            commit.outbox.append(PublishedForm.taskCancelled(task, topic: topics.requests, eventID: cause, now: now))
        }
        (said, announcements, requests, cancelled) = ([], [:], [], [])
    }

    static let transitioned = "Genesis.Session.Transitioned"
    static let started = "Genesis.Session.Started"
    static let replyBuffered = "Genesis.Session.ReplyBuffered"
    static let incidentRaised = "Genesis.Session.IncidentRaised"

    /// The flow a message belongs to: its own correlation, unless that names a wait or is missing.
    func flowCorrelation(_ message: SessionMessage) -> String {
        let flow = scope.session?.correlationID ?? message.sessionID.description
        guard let own = message.correlationID, !scope.handles.contains(where: { $0.correlationID == own })
        else { return flow }
        return own
    }

    // MARK: Verdicts

    /// Writes the message's inbox row.
    mutating func record(
        _ message: SessionMessage,
        _ status: CommandStatus,
        _ verdict: Verdict,
        _ reason: String? = nil
    ) {
        let flow = scope.session?.correlationID ?? message.sessionID.description
        put(message.inboxRow(status, verdict, reason: reason, correlationID: flow, now: now))
    }

    /// Refuses a message: nothing changes but its row, and the sender is told.
    mutating func refuse(_ message: SessionMessage, _ verdict: Verdict, _ reason: String) {
        record(message, .failed, verdict, reason)
        tell(message)
    }

    /// Publishes the verdict of a message that leaves no event.
    mutating func tell(_ message: SessionMessage) {
        guard message.source != SessionMessage.workerSource,
            let row = commit.commands.last(where: { $0.id == message.id })
        else { return }
        commit.outbox.append(topics.notice(of: row, now: now))
    }

    /// The step could not be computed: the session goes on waiting where it was, and says why.
    ///
    /// - Parameter task: the task whose end the step was to follow; an operator may take its place.
    mutating func raiseIncident(_ failure: ChartFailure, _ message: SessionMessage, of task: TaskID? = nil) {
        if var session = scope.session {
            var incident: JSONObject = [
                "message_id": JSONValue(message.id), "type": .string(message.type),
                "error": .string("\(workflow.name) \(workflow.version), \(failure)"),
            ]
            if let task { incident["task_id"] = JSONValue(task) }
            session.state = state(incident: .object(incident))
            session.nextTimerAt = chart.nextTimer?.due
            scope.session = session
            said = [(Self.incidentRaised, .object(incident))]
            seal(message)
        }
        var row = message.inboxRow(
            .failed,
            .incident,
            reason: "\(workflow.name) \(workflow.version), \(failure)",
            correlationID: scope.session?.correlationID ?? message.sessionID.description,
            now: now
        )
        row.retryCount += 1
        put(row)
    }

    // MARK: After-images

    mutating func put(_ row: InboxCommand) {
        commit.commands.removeAll { $0.id == row.id }
        commit.commands.append(row)
        scope.pendingCommands.removeAll { $0.id == row.id }
        if row.status == .received || row.status == .processing { scope.pendingCommands.append(row) }
    }

    mutating func put(_ task: AsyncTask) {
        commit.tasks.removeAll { $0.id == task.id }
        commit.tasks.append(task)
        if let index = scope.tasks.firstIndex(where: { $0.id == task.id }) {
            scope.tasks[index] = task
        } else {
            scope.tasks.append(task)
        }
    }

    mutating func put(_ handle: ResumeHandle) {
        commit.handles.removeAll { $0.id == handle.id }
        commit.handles.append(handle)
        if let index = scope.handles.firstIndex(where: { $0.id == handle.id }) {
            scope.handles[index] = handle
        } else {
            scope.handles.append(handle)
        }
    }
}
