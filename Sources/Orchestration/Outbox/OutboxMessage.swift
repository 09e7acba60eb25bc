/// A row of `event_outbox`: a record that the relay will publish.
package struct OutboxMessage: Equatable, Sendable {
    /// The event's id for an event, else derived; so building a row twice inserts one.
    package var id: EventID
    /// The order of publication within a key; nil until the database has given it.
    package var position: Int64?
    /// The event that caused the record; nil for a notice without one (a rejection, a dead letter).
    package var eventID: EventID?
    package var tenantID: String
    package var topic: String
    package var partitionKey: String
    /// Which lane the key belongs to; see `lane(of:)`.
    package var lane: Int
    /// Names and values of headers beside those that `PublishedForm` derives; an object of strings. That of a record of
    /// ours names the worker as `source`.
    package var headers: JSONValue
    package var payload: JSONValue
    /// Set for a record whose bytes are not ours to change (a dead letter); then published in place of key and payload.
    package var rawKey: [UInt8]?
    package var rawValue: [UInt8]?
    package var sourceBC: String
    /// Where the record goes, if to other topics than `topic`; the database makes a row for each, which is delivered,
    /// retried and given up for itself.
    package var destinationTopics: [String]
    package var schemaID: String?
    package var schemaVersion: Int
    package var status: OutboxStatus
    package var retryCount: Int
    package var maxRetries: Int
    package var nextRetryAt: Instant?
    /// Not before this time.
    package var scheduledAt: Instant?
    package var errorMessage: String?
    package var createdAt: Instant
    package var publishedAt: Instant?

    /// How many lanes there are. A constant of the schema: changing it means re-hashing unsent rows.
    package static let laneCount = 64
    package static let maxRetriesDefault = 5
    package static let sourceBCDefault = "genesis"

    /// How the message of a row begins that an operator has given up: it counts as SENT and was not published.
    package static let skipMark = "skipped by "
    package var isSkipped: Bool { status == .sent && errorMessage?.hasPrefix(Self.skipMark) == true }

    /// Whether the record is the event itself; its payload is then not stored a second time.
    package var isEvent: Bool { id == eventID && rawValue == nil && destinationTopics.isEmpty }

    /// The lane of a key: FNV-1a over its UTF-8 bytes, modulo `laneCount`.
    package static func lane(of key: String) -> Int {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in key.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return Int((hash ^ hash >> 32) % UInt64(laneCount))
    }

    package init(
        id: EventID,
        position: Int64? = nil,
        eventID: EventID?,
        tenantID: String,
        topic: String,
        partitionKey: String,
        headers: JSONValue,
        payload: JSONValue,
        rawKey: [UInt8]? = nil,
        rawValue: [UInt8]? = nil,
        sourceBC: String = OutboxMessage.sourceBCDefault,
        destinationTopics: [String] = [],
        schemaID: String? = nil,
        schemaVersion: Int = 1,
        status: OutboxStatus = .pending,
        retryCount: Int = 0,
        maxRetries: Int = OutboxMessage.maxRetriesDefault,
        nextRetryAt: Instant? = nil,
        scheduledAt: Instant? = nil,
        errorMessage: String? = nil,
        createdAt: Instant,
        publishedAt: Instant? = nil
    ) {
        self.id = id
        self.position = position
        self.eventID = eventID
        self.tenantID = tenantID
        self.topic = topic
        self.partitionKey = partitionKey
        self.lane = Self.lane(of: partitionKey)
        self.headers = headers
        self.payload = payload
        self.rawKey = rawKey
        self.rawValue = rawValue
        self.sourceBC = sourceBC
        self.destinationTopics = destinationTopics
        self.schemaID = schemaID
        self.schemaVersion = schemaVersion
        self.status = status
        self.retryCount = retryCount
        self.maxRetries = maxRetries
        self.nextRetryAt = nextRetryAt
        self.scheduledAt = scheduledAt
        self.errorMessage = errorMessage
        self.createdAt = createdAt
        self.publishedAt = publishedAt
    }
}
