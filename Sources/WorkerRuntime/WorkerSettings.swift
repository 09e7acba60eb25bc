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

    /// How often a transaction that met a conflict is decided anew before it backs off.
    package var conflictRetriesMax = 10
    /// The first and the longest pause while the database is away.
    package var backoffInitial = Interval.milliseconds(50)
    package var backoffMax = Interval.seconds(5)

    /// How long a partition may stay assigned here after another worker has taken its position.
    package var fencedLimit = Interval.seconds(30)

    /// How many groups of batches are decided and committed side by side: one is written while another is decided.
    package var recordGroupsMax = 2
    /// A group of batches with so many records takes no further batch.
    package var groupRecordsMax = 500
    /// How long a position that moved over our own facts waits for a group that it can go with.
    package var passengerWait = Interval.milliseconds(20)

    /// How many inserted rows are decided in one transaction.
    package var inboxBatchMax = 100
    /// The pause between two looks at the inbox when there was nothing.
    package var inboxPollInterval = Interval.milliseconds(100)

    /// How many outbox rows are read, sent and marked together, for each share of the lanes.
    package var relayBatchMax = 500
    /// How many shares of the lanes are worked on side by side; each takes a connection now and then.
    package var relayShares = 3
    /// The longest pause between two looks at the outbox; commits of this process wake the relay at once.
    package var relayPollInterval = Interval.milliseconds(250)
    package var laneLeaseDuration = Interval.seconds(15)
    /// The first pause before a record that was not taken is sent again; doubled each time, with jitter.
    package var relayRetryInitial = Interval.seconds(1)
    package var relayRetryMax = Interval.seconds(300)

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
