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
    }

    package var id: DeadLetterID
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

    package init(
        id: DeadLetterID,
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
        requeuedAt: Instant?
    ) {
        self.id = id
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
    }
}
