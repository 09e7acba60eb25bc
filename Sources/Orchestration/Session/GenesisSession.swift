/// A row of `genesis_sessions`: always the fold of the session's events.
package struct GenesisSession: Equatable, Sendable {
    package var id: SessionID
    package var tenantID: String
    package var userID: String?
    package var status: SessionStatus
    package var currentStage: GenesisStage
    /// What the user has confirmed so far: the member `confirmed` of the statechart's context.
    package var confirmedData: JSONValue
    /// Set when the session completes.
    package var novelID: NovelID?
    package var workflowName: String
    package var workflowVersion: String
    package var workflowHash: String
    /// The statechart's state as JSON (`SessionState`).
    package var state: JSONValue
    /// When the first timer of the statechart is due.
    package var nextTimerAt: Instant?
    /// The correlation of the message that started the session.
    package var correlationID: String
    /// The number of events; the version of the last one.
    package var version: Int
    package var createdAt: Instant
    package var updatedAt: Instant

    package init(
        id: SessionID,
        tenantID: String,
        userID: String?,
        status: SessionStatus,
        currentStage: GenesisStage,
        confirmedData: JSONValue,
        novelID: NovelID?,
        workflowName: String,
        workflowVersion: String,
        workflowHash: String,
        state: JSONValue,
        nextTimerAt: Instant?,
        correlationID: String,
        version: Int,
        createdAt: Instant,
        updatedAt: Instant
    ) {
        self.id = id
        self.tenantID = tenantID
        self.userID = userID
        self.status = status
        self.currentStage = currentStage
        self.confirmedData = confirmedData
        self.novelID = novelID
        self.workflowName = workflowName
        self.workflowVersion = workflowVersion
        self.workflowHash = workflowHash
        self.state = state
        self.nextTimerAt = nextTimerAt
        self.correlationID = correlationID
        self.version = version
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}
