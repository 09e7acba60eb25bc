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
        case .conflict(let reason), .fenced(let reason), .unavailable(let reason), .exhausted(let reason),
            .refused(let reason), .broken(let reason):
            reason
        }
    }
}

package struct TopicPartition: Hashable, Sendable, Comparable, CustomStringConvertible {
    package var topic: String
    package var partition: Int

    package init(topic: String, partition: Int) {
        self.topic = topic
        self.partition = partition
    }

    package var description: String { "\(topic)[\(partition)]" }
    package static func < (left: Self, right: Self) -> Bool {
        (left.topic, left.partition) < (right.topic, right.partition)
    }
}

/// A row of `kafka_positions`.
package struct OwnedPosition: Equatable, Sendable {
    package var clusterID: String
    package var topic: String
    package var partition: Int
    /// The offset of the next record to process; nil when the partition has never been processed.
    package var nextOffset: Int64?
    package var ownerEpoch: Int64
    package var ownerID: String
    /// Of the record before the next offset; nil when none was processed, or a person has set the position.
    package var fingerprint: RecordFingerprint? {
        get { lastDigest.map { RecordFingerprint(timestamp: lastTime, digest: $0) } }
        set { (lastTime, lastDigest) = (newValue?.timestamp, newValue?.digest) }
    }
    package private(set) var lastTime: Instant?
    package private(set) var lastDigest: String?
    /// Why the partition stands still, and what to do.
    package var stopReason: String?
    /// Who set the position by hand, when and from where.
    package var resetNote: String?
    package var updatedAt: Instant

    /// How the owner of a position begins that a person has set and no worker has taken since.
    package static let operatorMark = "operator "

    package var topicPartition: TopicPartition { TopicPartition(topic: topic, partition: partition) }

    package init(
        clusterID: String,
        topic: String,
        partition: Int,
        nextOffset: Int64?,
        ownerEpoch: Int64,
        ownerID: String,
        fingerprint: RecordFingerprint? = nil,
        stopReason: String? = nil,
        resetNote: String? = nil,
        updatedAt: Instant
    ) {
        self.clusterID = clusterID
        self.topic = topic
        self.partition = partition
        self.nextOffset = nextOffset
        self.ownerEpoch = ownerEpoch
        self.ownerID = ownerID
        self.lastTime = fingerprint?.timestamp
        self.lastDigest = fingerprint?.digest
        self.stopReason = stopReason
        self.resetNote = resetNote
        self.updatedAt = updatedAt
    }
}

/// A row of `workflow_definitions`.
package struct WorkflowDefinition: Equatable, Sendable {
    /// SHA-256 of the source, hexadecimal.
    package var hash: String
    package var name: String
    package var version: String
    package var source: String
    /// Whether new sessions may start with it; those that have are not concerned.
    package var isEnabled: Bool
    package var createdAt: Instant

    package init(
        hash: String,
        name: String,
        version: String,
        source: String,
        isEnabled: Bool = true,
        createdAt: Instant
    ) {
        self.hash = hash
        self.name = name
        self.version = version
        self.source = source
        self.isEnabled = isEnabled
        self.createdAt = createdAt
    }
}

/// What is known of a stored definition without reading it.
package struct DefinitionVersion: Equatable, Sendable {
    package var hash: String
    package var name: String
    package var version: String
    package var isEnabled: Bool
    package var createdAt: Instant

    package init(hash: String, name: String, version: String, isEnabled: Bool, createdAt: Instant) {
        self.hash = hash
        self.name = name
        self.version = version
        self.isEnabled = isEnabled
        self.createdAt = createdAt
    }
}

package struct LoadRequest: Equatable, Sendable {
    package var sessions: [SessionID] = []
    /// Keys whose recorded answers are wanted, with their tenants.
    package var idempotencyKeys: [TenantKey] = []
    /// Ids of the messages, to find one that another message has taken already.
    package var messages: [MessageID] = []
    /// Tasks named by answers, open or not.
    package var tasks: [TaskID] = []
    /// Waits named by replies, open or not.
    package var correlations: [TenantKey] = []

    package init() {}
}

/// A key within a tenant.
package struct TenantKey: Hashable, Sendable {
    package var tenantID: String
    package var key: String

    package init(tenantID: String, key: String) {
        self.tenantID = tenantID
        self.key = key
    }
}

package struct Loaded: Equatable, Sendable {
    /// `clock_timestamp()` of the database when it answered.
    package var now: Instant
    /// One for each requested session, also for one that does not exist.
    package var scopes: [SessionID: SessionScope]
    /// Inbox rows found under the requested keys.
    package var answers: [TenantKey: InboxCommand]
    /// The keys of the inbox rows found under the requested ids.
    package var keys: [MessageID: TenantKey]
    /// Those of the requested sessions that are set aside until a newer worker comes.
    package var waiting: Set<SessionID>

    package init(
        now: Instant,
        scopes: [SessionID: SessionScope],
        answers: [TenantKey: InboxCommand],
        keys: [MessageID: TenantKey] = [:],
        waiting: Set<SessionID> = []
    ) {
        self.now = now
        self.scopes = scopes
        self.answers = answers
        self.keys = keys
        self.waiting = waiting
    }
}

/// One session and everything that belongs to deciding about it.
package struct SessionScope: Equatable, Sendable {
    package var session: GenesisSession?
    /// Open tasks, and those that the request named.
    package var tasks: [AsyncTask] = []
    /// Open handles, and those whose correlation the request named.
    package var handles: [ResumeHandle] = []
    /// Which of the correlations that the request named belong to waits, whichever session's.
    package var namedWaits: Set<TenantKey> = []
    /// Inbox rows in RECEIVED or PROCESSING, by arrival. One that nobody has decided has no verdict and no payload; it is
    /// here because only one row of a type may be pending.
    package var pendingCommands: [InboxCommand] = []

    package init() {}
}

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

/// Moves one partition's position by compare-and-set on owner epoch and offset.
package struct PositionAdvance: Equatable, Sendable {
    package var clusterID: String
    package var topicPartition: TopicPartition
    package var ownerEpoch: Int64
    /// Nil when the partition had never been processed.
    package var expectedOffset: Int64?
    package var nextOffset: Int64
    /// Of the last record before the next offset.
    package var fingerprint: RecordFingerprint?

    package init(
        clusterID: String,
        topicPartition: TopicPartition,
        ownerEpoch: Int64,
        expectedOffset: Int64?,
        nextOffset: Int64,
        fingerprint: RecordFingerprint? = nil
    ) {
        self.clusterID = clusterID
        self.topicPartition = topicPartition
        self.ownerEpoch = ownerEpoch
        self.expectedOffset = expectedOffset
        self.nextOffset = nextOffset
        self.fingerprint = fingerprint
    }
}

/// Something past its time.
package struct DueInput: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        /// The session's `next_timer_at`.
        case timer
        case handle(HandleID)
        /// The wait's `next_reminder_at`.
        case reminder(HandleID)
        case task(TaskID, attempt: Int)
        /// A queued attempt's turn has come, and the node has it.
        case turn(TaskID, attempt: Int, node: String)
    }

    package var sessionID: SessionID
    package var tenantID: String
    package var kind: Kind
    package var dueAt: Instant

    package init(sessionID: SessionID, tenantID: String, kind: Kind, dueAt: Instant) {
        self.sessionID = sessionID
        self.tenantID = tenantID
        self.kind = kind
        self.dueAt = dueAt
    }
}

/// A row of `outbox_lanes` that this owner holds.
package struct LaneLease: Hashable, Sendable {
    package var lane: Int
    package var epoch: Int64

    package init(lane: Int, epoch: Int64) {
        self.lane = lane
        self.epoch = epoch
    }
}

/// What became of one outbox row. The database sets the times.
package struct OutboxOutcome: Equatable, Sendable {
    package enum Result: Equatable, Sendable {
        case sent
        /// Tried and not taken; due again after the delay, or DEAD once `retry_count` would pass `max_retries`.
        case failed(error: String, retryAfter: Interval)
        /// Not taken through no fault of its own, for its topic has no brokers just now: FAILED and due again after the
        /// delay; no try is counted.
        case delayed(error: String, retryAfter: Interval)
        /// Can never be taken: DEAD at once.
        case dead(error: String)
    }

    package var id: EventID
    package var lane: Int
    package var result: Result

    package init(id: EventID, lane: Int, result: Result) {
        self.id = id
        self.lane = lane
        self.result = result
    }
}

extension WorkflowDefinition {
    /// What is kept of a workflow; the store gives it its time.
    package init(_ workflow: Workflow, isEnabled: Bool = true) {
        self.init(
            hash: workflow.hash,
            name: workflow.name,
            version: workflow.version,
            source: workflow.source,
            isEnabled: isEnabled,
            createdAt: Instant(microseconds: 0)
        )
    }
}

extension DefinitionVersion {
    /// The highest version; of equals the one saved last.
    package static func newest(of versions: some Sequence<DefinitionVersion>) -> DefinitionVersion? {
        versions.max { left, right in
            if left.version == right.version { return left.createdAt < right.createdAt }
            return Workflow.isVersion(left.version, before: right.version)
        }
    }
}
