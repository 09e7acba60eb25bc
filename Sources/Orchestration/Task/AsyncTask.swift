/// A row of `async_tasks`: one piece of generation, with all its attempts.
package struct AsyncTask: Equatable, Sendable {
    package var id: TaskID
    package var tenantID: String
    package var sessionID: SessionID
    /// Whose session it is; limits per user count it.
    package var userID: String?
    /// The actor's name, e.g. `Outliner.Concept.Generation`.
    package var taskType: String
    /// The statechart's invocation that waits for the result.
    package var actorID: String
    package var triggeredByCommandID: MessageID?
    package var correlationID: String
    package var status: TaskStatus
    /// Of the current attempt; never falls within one.
    package var progress: Percentage
    package var progressMessage: String?
    /// What the agent wants the next attempt to know.
    package var progressDetails: JSONValue
    package var inputData: JSONValue
    package var resultData: JSONValue
    package var errorData: JSONValue
    /// The agent's node.
    package var executionNode: String?
    /// From 1; an answer that names an older one changes nothing.
    package var attempt: Int
    /// Failed attempts so far.
    package var retryCount: Int
    /// How many failed attempts are followed by another.
    package var maxRetries: Int
    /// The next limit to pass: queue, attempt, heartbeat or total.
    package var deadlineAt: Instant?
    /// Of a task that takes its turn in the queue: from when the attempt may begin. Nil for one that is requested at once.
    package var notBefore: Instant?
    /// When the attempt was requested: its turn came, or it needed none. Nil while it is queued.
    package var requestedAt: Instant?
    /// The end of the current attempt; nil until it has started.
    package var attemptDeadlineAt: Instant?
    package var totalDeadlineAt: Instant
    package var startedAt: Instant?
    package var completedAt: Instant?
    package var createdAt: Instant
    package var updatedAt: Instant

    package init(
        id: TaskID,
        tenantID: String,
        sessionID: SessionID,
        userID: String? = nil,
        taskType: String,
        actorID: String,
        triggeredByCommandID: MessageID?,
        correlationID: String,
        status: TaskStatus,
        progress: Percentage,
        progressMessage: String?,
        progressDetails: JSONValue,
        inputData: JSONValue,
        resultData: JSONValue,
        errorData: JSONValue,
        executionNode: String?,
        attempt: Int,
        retryCount: Int,
        maxRetries: Int,
        deadlineAt: Instant?,
        notBefore: Instant? = nil,
        requestedAt: Instant? = nil,
        attemptDeadlineAt: Instant?,
        totalDeadlineAt: Instant,
        startedAt: Instant?,
        completedAt: Instant?,
        createdAt: Instant,
        updatedAt: Instant
    ) {
        self.id = id
        self.tenantID = tenantID
        self.sessionID = sessionID
        self.userID = userID
        self.taskType = taskType
        self.actorID = actorID
        self.triggeredByCommandID = triggeredByCommandID
        self.correlationID = correlationID
        self.status = status
        self.progress = progress
        self.progressMessage = progressMessage
        self.progressDetails = progressDetails
        self.inputData = inputData
        self.resultData = resultData
        self.errorData = errorData
        self.executionNode = executionNode
        self.attempt = attempt
        self.retryCount = retryCount
        self.maxRetries = maxRetries
        self.deadlineAt = deadlineAt
        self.notBefore = notBefore
        self.requestedAt = requestedAt
        self.attemptDeadlineAt = attemptDeadlineAt
        self.totalDeadlineAt = totalDeadlineAt
        self.startedAt = startedAt
        self.completedAt = completedAt
        self.createdAt = createdAt
        self.updatedAt = updatedAt
    }
}
