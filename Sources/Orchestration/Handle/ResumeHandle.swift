/// A row of `flow_resume_handles`: where a parked flow and the reply it waits for meet.
package struct ResumeHandle: Equatable, Sendable {
    package var id: HandleID
    package var tenantID: String
    package var sessionID: SessionID
    /// Names this wait; unique among the open ones.
    package var correlationID: String
    /// The run of the flow: the session's id and workflow hash.
    package var flowRunID: String?
    /// The wait state's id; nil while only a reply is here.
    package var taskName: String?
    /// What resuming needs: `{state, visit, replies}`.
    package var resumeHandle: JSONValue
    package var status: HandleStatus
    /// The draft that is waited upon; a reply that names another changes nothing.
    package var draft: Int?
    /// The reply: kept early, or the one that won.
    package var resumePayload: JSONValue
    /// The message that brought the reply.
    package var resumedBy: MessageID?
    package var timeoutSeconds: Int?
    package var contextData: JSONValue
    package var expiresAt: Instant?
    /// When the next reminder is due; nil when none is to come.
    package var nextReminderAt: Instant?
    package var pausedAt: Instant?
    package var resumedAt: Instant?
    package var createdAt: Instant
    package var updatedAt: Instant

    package init(
        id: HandleID,
        tenantID: String,
        sessionID: SessionID,
        correlationID: String,
        flowRunID: String?,
        taskName: String?,
        resumeHandle: JSONValue,
        status: HandleStatus,
        draft: Int?,
        resumePayload: JSONValue,
        resumedBy: MessageID?,
        timeoutSeconds: Int?,
        contextData: JSONValue,
        expiresAt: Instant?,
        nextReminderAt: Instant? = nil,
        pausedAt: Instant?,
        resumedAt: Instant?,
        createdAt: Instant,
        updatedAt: Instant
    ) {
        self.id = id
        self.tenantID = tenantID
        self.sessionID = sessionID
        self.correlationID = correlationID
        self.flowRunID = flowRunID
        self.taskName = taskName
        self.resumeHandle = resumeHandle
        self.status = status
        self.draft = draft
        self.resumePayload = resumePayload
        self.resumedBy = resumedBy
        self.timeoutSeconds = timeoutSeconds
        self.contextData = contextData
        self.expiresAt = expiresAt
        self.nextReminderAt = nextReminderAt
        self.pausedAt = pausedAt
        self.resumedAt = resumedAt
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}
