/// Everything one message changes in one session. Rows are after-images: what the row will be.
package struct Commit: Equatable, Sendable {
    package var sessionID: SessionID
    package var tenantID: String
    /// The session's version before; 0 when it must not exist yet.
    package var expectedVersion: Int
    /// The message's own inbox row, and rows of earlier commands that this one finishes.
    package var commands: [InboxCommand] = []
    package var events: [DomainEvent] = []
    package var session: GenesisSession?
    package var tasks: [AsyncTask] = []
    package var handles: [ResumeHandle] = []
    package var outbox: [OutboxMessage] = []

    package init(sessionID: SessionID, tenantID: String, expectedVersion: Int) {
        self.sessionID = sessionID
        self.tenantID = tenantID
        self.expectedVersion = expectedVersion
    }
}

/// One transaction.
package struct CommitBatch: Equatable, Sendable {
    /// In the order they were decided; later commits of one session build on earlier ones.
    package var commits: [Commit] = []
    package var positions: [PositionAdvance] = []
    package var deadLetters: [DeadLetter] = []
    /// Records that were set aside with their session and are dealt with now.
    package var settledLetters: [SettledLetter] = []
    /// Records to publish that belong to no session's commit: copies of dead letters.
    package var outbox: [OutboxMessage] = []

    package init() {}

    package var isEmpty: Bool {
        commits.isEmpty && positions.isEmpty && deadLetters.isEmpty && outbox.isEmpty && settledLetters.isEmpty
    }
}

/// What became of a record that waited for a newer worker: it was taken, or is dead for the reason given.
package struct SettledLetter: Equatable, Sendable {
    package var id: DeadLetterID
    package var reason: DeadLetter.Reason?
    package var detail: String?

    package init(id: DeadLetterID, reason: DeadLetter.Reason? = nil, detail: String? = nil) {
        self.id = id
        self.reason = reason
        self.detail = detail
    }
}
