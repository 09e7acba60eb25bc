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
