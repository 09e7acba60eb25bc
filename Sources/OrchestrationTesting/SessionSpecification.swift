package import Orchestration

/// One session told things one after another, on plain values: given, when, then without database or broker.
///
/// It plays the store: what was decided is kept, and the next message is given the scope that a store would load.
package struct SessionSpecification {
    package let workflow: Workflow
    package let sessionID: SessionID
    package var tenantID = "default"
    package var now: Instant
    package private(set) var session: GenesisSession?
    package private(set) var events: [DomainEvent] = []
    package private(set) var tasks: [AsyncTask] = []
    package private(set) var handles: [ResumeHandle] = []
    package private(set) var commands: [InboxCommand] = []
    package private(set) var outbox: [OutboxMessage] = []
    /// Broken promises of the store or of the decisions; must stay empty.
    package private(set) var faults: [String] = []
    private var messages = 0

    package init(_ workflow: Workflow, at now: Instant = Instant(microseconds: 1_800_000_000_000_000)) {
        self.workflow = workflow
        self.sessionID = SessionID(derivedFrom: "specification", workflow.hash)
        self.now = now
    }

    /// Tells the session a command; short names are of `Command.Genesis.Session.`.
    @discardableResult
    package mutating func command(
        _ name: String,
        _ payload: JSONValue = [:],
        correlation: String? = nil,
        user: String? = nil,
        key: String? = nil
    ) -> InboxCommand {
        messages += 1
        let id = MessageID(derivedFrom: "message", sessionID.description, "\(messages)")
        return tell(
            SessionMessage(
                kind: .command,
                id: id,
                idempotencyKey: key ?? id.description,
                type: name.hasPrefix("Command.") ? name : "Command.Genesis.Session." + name,
                tenantID: tenantID,
                sessionID: sessionID,
                payload: payload,
                correlationID: correlation,
                userID: user,
                source: "kafka"
            )
        ) ?? InboxCommand(missing: id, sessionID)
    }

    /// Tells the session what an agent says about its newest task, or the one given.
    @discardableResult
    package mutating func answer(
        _ kind: AgentAnswer.Kind,
        task: AsyncTask? = nil,
        attempt: Int? = nil
    ) -> InboxCommand? {
        guard let task = task ?? tasks.last else { return nil }
        messages += 1
        let answer = AgentAnswer(taskID: task.id, attempt: attempt ?? task.attempt, kind: kind)
        let id = MessageID(derivedFrom: "message", sessionID.description, "\(messages)")
        return tell(
            SessionMessage(
                kind: .answer(answer),
                id: id,
                idempotencyKey: id.description,
                type: answer.type,
                tenantID: tenantID,
                sessionID: sessionID,
                payload: [:],
                source: "kafka"
            )
        )
    }

    /// The newest task is completed with the output, as its actor wants it.
    @discardableResult
    package mutating func complete(_ output: JSONValue = [:]) -> InboxCommand? {
        guard let task = tasks.last, let actor = workflow.actors[task.taskType] else { return nil }
        return answer(.completed(type: actor.resultType, output: output), task: task)
    }

    /// Time passes; what is due is put in as the sweeper does, until nothing is.
    package mutating func pass(_ interval: Interval) {
        now = now + interval
        for _ in 0..<100 {
            let due = dueInputs()
            if due.isEmpty { return }
            for input in due { _ = tell(SessionMessage(due: input)) }
        }
        faults.append("still something due after 100 sweeps")
    }

    @discardableResult
    package mutating func tell(_ message: SessionMessage) -> InboxCommand? {
        if let known = commands.first(where: { $0.idempotencyKey == message.idempotencyKey && $0.verdict != nil }),
            message.row == nil
        {
            return known
        }
        var scope = self.scope(for: message)
        if case .due = message.kind {
        } else {
            for due in SessionDecision.overdue(in: scope, now: now) {
                apply(decide(SessionMessage(due: due), &scope))
            }
        }
        apply(decide(message, &scope))
        return commands.first { $0.id == message.id }
    }

    private func decide(_ message: SessionMessage, _ scope: inout SessionScope) -> Commit {
        SessionDecision.decide(message, scope: &scope, workflow: workflow, topics: SessionTopics(), now: now)
    }

    /// What a store would load for the message.
    package func scope(for message: SessionMessage) -> SessionScope {
        var scope = SessionScope()
        scope.session = session
        scope.tasks = tasks.filter { task in
            if case .answer(let answer) = message.kind, answer.taskID == task.id { return true }
            return task.status.isOpen || task.id == message.operatedTask
        }
        scope.handles = handles.filter { $0.status.isOpen || $0.correlationID == message.correlationID }
        scope.pendingCommands = commands.filter {
            $0.status == .received || $0.status == .processing
        }
        return scope
    }

    private func dueInputs() -> [DueInput] {
        guard let session, session.status == .inProgress else { return [] }
        var due: [DueInput] = []
        func add(_ kind: DueInput.Kind, _ at: Instant?) {
            guard let at, at <= now else { return }
            due.append(DueInput(sessionID: session.id, tenantID: session.tenantID, kind: kind, dueAt: at))
        }
        add(.timer, session.nextTimerAt)
        for handle in handles where handle.status == .waiting || handle.status == .pendingPause {
            add(.handle(handle.id), handle.expiresAt)
            if handle.status == .waiting { add(.reminder(handle.id), handle.nextReminderAt) }
        }
        for task in tasks where task.status.isOpen { add(.task(task.id, attempt: task.attempt), task.deadlineAt) }
        return due.sorted { $0.dueAt < $1.dueAt }
    }

    private mutating func apply(_ commit: Commit) {
        if commit.expectedVersion != (session?.version ?? 0) {
            faults.append("expected version \(commit.expectedVersion), is \(session?.version ?? 0)")
        }
        for event in commit.events {
            if event.aggregateVersion != events.count + 1 {
                faults.append("gap before version \(event.aggregateVersion)")
            }
            events.append(event)
        }
        if let session = commit.session { self.session = session }
        for row in commit.commands {
            if let index = commands.firstIndex(where: { $0.id == row.id }) {
                commands[index] = row
            } else {
                var stored = row
                stored.arrival = Int64(commands.count + 1)
                commands.append(stored)
            }
        }
        for task in commit.tasks {
            if let index = tasks.firstIndex(where: { $0.id == task.id }) {
                if !tasks[index].status.isOpen, tasks[index] != task { faults.append("task \(task.id) went back") }
                tasks[index] = task
            } else {
                tasks.append(task)
            }
        }
        for handle in commit.handles {
            if let index = handles.firstIndex(where: { $0.id == handle.id }) {
                if !handles[index].status.isOpen, handles[index] != handle {
                    faults.append("handle \(handle.id) went back")
                }
                handles[index] = handle
            } else {
                handles.append(handle)
            }
        }
        outbox += commit.outbox
        check()
    }

    /// The promises that hold after every commit.
    private mutating func check() {
        if let session {
            faults += SessionFold.differences(between: session, and: events)
            if session.status.hasEnded {
                if handles.contains(where: \.status.isOpen) { faults.append("an open wait in an ended session") }
                if tasks.contains(where: \.status.isOpen) { faults.append("an open task in an ended session") }
            }
        }
        let waiting = Dictionary(grouping: handles.filter { $0.status == .waiting }, by: \.correlationID)
        if waiting.contains(where: { $0.value.count > 1 }) { faults.append("two waits for one correlation") }
        let pending = commands.filter { $0.status == .received || $0.status == .processing }
        if Dictionary(grouping: pending, by: \.commandType).contains(where: { $0.value.count > 1 }) {
            faults.append("two pending commands of one type")
        }
        if Set(outbox.map(\.id)).count != outbox.count { faults.append("two outbox rows with one id") }
    }

    /// The types of the events so far, without their common prefix.
    package var story: [String] {
        events.map { $0.eventType.hasPrefix("Genesis.Session.") ? String($0.eventType.dropFirst(16)) : $0.eventType }
    }

    /// The wait that is open, if one is.
    package var wait: ResumeHandle? { handles.last { $0.status == .waiting || $0.status == .paused } }
}

extension InboxCommand {
    /// Stands for a row that a decision forgot to write.
    fileprivate init(missing id: MessageID, _ session: SessionID) {
        self.init(
            id: id,
            tenantID: "",
            sessionID: session,
            commandType: "missing",
            idempotencyKey: "",
            payload: [:],
            correlationID: "",
            causationID: nil,
            userID: nil,
            metadata: [:],
            source: "",
            status: .received,
            verdict: nil,
            errorMessage: nil,
            retryCount: 0,
            createdAt: Instant(microseconds: 0),
            updatedAt: Instant(microseconds: 0),
            processedAt: nil
        )
    }
}
