/// A record as it came from Kafka.
package struct IncomingRecord: Equatable, Sendable {
    package var topicPartition: TopicPartition
    package var offset: Int64
    package var key: [UInt8]?
    /// Nil for a tombstone.
    package var value: [UInt8]?
    package var headers: [RecordHeader]
    package var timestamp: Instant?

    package init(
        topicPartition: TopicPartition,
        offset: Int64,
        key: [UInt8]?,
        value: [UInt8]?,
        headers: [RecordHeader] = [],
        timestamp: Instant? = nil
    ) {
        self.topicPartition = topicPartition
        self.offset = offset
        self.key = key
        self.value = value
        self.headers = headers
        self.timestamp = timestamp
    }

    /// Where its partition goes on behind it. Behind the largest number is none, which no position takes.
    package var nextOffset: Int64 { offset &+ 1 }
}

package struct RecordHeader: Hashable, Sendable {
    package var name: String
    package var value: [UInt8]?

    package init(name: String, value: [UInt8]?) {
        self.name = name
        self.value = value
    }

    package init(_ name: String, _ value: String) { self.init(name: name, value: Array(value.utf8)) }
}

package struct OutgoingRecord: Equatable, Sendable {
    package var topic: String
    package var key: [UInt8]?
    package var value: [UInt8]?
    package var headers: [RecordHeader]

    package init(topic: String, key: [UInt8]?, value: [UInt8]?, headers: [RecordHeader] = []) {
        self.topic = topic
        self.key = key
        self.value = value
        self.headers = headers
    }
}

/// Records of one partition in offset order. The partition is not drained further until the batch is done.
package struct RecordBatch: Equatable, Sendable {
    package var topicPartition: TopicPartition
    /// The assignment it belongs to; a batch of an older one must be dropped.
    package var generation: Int
    /// None where an end is told.
    package var records: [IncomingRecord]
    /// Where the partition ends, told by itself when nothing but the marks of transactions and what they have taken back
    /// stands before it: the position goes there, or retention would delete what nobody has read.
    package var endOffset: Int64?

    package init(
        topicPartition: TopicPartition,
        generation: Int,
        records: [IncomingRecord],
        endOffset: Int64? = nil
    ) {
        self.topicPartition = topicPartition
        self.generation = generation
        self.records = records
        self.endOffset = endOffset
    }

    /// Where the partition goes on after it; nil when it has nothing.
    package var nextOffset: Int64? { records.last?.nextOffset ?? endOffset }

    /// Done, but for nobody to see as done.
    package var withoutRecords: RecordBatch {
        RecordBatch(topicPartition: topicPartition, generation: generation, records: [])
    }
}

package enum SourceEvent: Equatable, Sendable {
    /// Partitions were assigned; nothing flows until `start` gives their offsets.
    case assigned(generation: Int, partitions: [TopicPartition])
    /// The assignment has ended; its batches can no longer be committed once a new owner has taken over.
    case revoked(generation: Int)
    case batch(RecordBatch)
    /// The partition has stopped: it cannot go on where it should, and a person must say how to.
    case partitionStopped(TopicPartition, reason: String)
    /// No broker has answered for so long. Told once for each outage; the source goes on by itself.
    case brokersAway(for: Interval, reason: String)
    /// A broker answers again, so long after the outage began.
    case brokersBack(after: Interval)
    /// Something else to tell the operator; the source goes on by itself.
    case notice(String)
    /// The client cannot go on; the process should end and be started anew.
    case fatal(String)
}

/// Where an assigned partition starts.
package enum StartOffset: Equatable, Sendable {
    case offset(Int64)
    /// The offset, if the last record before it is still the one with the fingerprint; else the partition stops.
    case after(RecordFingerprint, Int64)
    case beginning
    case end
    /// Kafka's own committed offset, else the beginning; for agents, which keep no position of their own.
    case committed

    /// Nil where Kafka knows the number.
    package var number: Int64? {
        switch self {
        case .offset(let number), .after(_, let number): number
        case .beginning, .end, .committed: nil
        }
    }
}

/// Kafka in: partitions are assigned to a group's members, and drained batch by batch.
package protocol RecordSource: Sendable {
    /// The id of the cluster, which positions are kept under.
    func clusterID() async throws(TransportError) -> String
    /// What happens next; nil after `close`.
    func next() async -> SourceEvent?
    /// Starts the partitions of an assignment; ignored when the generation is no longer the current one.
    func start(generation: Int, at offsets: [TopicPartition: StartOffset]) async
    /// Ends the assignment and begins it anew, as if the group had been rebalanced; ignored when it has ended already.
    func restart(generation: Int) async
    /// The batch has been dealt with; the partition may be drained again, and lag monitors may see it, if it has records.
    func done(_ batch: RecordBatch) async
    /// Leaves the group and ends the stream of events; bounded in time.
    func close() async
}

/// Kafka out.
package protocol RecordSink: Sendable {
    /// Sends records in order and waits for the brokers' answers, one for each record, in order.
    func send(_ records: [OutgoingRecord]) async -> [SendResult]
    /// Sends a record while no other is under way, so that the answer is about this one.
    func sendAlone(_ record: OutgoingRecord) async -> SendResult
    /// What becomes of records of each of the topics just now. Nil when no broker answers, or the sink has been closed.
    /// Bounded in time.
    func states(of topics: Set<String>) async -> [String: TopicState]?
    /// Waits for what is under way, bounded in time.
    func close() async
}

package enum TopicState: Sendable {
    /// The brokers take them, or refuse one for what it is.
    case takes
    /// A partition has no leader, or a replica is not in sync: none may be taken for now.
    case away
    /// It does not exist, or is not ours to write to, which will not change by waiting. A producer that is waited for only
    /// says that no answer came.
    case refuses
}

package enum SendResult: Equatable, Sendable {
    case sent
    /// Not taken, may be tried again.
    case failed(String)
    /// Not taken for a reason that is not the record's: no answer came in time, or the brokers' clock differs.
    case blameless(String)
    /// Will never be taken (too large, invalid), it or one that was sent with it.
    case refused(String)
    /// The producer cannot go on; the process should end and be started anew.
    case fatal(String)
}

package enum TransportError: Error, Equatable, Sendable {
    case unavailable(reason: String)
    case invalidConfiguration(reason: String)

    package var reason: String {
        switch self {
        case .unavailable(let reason), .invalidConfiguration(let reason): reason
        }
    }
}
