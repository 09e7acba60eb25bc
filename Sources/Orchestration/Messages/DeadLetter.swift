/// A row of `dead_letters`: a record that cannot be processed, with its original bytes and the reason.
package struct DeadLetter: Equatable, Sendable {
    package enum Reason: String, CaseIterable, Sendable {
        case invalidJSON = "invalid_json"
        case invalidEnvelope = "invalid_envelope"
        case unknownType = "unknown_type"
        case tooLarge = "too_large"
        case missingKey = "missing_key"
        case keyMismatch = "key_mismatch"
        /// The database refused what the record led to.
        case refused
        /// Not dead: the session is set aside until a worker takes it that reads the message's schema version.
        case needsNewerWorker = "needs_newer_worker"
    }

    package var id: DeadLetterID
    /// The order in which records were set aside; nil until the database has given it.
    package var arrival: Int64?
    /// The session that is set aside; nil where only the record is.
    package var sessionID: SessionID?
    /// The schema version that must be read first; 0 for what only waits behind another record.
    package var needsSchema: Int
    package var clusterID: String
    package var topic: String
    package var partition: Int
    package var recordOffset: Int64
    package var recordKey: [UInt8]?
    package var recordValue: [UInt8]?
    /// An array of `[name, value]`; values that are not UTF-8 are base64 after `base64:`.
    package var headers: JSONValue
    package var reason: Reason
    /// One sentence that names the fault and the place.
    package var detail: String
    package var createdAt: Instant
    package var requeuedAt: Instant?
    /// Who has published it again; nil where a newer worker has taken it up.
    package var requeuedBy: String?

    /// Whether its session still waits for a newer worker.
    package var isWaiting: Bool { reason == .needsNewerWorker && requeuedAt == nil }

    package init(
        id: DeadLetterID,
        arrival: Int64? = nil,
        sessionID: SessionID? = nil,
        needsSchema: Int = 0,
        clusterID: String,
        topic: String,
        partition: Int,
        recordOffset: Int64,
        recordKey: [UInt8]?,
        recordValue: [UInt8]?,
        headers: JSONValue,
        reason: Reason,
        detail: String,
        createdAt: Instant,
        requeuedAt: Instant? = nil,
        requeuedBy: String? = nil
    ) {
        self.id = id
        self.arrival = arrival
        self.sessionID = sessionID
        self.needsSchema = needsSchema
        self.clusterID = clusterID
        self.topic = topic
        self.partition = partition
        self.recordOffset = recordOffset
        self.recordKey = recordKey
        self.recordValue = recordValue
        self.headers = headers
        self.reason = reason
        self.detail = detail
        self.createdAt = createdAt
        self.requeuedAt = requeuedAt
        self.requeuedBy = requeuedBy
    }
}
