/// Everything that is kept of one session, for playing it again.
package struct SessionRecord: Sendable {
    package var session: GenesisSession
    package var events: [DomainEvent]
    package var commands: [InboxCommand]
    package var tasks: [AsyncTask]

    package init(session: GenesisSession, events: [DomainEvent], commands: [InboxCommand], tasks: [AsyncTask]) {
        (self.session, self.events, self.commands, self.tasks) = (session, events, commands, tasks)
    }

    /// The hash of the definition that the session started with.
    package var startedWith: String? { events.first?.payload["workflow"]["hash"].string }
}

/// Plays a session's recorded inputs through a definition: what would have been decided, and where.
///
/// Inputs come at the times at which they were decided; waits and timers that are past their time by then are dealt
/// with first, as the sweeper would have. Of what agents say only final answers are recorded, so limits of tasks pass
/// where the record has them.
package struct SessionReplay {
    /// What one recorded input led to.
    package struct Decision: Equatable, Sendable {
        package var input: String
        package var verdict: String?
        /// The types of the events that it and the deadlines before it led to.
        package var events: [String]
        package var states: [String]
        package var status: String
    }

    /// One input that the two definitions answer differently.
    package struct Difference: Equatable, Sendable {
        /// Among the session's recorded inputs, from 1.
        package var number: Int
        package var old: Decision
        package var new: Decision
    }

    private let workflow: Workflow
    private let record: SessionRecord
    private var session: GenesisSession?
    private var tasks: [AsyncTask] = []
    private var handles: [ResumeHandle] = []
    private var pending: [InboxCommand] = []
    private var arrivals: Int64 = 0
    private var said: [String] = []

    /// Names that inputs gave, and that were other sessions' waits.
    private let foreignWaits: Set<TenantKey>

    private init(_ record: SessionRecord, _ workflow: Workflow) {
        self.record = record
        self.workflow = workflow
        foreignWaits = Set(
            record.commands.filter { $0.verdict == .unknown }
                .map { TenantKey(tenantID: $0.tenantID, key: $0.correlationID) }
        )
    }

    package static func differences(_ record: SessionRecord, from old: Workflow, to new: Workflow) -> [Difference] {
        let (before, after) = (decisions(record, by: old), decisions(record, by: new))
        return zip(before, after).enumerated().compactMap { index, pair in
            pair.0 == pair.1 ? nil : Difference(number: index + 1, old: pair.0, new: pair.1)
        }
    }

    /// One decision for each recorded input, up to a move to another version.
    package static func decisions(_ record: SessionRecord, by workflow: Workflow) -> [Decision] {
        var replay = SessionReplay(record, workflow)
        return replay.play()
    }

    private mutating func play() -> [Decision] {
        var decisions: [Decision] = []
        for (row, time) in inputs() {
            if row.commandType == SessionMigration.command { break }
            said = []
            passDeadlines(until: time)
            var verdict: String?
            if let message = message(of: row) {
                let commit = tell(message, at: time)
                verdict = commit.commands.last { $0.id == message.id }?.verdict?.rawValue
            }
            decisions.append(
                Decision(
                    input: row.commandType,
                    verdict: verdict,
                    events: said,
                    states: chartState.map { workflow.chart.atomicIDs(of: $0) } ?? [],
                    status: session?.status.rawValue ?? ""
                )
            )
        }
        return decisions
    }

    private var chartState: ChartState? {
        session.flatMap { try? ChartState(json: $0.state["chart"], in: workflow.chart) }
    }

    // MARK: Inputs

    /// The recorded inputs with the times at which they were decided, in that order.
    private func inputs() -> [(InboxCommand, Instant)] {
        var decided: [MessageID: Instant] = [:]
        for event in record.events where decided[event.causationID] == nil {
            decided[event.causationID] = event.occurredAt
        }
        // What was kept was told when it came; that it took effect later follows from the rest.
        let timed = record.commands.filter { $0.verdict != nil }.map { row in
            (row, row.source == "table" ? decided[row.id] ?? row.createdAt : row.createdAt)
        }
        return timed.sorted { ($0.1, $0.0.arrival ?? 0) < ($1.1, $1.0.arrival ?? 0) }
    }

    /// The message of a row; nil for one that only says that a deadline has passed.
    private func message(of row: InboxCommand) -> SessionMessage? {
        var message = SessionMessage(row: row)
        message.row = nil
        if row.source == SessionMessage.workerSource {
            guard row.commandType == "task.overdue", let task = overdueTask(row) else { return nil }
            message.kind = .due(.task(task.id, attempt: task.attempt))
            return message
        }
        guard let answer = answer(of: row) else {
            // An operator's command names a task, which may have another id here.
            if let id = message.operatedTask, let task = standIn(for: id), var payload = message.payload.object {
                payload["task_id"] = JSONValue(task.id)
                message.payload = .object(payload)
            }
            return message
        }
        message.kind = .answer(answer)
        message.type = row.commandType.split(separator: "/").first.map(String.init) ?? row.commandType
        return message
    }

    private func overdueTask(_ row: InboxCommand) -> AsyncTask? {
        let parts = row.idempotencyKey.split(separator: "/")
        guard parts.count > 1, let id = TaskID(parts[1]) else { return nil }
        return standIn(for: id)
    }

    private func answer(of row: InboxCommand) -> AgentAnswer? {
        if let kept = AgentAnswer(kept: row) { return standing(kept) }
        guard record.tasks.contains(where: { row.payload["task_id"].string == $0.id.description }),
            let id = row.payload["task_id"].string.flatMap({ TaskID($0) }),
            SessionMessages.command(row.commandType) == nil
        else { return nil }
        let kind: AgentAnswer.Kind =
            row.commandType == SessionMessages.taskFailed
            ? .failed(
                code: row.payload["code"].string ?? "UNKNOWN",
                message: row.payload["message"].string ?? "",
                retryable: row.payload["retryable"].bool ?? true,
                details: row.payload["details"]
            ) : .completed(type: row.commandType, output: row.payload["output"])
        return standing(AgentAnswer(taskID: id, attempt: row.payload["attempt"].int ?? 1, kind: kind))
    }

    private func standing(_ answer: AgentAnswer) -> AgentAnswer {
        var answer = answer
        if let task = standIn(for: answer.taskID) { answer.taskID = task.id }
        return answer
    }

    /// The task of this replay that takes the place of a recorded one: that with its id, else an open one of its kind.
    private func standIn(for id: TaskID) -> AsyncTask? {
        if let same = tasks.first(where: { $0.id == id }) { return same }
        let kind = record.tasks.first { $0.id == id }?.taskType
        return tasks.first { $0.taskType == kind && $0.status.isOpen }
    }

    // MARK: Decisions

    /// The most deadlines between two inputs.
    private static let deadlinesMax = 1_000

    private mutating func passDeadlines(until time: Instant) {
        for _ in 0..<Self.deadlinesMax {
            var scope = SessionScope()
            scope.session = session
            scope.handles = handles.filter(\.status.isOpen)
            guard let due = SessionDecision.overdue(in: scope, now: time).first else { return }
            _ = tell(SessionMessage(due: due), at: max(due.dueAt, session?.updatedAt ?? due.dueAt))
        }
    }

    private mutating func tell(_ message: SessionMessage, at now: Instant) -> Commit {
        var scope = SessionScope()
        scope.session = session
        var named: TaskID?
        if case .answer(let answer) = message.kind { named = answer.taskID }
        if case .due(.task(let id, _)) = message.kind { named = id }
        scope.tasks = tasks.filter { $0.status.isOpen || $0.id == named || $0.id == message.operatedTask }
        if case .due(.task(let id, _)) = message.kind {
            // What was overdue is overdue here, whatever the agent has said in between.
            for index in scope.tasks.indices where scope.tasks[index].id == id {
                scope.tasks[index].deadlineAt = min(scope.tasks[index].deadlineAt ?? now, now)
            }
        }
        scope.handles = handles.filter { $0.status.isOpen || $0.correlationID == message.correlationID }
        scope.namedWaits = foreignWaits
        scope.pendingCommands = pending
        let commit = SessionDecision.decide(
            message,
            scope: &scope,
            workflow: workflow,
            topics: SessionTopics(),
            now: now
        )
        take(commit)
        return commit
    }

    private mutating func take(_ commit: Commit) {
        if let session = commit.session { self.session = session }
        said += commit.events.map(\.eventType)
        for task in commit.tasks {
            tasks.removeAll { $0.id == task.id }
            tasks.append(task)
        }
        for handle in commit.handles {
            handles.removeAll { $0.id == handle.id }
            handles.append(handle)
        }
        for var row in commit.commands {
            let known = pending.first { $0.id == row.id }
            pending.removeAll { $0.id == row.id }
            guard row.status == .received || row.status == .processing else { continue }
            arrivals += 1
            row.arrival = known?.arrival ?? arrivals
            pending.append(row)
        }
    }
}
