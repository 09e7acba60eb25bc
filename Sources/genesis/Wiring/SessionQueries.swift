internal import Orchestration

/// What the command line asks the database: rows as they are, newest first unless said otherwise.
protocol SessionQueries: Sendable {
    func sessions(status: SessionStatus?, user: String?, limit: Int) async throws(StoreError) -> [GenesisSession]
    /// Only those with an incident, and those that wait for a task to be retried.
    func sessionsInNeed(status: SessionStatus?, user: String?, limit: Int) async throws(StoreError) -> [GenesisSession]
    func session(_ id: SessionID) async throws(StoreError) -> GenesisSession?
    /// In order of version, from the first.
    func events(of session: SessionID) async throws(StoreError) -> [DomainEvent]
    /// Of all sessions, those behind a position in order, none left out.
    func allEvents(after position: Int64, since: Instant?, limit: Int) async throws(StoreError) -> AllEvents
    func handles(session: SessionID?, openOnly: Bool, limit: Int) async throws(StoreError) -> [ResumeHandle]
    func handle(_ id: HandleID) async throws(StoreError) -> ResumeHandle?
    /// The newest wait that a reply with this correlation names.
    func handle(correlation: TenantKey) async throws(StoreError) -> ResumeHandle?
    func tasks(session: SessionID?, status: TaskStatus?, limit: Int) async throws(StoreError) -> [AsyncTask]
    func task(_ id: TaskID) async throws(StoreError) -> AsyncTask?
    func outbox(status: OutboxStatus?, limit: Int) async throws(StoreError) -> [OutboxMessage]
    func outboxStatistics() async throws(StoreError) -> [OutboxStatistic]
    func deadLetters(limit: Int) async throws(StoreError) -> [DeadLetter]
    func deadLetter(_ id: DeadLetterID) async throws(StoreError) -> DeadLetter?
    /// Hands a command to the workers: an inbox row in RECEIVED without verdict.
    func insert(_ command: InboxCommand) async throws(StoreError)
    /// What keeps the command from being inserted: the row with its key, or one of its type that is still pending.
    func earlier(than command: InboxCommand) async throws(StoreError) -> InboxCommand?
    /// Newest first.
    func commands(session: SessionID, limit: Int) async throws(StoreError) -> [InboxCommand]
    /// Commands and replies that changed nothing, newest first.
    func refused(session: SessionID?, limit: Int) async throws(StoreError) -> [InboxCommand]
    /// What agents and operators said about a task, newest first.
    func commands(about task: AsyncTask, limit: Int) async throws(StoreError) -> [InboxCommand]
    func command(_ id: MessageID) async throws(StoreError) -> InboxCommand?
    /// Sessions that have not ended, by the version of the workflow they run on.
    /// The rows that decisions are made on, for commands that decide and commit themselves.
    var store: any Store { get }
    /// Lets new sessions start with a stored definition, or no more.
    func setDefinition(_ hash: String, isEnabled: Bool) async throws(StoreError) -> Bool
    /// Sessions that run on the definition and have not ended, by id, from the one after `last`.
    func liveSessions(on hash: String, after last: SessionID?, limit: Int) async throws(StoreError) -> [SessionID]
    func liveVersions() async throws(StoreError) -> [LiveVersion]
    /// Sessions that have not ended, by the state they are in.
    func liveStates(workflow: String) async throws(StoreError) -> [String: Int]
    /// Forgets the positions in all clusters; for a broker that has forgotten its records.
    func forgetPositions() async throws(StoreError)
    func positions() async throws(StoreError) -> [OwnedPosition]
    /// The row before; unless it has a stop reason nothing has changed.
    func resetPosition(
        cluster: String,
        partition: TopicPartition,
        to offset: Int64?,
        by name: String
    ) async throws(StoreError) -> OwnedPosition?
    /// Publishes the dead letters again; unless all of them can be, none is and a sentence says why.
    func requeueDeadLetters(_ ids: [DeadLetterID], again: Bool, tenantID: String, by name: String) async throws -> Int
    /// Publishes all dead letters again that never were; how many.
    func requeueWaitingDeadLetters(
        reason: DeadLetter.Reason?,
        tenantID: String,
        by name: String
    ) async throws(StoreError) -> Int
    /// The status before of each row found; unless all were FAILED or DEAD nothing has changed.
    func requeueOutbox(_ ids: [EventID], by name: String) async throws(StoreError) -> [EventID: OutboxStatus]
    func requeueDeadOutbox(by name: String) async throws(StoreError) -> Int
    /// Takes over the rows of an older table; how many were read, taken over, known already, and which were refused.
    func importOutbox(
        from table: String,
        _ defaults: OlderOutboxRow.Defaults,
        isRehearsal: Bool
    ) async throws(StoreError) -> OutboxImport
    /// The status before; unless it was DEAD nothing has changed.
    func skipOutbox(_ id: EventID, by name: String, reason: String) async throws(StoreError) -> OutboxStatus?
    func close() async
}

/// How many outbox rows of a topic are in a status, and the oldest of them.
struct OutboxStatistic: Equatable, Sendable {
    var topic: String
    var status: OutboxStatus
    var count: Int
    var oldest: Instant?
}

/// Some of all events, and who keeps the reader from going on.
struct AllEvents: Sendable {
    var events: [DomainEvent]
    var heldUpBy: String?
}

/// How many live sessions run on one version of a workflow.
struct LiveVersion: Equatable, Sendable {
    var name: String
    var version: String
    var hash: String
    var sessions: Int
}

/// What an import of an older outbox table came to.
struct OutboxImport: Sendable {
    var read: Int
    var imported: Int
    var known: Int
    var refused: [OlderOutboxRow.Fault]
}
