/// A row of `command_inbox`: what came in, and what became of it.
package struct InboxCommand: Equatable, Sendable {
    package var id: MessageID
    /// The order of arrival; nil until the database has given it.
    package var arrival: Int64?
    package var tenantID: String
    package var sessionID: SessionID
    package var aggregateType: String
    package var commandType: String
    /// Unique per tenant; the command's id unless the sender gave one.
    package var idempotencyKey: String
    package var payload: JSONValue
    package var correlationID: String
    package var causationID: String?
    package var userID: String?
    package var metadata: JSONValue
    /// Which way it came: `kafka`, `table`, or `worker` for deadlines.
    package var source: String
    package var status: CommandStatus
    /// Nil while nothing has been decided.
    package var verdict: Verdict?
    package var errorMessage: String?
    package var retryCount: Int
    package var createdAt: Instant
    package var updatedAt: Instant
    package var processedAt: Instant?

    package init(
        id: MessageID,
        arrival: Int64? = nil,
        tenantID: String,
        sessionID: SessionID,
        aggregateType: String = DomainEvent.aggregateType,
        commandType: String,
        idempotencyKey: String,
        payload: JSONValue,
        correlationID: String,
        causationID: String?,
        userID: String?,
        metadata: JSONValue,
        source: String,
        status: CommandStatus,
        verdict: Verdict?,
        errorMessage: String?,
        retryCount: Int,
        createdAt: Instant,
        updatedAt: Instant,
        processedAt: Instant?
    ) {
        self.id = id
        self.arrival = arrival
        self.tenantID = tenantID
        self.sessionID = sessionID
        self.aggregateType = aggregateType
        self.commandType = commandType
        self.idempotencyKey = idempotencyKey
        self.payload = payload
        self.correlationID = correlationID
        self.causationID = causationID
        self.userID = userID
        self.metadata = metadata
        self.source = source
        self.status = status
        self.verdict = verdict
        self.errorMessage = errorMessage
        self.retryCount = retryCount
        self.createdAt = createdAt
        self.updatedAt = updatedAt
        self.processedAt = processedAt
    }

    /// The member of `metadata` that names the command which had the place of this one when it was inserted.
    package static let behindKey = "behind"

    /// Whether it waits for a worker to decide it.
    package var isUndecided: Bool {
        switch status {
        case .received: verdict == nil
        case .failed: verdict == nil && !metadata[Self.behindKey].isNull
        case .processing, .completed: false
        }
    }

    /// The same for a place that is taken: one command of a type may be pending in a session, and what becomes of a
    /// second is a worker's to say (the wait that it means may be over, the task may be another one).
    package func behind(_ earlier: InboxCommand) -> InboxCommand {
        var row = self
        row.status = .failed
        row.metadata = .object((metadata.object ?? [:]).merging([Self.behindKey: .string(earlier.id.description)]))
        return row
    }
}
