/// What a record says, whichever accepted form it came in.
package struct Envelope: Equatable, Sendable {
    package enum Form: String, CaseIterable, Sendable {
        case plainCommand, plainEvent, cloudEventStructured, cloudEventBinary
    }

    package var id: MessageID
    /// What makes a repeated message recognisable; the id's text unless the sender gave one.
    package var idempotencyKey: String
    /// The command's or event's type, e.g. `Command.Genesis.Session.Start`.
    package var type: String
    package var sessionID: SessionID
    /// Always an object.
    package var payload: JSONValue
    package var correlationID: String?
    package var causationID: String?
    package var userID: String?
    package var tenantID: String?
    /// Always an object.
    package var metadata: JSONValue
    package var occurredAt: Instant?
    /// W3C trace context; nil also where the sender's was malformed, as that standard asks.
    package var traceparent: String?
    package var source: String?
    /// The shape of the message, from 1; a newer worker may know more shapes.
    package var schemaVersion: Int
    /// Fields that are not ours, as they came.
    package var extensions: JSONObject
    package var form: Form

    package init(
        id: MessageID,
        idempotencyKey: String? = nil,
        type: String,
        sessionID: SessionID,
        payload: JSONValue = .object([:]),
        correlationID: String? = nil,
        causationID: String? = nil,
        userID: String? = nil,
        tenantID: String? = nil,
        metadata: JSONValue = .object([:]),
        occurredAt: Instant? = nil,
        traceparent: String? = nil,
        source: String? = nil,
        schemaVersion: Int = 1,
        extensions: JSONObject = [:],
        form: Form = .plainCommand
    ) {
        self.id = id
        self.idempotencyKey = idempotencyKey ?? id.description
        self.type = type
        self.sessionID = sessionID
        self.payload = payload
        self.correlationID = correlationID
        self.causationID = causationID
        self.userID = userID
        self.tenantID = tenantID
        self.metadata = metadata
        self.occurredAt = occurredAt
        self.traceparent = traceparent
        self.source = source
        self.schemaVersion = schemaVersion
        self.extensions = extensions
        self.form = form
    }

    /// The newest shape of messages that this program reads.
    package static let schemaVersionMax = 1
    /// The longest identifier of others (type, correlation, user, …), in bytes.
    package static let labelBytesMax = 128
    /// The longest idempotency key, in bytes; room for a CloudEvents source and id, and as long as the inbox takes.
    package static let idempotencyKeyBytesMax = 255
}

/// What became of reading a record.
package enum DecodedRecord: Equatable, Sendable {
    case envelope(Envelope)
    /// No value: nothing to do but count it.
    case tombstone
    /// Cannot be processed; the sentence names the fault and the place.
    case deadLetter(DeadLetter.Reason, String)
}

/// Why a record is no envelope.
package struct EnvelopeFault: Error, Equatable, Sendable, CustomStringConvertible {
    package var reason: DeadLetter.Reason
    /// One sentence.
    package var detail: String

    package init(_ reason: DeadLetter.Reason, _ detail: String) {
        self.reason = reason
        self.detail = detail
    }

    package var description: String { detail }
}
