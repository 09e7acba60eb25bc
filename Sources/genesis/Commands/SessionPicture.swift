internal import Orchestration

/// One session and all that belongs to it, for a person or a script to look at.
struct SessionPicture: Sendable {
    var session: GenesisSession
    var handles: [ResumeHandle]
    var tasks: [AsyncTask]
    var events: [DomainEvent]

    /// Waits and tasks of one session that are read at most.
    static let rowsMax = 1_000
    /// Tasks that the text shows; `tasks list --session` shows all.
    static let tasksShown = 5

    static func load(_ id: SessionID, from queries: any SessionQueries) async throws -> SessionPicture {
        guard let session = try await queries.session(id) else {
            throw CommandFailure.notSo("there is no session \(id); `genesis sessions list` shows those there are")
        }
        return SessionPicture(
            session: session,
            handles: try await queries.handles(session: id, openOnly: true, limit: rowsMax),
            tasks: try await queries.tasks(session: id, status: nil, limit: rowsMax),
            events: try await queries.events(of: id)
        )
    }

    var openWait: ResumeHandle? { handles.first { $0.status == .waiting || $0.status == .paused } }
    var openTask: AsyncTask? { tasks.first { $0.status.isOpen } }

    var json: JSONValue {
        var object = session.json.object ?? [:]
        object["handles"] = .array(handles.map(\.json))
        object["tasks"] = .array(tasks.map(\.json))
        object["events"] = .array(events.map(\.json))
        return .object(object)
    }

    /// Stages as points: those behind, the present one, those ahead.
    static func stageBar(_ session: GenesisSession) -> String {
        let stages = GenesisStage.allCases
        let index = stages.firstIndex(of: session.currentStage) ?? 0
        return stages.indices.map { $0 <= index ? "●" : "○" }.joined() + " " + session.currentStage.rawValue
    }

    var stateLine: String {
        "\(Self.stageBar(session)) · \(session.status.rawValue) · version \(session.version)"
    }

    /// What the session waits for, some lines for each wait.
    func waitLines(now: Instant) -> [String] {
        handles.filter { $0.status == .waiting || $0.status == .paused }.flatMap { handle -> [String] in
            let draft = handle.draft.map { " on draft \($0)" } ?? ""
            let replies = handle.replies.map(Phrases.shortType).joined(separator: ", ")
            let users = handle.resumeHandle["allowed"].array?.compactMap(\.string)
            return [
                "waits    for \(Printable.text(replies.isEmpty ? "a reply" : replies))\(draft)",
                users.map { "         of \(Printable.text($0.isEmpty ? "nobody" : $0.joined(separator: ", "))) alone" },
                "         deadline \(Phrases.deadline(handle, now: now))",
                "         correlation \(Printable.text(handle.correlationID))",
                "         handle \(handle.id)",
            ].compactMap { $0 }
        }
    }

    /// What the workflow could not follow, and what an operator can do about it.
    var incidentLines: [String] {
        let incident = session.state["incident"]
        guard let error = incident["error"].string else { return [] }
        let line = "incident \(Printable.text(error))"
        guard let task = incident["task_id"].string else { return [line] }
        return [line, "         genesis tasks retry|complete|skip \(Printable.text(task))"]
    }

    static func taskLine(_ task: AsyncTask, now: Instant, width: Int? = nil) -> String {
        let (name, state) = ("task     \(Printable.text(task.taskType))  ", "  \(taskState(task, now: now))")
        let cells = Phrases.barCells(barCells, beside: Printable.width(name + state), width: width)
        return name + Phrases.bar(task.progress, cells: cells) + state
    }

    private static let barCells = 20

    /// Where a task stands, in a few words: `RUNNING on agent-1 for 12s, attempt 2  Weighing the options`.
    static func taskState(_ task: AsyncTask, now: Instant) -> String {
        var text = task.status.rawValue
        switch task.status {
        case .pending:
            if let next = task.notBefore, next > now {
                text += ", next try \(Phrases.relative(next, to: now))"
            } else if task.requestedAt == nil, task.notBefore != nil {
                text += ", waits for its turn"
            }
        case .running:
            if let node = task.executionNode { text += " on \(Phrases.cut(node, to: 24))" }
            if let startedAt = task.startedAt { text += " for \(Phrases.length(now - startedAt))" }
        case .completed, .failed, .cancelled:
            let length = (task.completedAt ?? now) - (task.startedAt ?? task.createdAt)
            text += " after \(Phrases.length(length))"
        }
        if task.attempt > 1 { text += ", attempt \(task.attempt)" }
        let error = task.errorData["code"].string.map { task.status == .completed ? "" : $0 } ?? ""
        let message = task.status.isOpen ? task.progressMessage ?? error : error
        return message.isEmpty ? text : text + "  " + Phrases.cut(message, to: 40)
    }

    func text(now: Instant, width: Int?) -> String {
        var lines = [
            "session  \(session.id)",
            "state    \(stateLine)",
            "user     \(Printable.text(session.userID ?? "–"))  ·  tenant \(Printable.text(session.tenantID))",
            "flow     \(Printable.text(session.workflowName)) \(Printable.text(session.workflowVersion))"
                + "  ·  \(session.workflowHash.prefix(12))",
            "times    started \(Phrases.relative(session.createdAt, to: now)), "
                + "changed \(Phrases.relative(session.updatedAt, to: now))",
        ]
        if let novel = session.novelID { lines.append("novel    \(novel)") }
        lines += incidentLines
        lines += waitLines(now: now)
        for task in tasks.prefix(Self.tasksShown) {
            lines.append(Self.taskLine(task, now: now, width: width))
            if task.status.isOpen { lines.append("         task \(task.id)") }
        }
        let confirmed = session.confirmedData.object ?? [:]
        if !confirmed.isEmpty {
            lines.append("confirmed")
            for member in confirmed {
                lines.append("  \(Printable.text(member.key)): \(Printable.text(member.value.text))")
            }
        }
        lines.append("events")
        var text = lines.map { line in (width.map { Printable.fitted(line, to: $0) } ?? line) + "\n" }.joined()
        text += Self.timeline(events, width: width)
        return text
    }

    /// A line for each event: version, time, type, who.
    static func timeline(_ events: [DomainEvent], width: Int?) -> String {
        guard !events.isEmpty else { return "  none\n" }
        var table = Table(">  #", "TIME", "EVENT…", "USER…")
        for event in events {
            table.add(
                "\(event.aggregateVersion)",
                Phrases.clock(event.occurredAt),
                Phrases.shortType(event.eventType),
                event.metadata["source"].string ?? event.userID ?? ""
            )
        }
        return table.text(width: width)
    }
}
