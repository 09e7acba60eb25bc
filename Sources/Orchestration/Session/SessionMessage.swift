/// Something a session is told: one input of `SessionDecision`.
package struct SessionMessage: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// A command, a user's reply, or another service's event.
        case command
        /// What an agent says about a task.
        case answer(AgentAnswer)
        /// An agent's answer that cannot be taken for one, and the sentence that says why.
        case unreadableAnswer(String)
        /// Something is past its time.
        case due(DueInput.Kind)
    }

    package var kind: Kind
    package var id: MessageID
    package var idempotencyKey: String
    package var type: String
    package var tenantID: String
    package var sessionID: SessionID
    package var payload: JSONValue
    package var correlationID: String?
    package var causationID: String?
    package var userID: String?
    package var metadata: JSONValue
    /// Which way it came: `kafka`, `table` or `worker`.
    package var source: String
    /// The row, when somebody else inserted it.
    package var row: InboxCommand?

    package init(
        kind: Kind,
        id: MessageID,
        idempotencyKey: String,
        type: String,
        tenantID: String,
        sessionID: SessionID,
        payload: JSONValue,
        correlationID: String? = nil,
        causationID: String? = nil,
        userID: String? = nil,
        metadata: JSONValue = [:],
        source: String,
        row: InboxCommand? = nil
    ) {
        self.kind = kind
        self.id = id
        self.idempotencyKey = idempotencyKey
        self.type = type
        self.tenantID = tenantID
        self.sessionID = sessionID
        self.payload = payload
        self.correlationID = correlationID
        self.causationID = causationID
        self.userID = userID
        self.metadata = metadata
        self.source = source
        self.row = row
    }

    /// A row that was inserted into `command_inbox`, or that was kept for later.
    package init(row: InboxCommand) {
        self.init(
            kind: .command,
            id: row.id,
            idempotencyKey: row.idempotencyKey,
            type: row.commandType,
            tenantID: row.tenantID,
            sessionID: row.sessionID,
            payload: row.payload,
            correlationID: row.correlationID,
            causationID: row.causationID,
            userID: row.userID,
            metadata: row.metadata,
            source: row.source,
            row: row
        )
    }

    /// What the sweeper found past its time. The id is derived, so two sweepers make one message.
    package init(due: DueInput) {
        let (type, subject) =
            switch due.kind {
            case .timer: ("timer.due", "\(due.sessionID)/\(due.dueAt)")
            case .handle(let id): (SessionMessages.parkExpired, "\(id)")
            case .reminder(let id): ("wait.reminder", "\(id)/\(due.dueAt)")
            case .task(let id, let attempt): ("task.overdue", "\(id)/\(attempt)/\(due.dueAt)")
            case .turn(let id, let attempt, _): ("task.turn", "\(id)/\(attempt)")
            }
        let id = MessageID(derivedFrom: type, subject)
        self.init(
            kind: .due(due.kind),
            id: id,
            idempotencyKey: "\(Self.workerKeyPrefix)\(type)/\(subject)",
            type: type,
            tenantID: due.tenantID,
            sessionID: due.sessionID,
            payload: [:],
            source: Self.workerSource
        )
    }

    /// What the keys of the worker's own messages begin with, and no sender's: nobody can be there before it.
    package static let workerKeyPrefix = "worker/"

    /// The source of messages that the worker makes itself.
    package static let workerSource = "worker"

    /// The draft that a reply says it answers, if it says so.
    package var draft: Int? {
        for place in [payload, metadata] {
            for name in ["draft", "attempt"] {
                if let number = place[name].int { return number }
            }
        }
        return nil
    }

    /// The inbox row with what became of the message.
    package func inboxRow(
        _ status: CommandStatus,
        _ verdict: Verdict,
        reason: String?,
        correlationID flow: String,
        now: Instant
    ) -> InboxCommand {
        InboxCommand(
            id: id,
            arrival: row?.arrival,
            tenantID: tenantID,
            sessionID: sessionID,
            commandType: type,
            idempotencyKey: idempotencyKey,
            payload: payload,
            correlationID: correlationID ?? flow,
            causationID: causationID,
            userID: userID,
            metadata: metadata,
            source: source,
            status: status,
            verdict: verdict,
            errorMessage: reason,
            retryCount: row?.retryCount ?? 0,
            createdAt: row?.createdAt ?? now,
            updatedAt: now,
            processedAt: status == .completed || status == .failed ? now : nil
        )
    }

    /// Why there is nobody to take it: another tenant's session does not exist for this one.
    var noSuchSession: String { "there is no session \(sessionID) for tenant \(tenantID)" }
}
