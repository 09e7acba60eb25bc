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
    /// Of the last record before the next offset; nil when none was processed, or a person has set the position.
    package var fingerprint: RecordFingerprint? {
        get {
            guard let lastOffset, let lastDigest else { return nil }
            return RecordFingerprint(offset: lastOffset, timestamp: lastTime, digest: lastDigest)
        }
        set { (lastOffset, lastTime, lastDigest) = (newValue?.offset, newValue?.timestamp, newValue?.digest) }
    }
    package private(set) var lastOffset: Int64?
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
        self.lastOffset = fingerprint?.offset
        self.lastTime = fingerprint?.timestamp
        self.lastDigest = fingerprint?.digest
        self.stopReason = stopReason
        self.resetNote = resetNote
        self.updatedAt = updatedAt
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
