/// Where everything decided is written. The port is the transaction, not the table.
///
/// Implementations: `PostgresStore`, and `InMemoryStore` for tests; both pass `StoreContract`.
package protocol Store: Sendable {
    /// Everything that deciding a batch needs, in one round trip, with the database's time.
    func load(_ request: LoadRequest) async throws(StoreError) -> Loaded

    /// Writes a batch in one transaction: all of it or nothing.
    ///
    /// Order inside: positions, session locks (by id), then the rows. A version that is not the expected one is
    /// `.conflict`; a position owned by somebody else, or not where it was expected, is `.fenced`.
    func commit(_ batch: CommitBatch) async throws(StoreError)

    /// Takes over partitions: raises the epoch of each row (made at `firstOffset` if absent) and names the owner.
    ///
    /// From the moment this returns, commits of an earlier owner are fenced.
    func takePositions(
        cluster: String,
        partitions: [TopicPartition],
        owner: String
    ) async throws(StoreError) -> [OwnedPosition]

    /// Says at the position why its partition stands still, as long as the owner has the epoch.
    func stopPosition(
        cluster: String,
        partition: TopicPartition,
        epoch: Int64,
        reason: String
    ) async throws(StoreError)

    /// Reads positions as they are, to learn what became of a commit whose answer was lost.
    func positions(cluster: String, partitions: [TopicPartition]) async throws(StoreError) -> [OwnedPosition]

    /// Inbox rows inserted by others that nobody has decided: status RECEIVED without verdict, oldest first.
    ///
    /// A row whose JSON is beyond `JSONLimits.inserted` has a null payload, and `errorMessage` says why.
    func receivedCommands(limit: Int) async throws(StoreError) -> [InboxCommand]

    /// Records set aside with their sessions, of sessions whose next one needs no more than this schema version; each
    /// session's in order.
    func waitingRecords(schemaVersion: Int, limit: Int) async throws(StoreError) -> [DeadLetter]

    /// What is past its time by the database's clock: timers, waits, task limits; oldest first.
    func dueInputs(limit: Int) async throws(StoreError) -> [DueInput]

    /// Claims free or expired lanes up to a fair share among the owners alive, renews one's own.
    ///
    /// The lease ends `duration` after the database's now. Returns all lanes owned.
    func leaseLanes(owner: String, duration: Interval) async throws(StoreError) -> [LaneLease]

    /// Prolongs the leases that have not run out, and gives no lane away: for while their rows are being sent.
    func renewLanes(owner: String, duration: Interval) async throws(StoreError)

    /// Gives lanes back, for a quick takeover after a graceful stop.
    func releaseLanes(owner: String) async throws(StoreError)

    /// Unsent rows of the lanes in order of position: everything not SENT that is due by the database's clock,
    /// leaving out rows behind an unsent, not due (FAILED) or DEAD row of the same topic and key.
    func dueOutbox(lanes: [LaneLease], limit: Int) async throws(StoreError) -> [OutboxMessage]

    /// Records what became of published rows in one statement; rows of lanes whose epoch has moved on are left alone.
    func markOutbox(_ outcomes: [OutboxOutcome], lanes: [LaneLease]) async throws(StoreError)

    /// Gives queued tasks their turn: at most `claim.limit`, round robin by tenant, within all limits.
    ///
    /// An attempt has its turn once, in one worker; that is kept for `claim.lease`, and then it ends unless renewed.
    func claimTasks(_ claim: TaskClaim) async throws(StoreError) -> [ClaimedTask]

    /// Renews the leases of attempts that still run; the ids of those.
    func renewLeases(_ leases: [TaskLease]) async throws(StoreError) -> [TaskID]

    /// Keeps a workflow definition under its content hash, with the database's time; an existing one is left as it is.
    func saveDefinition(_ definition: WorkflowDefinition) async throws(StoreError)

    /// The definition with the hash, whoever saved it.
    func definition(hash: String) async throws(StoreError) -> WorkflowDefinition?

    /// All definitions that were ever saved, without their sources; the first saved first.
    func definitionVersions() async throws(StoreError) -> [DefinitionVersion]

    /// The hashes of the definitions that sessions run on which have not ended.
    func pinnedDefinitions() async throws(StoreError) -> [String]
}

/// What the caller can do about a failure.
package enum StoreError: Error, Equatable, Sendable {
    /// Somebody else changed a session first, or the transaction was chosen as a victim. Load again, decide again.
    case conflict(reason: String)
    /// Another row has what must be unique. Load again, decide again: what was decided meanwhile is seen then.
    case duplicate(reason: String)
    /// This worker no longer owns a partition. Drop its batch.
    case fenced(reason: String)
    /// The database is away. Try again later; what became of a commit is read from the positions.
    case unavailable(reason: String)
    /// The database is full or ill. Try again much later and say so.
    case exhausted(reason: String)
    /// The database will not take these values. Divide the batch; set the single culprit aside.
    case refused(reason: String)
    /// Schema, privileges or our own SQL are wrong. Stop the process.
    case broken(reason: String)

    package var reason: String {
        switch self {
        case .conflict(let reason), .duplicate(let reason), .fenced(let reason), .unavailable(let reason),
            .exhausted(let reason),
            .refused(let reason), .broken(let reason):
            reason
        }
    }
}
