package import Orchestration

/// Everything about a worker that can be set, with its bounds. Times are of the worker's monotonic clock unless said.
package struct WorkerSettings: Sendable {
    /// The name of this process in leases and positions.
    package var node: String
    /// The tenant of messages that name none.
    package var defaultTenant = "default"
    /// The workflow of a Start that names none.
    package var defaultWorkflow = "genesis"
    package var commandsTopic = "genesis.session.commands"
    package var eventsTopic = "genesis.session.events"

    /// The newest shape of messages that this worker reads; a session that is sent a newer one is set aside.
    package var schemaVersionMax = Envelope.schemaVersionMax
    /// How often it is looked whether a session can be taken up that an older worker has set aside.
    package var setAsideLookInterval = Interval.seconds(30)
    /// How many records that were set aside are taken up at once.
    package var setAsideBatchMax = 200

    /// How often a transaction that met a conflict is decided anew before it backs off.
    package var conflictRetriesMax = 10
    /// A row whose unique key another one has so many times in a row has lost no race: what was decided since its first
    /// loading would be seen.
    package var duplicatesMax = 8
    /// The first and the longest pause while the database is away.
    package var backoffInitial = Interval.milliseconds(50)
    package var backoffMax = Interval.seconds(5)

    /// How long a partition may stay assigned here after another worker has taken its position.
    package var fencedLimit = Interval.seconds(30)

    /// How long a group of consumers may take to share out the partitions before somebody is told.
    package var assignmentLimit = Interval.seconds(30)

    /// How often a partition that has stopped looks whether an operator has set its position.
    package var stoppedLookInterval = Interval.seconds(5)

    /// How long work may be under way without a commit, while the database answers, before the process ends so that
    /// others take over. Longer than the database's own limits on statements and locks.
    package var stallLimit = Interval.seconds(120)
    /// How many groups of batches are decided and committed side by side: one is written while another is decided.
    package var recordGroupsMax = 2
    /// A group of batches with so many records takes no further batch.
    package var groupRecordsMax = 500
    /// How long a position that moved over our own facts waits for a group that it can go with.
    package var passengerWait = Interval.milliseconds(20)

    /// How often a task's progress is written; what is told meanwhile becomes one.
    package var progressInterval = Interval.seconds(1)

    /// How many inserted rows are decided in one transaction.
    package var inboxBatchMax = 100
    /// The first pause between two looks at the inbox when there was nothing.
    package var inboxPollInterval = Interval.milliseconds(100)

    /// The longest pause between two looks at the inbox, the outbox or the queue while there is nothing; each is twice the
    /// one before, until there is something.
    package var idlePollMax = Interval.seconds(1)

    /// How many outbox rows are read, sent and marked together, for each share of the lanes.
    package var relayBatchMax = 500
    /// How many shares of the lanes are worked on side by side; each takes a connection now and then.
    package var relayShares = 3
    /// The first pause between two looks at the outbox, and the longest while other workers hold lanes too; commits of
    /// this process wake the relay at once.
    package var relayPollInterval = Interval.milliseconds(250)
    package var laneLeaseDuration = Interval.seconds(15)
    /// Rows of one key, and records that are sent alone, go one after the other: after so long no further one is begun.
    package var relayRoundsLimit = Interval.seconds(30)
    /// How long the leases of lanes are prolonged while one batch of theirs is being sent: longer than the brokers are
    /// waited for, and not for ever, should the sending never end.
    package var laneKeepLimit = Interval.seconds(120)
    /// The first pause before a record that was not taken is sent again; doubled each time, with jitter.
    package var relayRetryInitial = Interval.seconds(1)
    package var relayRetryMax = Interval.seconds(300)
    /// The pause before a record is sent again whose topic has no brokers while others have; no try is counted.
    package var relayOutageDelay = Interval.seconds(10)

    /// How many tasks this worker does itself at once.
    package var tasksMax = 16
    /// How many queued tasks of one tenant, and of one user, may have their turn at once in the fleet; nil for any number.
    package var tasksPerTenant: Int?
    package var tasksPerUser: Int?
    /// The first pause between two looks at the queue when there was nothing; commits of this process wake it at once.
    package var taskPollInterval = Interval.milliseconds(250)
    /// How long a task that was given its turn may take to begin.
    package var turnLease = Interval.seconds(30)
    /// How often the leases of running tasks are renewed, and those that were cancelled noticed.
    package var leaseRenewInterval = Interval.seconds(1)
    /// How long a stopping worker lets its tasks come to their end, before it hands them back.
    package var lastCallsLimit = Interval.seconds(5)

    package var sweepInterval = Interval.milliseconds(500)
    package var sweepBatchMax = 200
    /// The longest pause before something that stays due is looked at again; doubled each time.
    package var sweepRevisitMax = Interval.seconds(60)

    /// How long a stopping worker tries to send what its last commits left.
    package var lastSendLimit = Interval.seconds(5)
    /// How long a stopping worker waits for work under way.
    package var drainLimit = Interval.seconds(20)

    package init(node: String) { self.node = node }

    var topics: SessionTopics { SessionTopics(events: eventsTopic) }
}

/// Why a worker ends other than being asked to.
package struct WorkerFailure: Error, Sendable, CustomStringConvertible {
    package let description: String

    package init(_ description: String) { self.description = description }
}
