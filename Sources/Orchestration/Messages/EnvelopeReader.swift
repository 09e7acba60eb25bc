extension Envelope {
    /// Reads a record in any of the accepted forms. Never fails: what cannot be read is a dead letter.
    package static func decode(_ record: IncomingRecord) -> DecodedRecord {
        guard let value = record.value else { return .tombstone }
        do throws(EnvelopeFault) {
            return .envelope(try EnvelopeReader(record: record).read(value))
        } catch {
            return .deadLetter(error.reason, error.detail)
        }
    }

    /// The command inside a `Genesis.Session.Command.Received`; any other envelope is its own.
    ///
    /// What the inner command does not say (id, correlation, user, tenant, …) is taken from the event, which
    /// counts as its cause.
    package func unwrapped() throws(EnvelopeFault) -> Envelope {
        guard type == SessionMessages.commandReceived, let members = payload.object else { return self }
        var fields = EnvelopeFields(members, headers: RecordHeaders([]), noun: "payload's field")
        let commandID: MessageID? = try fields.identifier("command_id")
        let given = try EnvelopeReader.sessionID(&fields, names: ["aggregate_id", "session_id"])
        if let given, given != sessionID {
            throw EnvelopeFault(
                .keyMismatch,
                "The record is about session \(sessionID), but the command in it about \(given)."
            )
        }
        let key = try fields.idempotencyKey(["idempotency_key"]) ?? commandID?.description
        var inner = try EnvelopeReader.plain(
            &fields,
            id: commandID ?? id,
            typeName: "command_type",
            sessionID: sessionID,
            form: .plainCommand
        )
        inner.idempotencyKey = key ?? idempotencyKey
        inner.correlationID = inner.correlationID ?? correlationID
        inner.causationID = inner.causationID ?? id.description
        inner.userID = inner.userID ?? userID
        inner.tenantID = inner.tenantID ?? tenantID
        inner.occurredAt = inner.occurredAt ?? occurredAt
        inner.traceparent = inner.traceparent ?? traceparent
        inner.source = inner.source ?? source
        return inner
    }
}

struct EnvelopeReader {
    private let key: [UInt8]
    private let headers: RecordHeaders

    init(record: IncomingRecord) throws(EnvelopeFault) {
        if let size = record.value?.count, size > JSONLimits.record.bytesMax {
            throw EnvelopeFault(
                .tooLarge,
                "The value is \(size) bytes long; at most \(JSONLimits.record.bytesMax) are taken."
            )
        }
        guard let key = record.key, !key.isEmpty else {
            throw EnvelopeFault(.missingKey, "The record has no key; it must be the session's id.")
        }
        self.key = key
        headers = RecordHeaders(record.headers)
    }

    func read(_ value: [UInt8]) throws(EnvelopeFault) -> Envelope {
        let json: JSONValue
        do throws(JSONFault) {
            json = try JSONText.parse(value)
        } catch {
            throw EnvelopeFault(.invalidJSON, error.description)
        }
        let standard = try headers.text("content-type")
        let ours = try headers.text("content_type")
        let contentType = (standard ?? ours ?? "").lowercased()
        if contentType.hasPrefix("application/cloudevents-batch") {
            throw EnvelopeFault(.invalidEnvelope, "The content type is a batch of CloudEvents; send one per record.")
        }
        guard let members = json.object else {
            throw EnvelopeFault(.invalidEnvelope, "The value must be a JSON object, not \(json.typeName).")
        }
        if contentType.hasPrefix("application/cloudevents") || members["specversion"] != nil {
            return try structured(members)
        }
        if try headers.text("ce_specversion") != nil {
            let attributes = try headers.attributes()
            if !isRepeated(attributes, in: members) { return try binary(attributes, data: json) }
        }
        return try plain(members)
    }

    /// Whether the headers only repeat what the body says itself, as they do in the form we publish.
    private func isRepeated(_ attributes: JSONObject, in members: JSONObject) -> Bool {
        func agree(_ id: String, _ type: String) -> Bool {
            guard let bodyID = members[id]?.string, let bodyType = members[type]?.string else { return false }
            return attributes["id"]?.string == bodyID && attributes["type"]?.string == bodyType
        }
        return agree("event_id", "event_type") || agree("command_id", "command_type")
    }

    // MARK: The plain forms

    private func plain(_ members: JSONObject) throws(EnvelopeFault) -> Envelope {
        var fields = EnvelopeFields(members, headers: headers)
        let isEvent = members["event_type"] != nil || (members["event_id"] != nil && members["command_type"] == nil)
        let isCommand = members["command_type"] != nil || (members["command_id"] != nil && !isEvent)
        if isEvent && isCommand {
            throw EnvelopeFault(.invalidEnvelope, "The value has both command_type and event_type.")
        }
        guard isEvent || isCommand else {
            throw EnvelopeFault(
                .invalidEnvelope,
                "The value is neither a command nor an event: it has no command_type, event_type or specversion."
            )
        }
        let idName = isEvent ? "event_id" : "command_id"
        guard let id: MessageID = try fields.identifier(idName) else { throw fields.invalid(idName, "is missing") }
        let given = try Self.sessionID(&fields, names: ["aggregate_id", "session_id"])
        let key = try fields.idempotencyKey(["idempotency_key"])
        var envelope = try Self.plain(
            &fields,
            id: id,
            typeName: isEvent ? "event_type" : "command_type",
            sessionID: try sessionID(given: given, name: "aggregate_id"),
            form: isEvent ? .plainEvent : .plainCommand
        )
        envelope.idempotencyKey = key ?? id.description
        return envelope
    }

    static func plain(
        _ fields: inout EnvelopeFields,
        id: MessageID,
        typeName: String,
        sessionID: SessionID,
        form: Envelope.Form
    ) throws(EnvelopeFault) -> Envelope {
        let type = try fields.required(typeName)
        return Envelope(
            id: id,
            type: try fields.label(type, typeName),
            sessionID: sessionID,
            payload: try fields.object("payload"),
            correlationID: try fields.label(["correlation_id"]),
            causationID: try fields.label(["causation_id"]),
            userID: try fields.label(["user_id"]),
            tenantID: try fields.label(["tenant_id"]),
            metadata: try fields.object("metadata"),
            occurredAt: try fields.instant("occurred_at"),
            traceparent: try fields.traceparent(),
            source: try fields.label(["source"]),
            schemaVersion: try fields.schemaVersion(),
            extensions: fields.rest,
            form: form
        )
    }

    // MARK: CloudEvents

    private func structured(_ members: JSONObject) throws(EnvelopeFault) -> Envelope {
        var fields = EnvelopeFields(members, headers: headers, noun: "CloudEvents attribute")
        if fields.take("data_base64") != nil {
            throw fields.invalid("data_base64", "is not taken; send data as a JSON object")
        }
        let data = try fields.object("data")
        return try cloudEvent(&fields, data: data, form: .cloudEventStructured)
    }

    private func binary(_ attributes: JSONObject, data: JSONValue) throws(EnvelopeFault) -> Envelope {
        var fields = EnvelopeFields(attributes, headers: headers, noun: "CloudEvents attribute")
        return try cloudEvent(&fields, data: data, form: .cloudEventBinary)
    }

    private func cloudEvent(
        _ fields: inout EnvelopeFields,
        data: JSONValue,
        form: Envelope.Form
    ) throws(EnvelopeFault) -> Envelope {
        let version = try fields.required("specversion")
        guard version == "1.0" else {
            throw fields.invalid("specversion", "must be 1.0, not “\(PrintableText.of(version))”")
        }
        let idText = try fields.required("id")
        let source = try fields.required("source")
        if idText.isEmpty { throw fields.invalid("id", "is empty") }
        if source.isEmpty { throw fields.invalid("source", "is empty") }
        _ = fields.take("datacontenttype")
        let givenKey = try fields.idempotencyKey(["idempotency_key", "idempotencykey"])
        let id: MessageID
        let key: String
        if let given = MessageID(idText) {
            id = given
            key = givenKey ?? given.description
        } else {
            // Source and id together name a CloudEvent; an id alone may be another source's too.
            id = MessageID(derivedFrom: "cloudevent", source, idText)
            let made = source + "/" + idText
            let isLikeOurs = made.hasPrefix(SessionMessage.workerKeyPrefix)
            if let givenKey {
                key = givenKey
            } else {
                key = try fields.idempotencyKey(isLikeOurs ? "cloudevent/" + made : made, "id")
            }
        }
        var given = try Self.sessionID(
            &fields,
            names: ["aggregate_id", "aggregateid", "session_id", "sessionid"]
        )
        // A subject is the sender's free text; it counts where it is an id.
        if let subject = try fields.string("subject").flatMap({ SessionID($0) }) {
            if let given, given != subject {
                throw fields.invalid("subject", "names session \(subject), but another attribute \(given)")
            }
            given = subject
        }
        let type = try fields.required("type")
        return Envelope(
            id: id,
            idempotencyKey: key,
            type: try fields.label(type, "type"),
            sessionID: try sessionID(given: given, name: "subject"),
            payload: data,
            correlationID: try fields.label(["correlation_id", "correlationid"]),
            causationID: try fields.label(["causation_id", "causationid"]),
            userID: try fields.label(["user_id", "userid"]),
            tenantID: try fields.label(["tenant_id", "tenantid"]),
            metadata: try fields.object("metadata"),
            occurredAt: try fields.instant("time"),
            traceparent: try fields.traceparent(),
            source: source,
            schemaVersion: try fields.schemaVersion(),
            extensions: fields.rest,
            form: form
        )
    }

    // MARK: The session

    /// The session that the body names; two names of it must agree.
    static func sessionID(
        _ fields: inout EnvelopeFields,
        names: [String]
    ) throws(EnvelopeFault) -> SessionID? {
        var found: SessionID?
        for name in names {
            guard let id: SessionID = try fields.identifier(name) else { continue }
            if let found, found != id { throw fields.invalid(name, "names session \(id), but another field \(found)") }
            found = id
        }
        return found
    }

    /// The session of the record: what the body says, and the key must not say otherwise.
    private func sessionID(given: SessionID?, name: String) throws(EnvelopeFault) -> SessionID {
        let keyText = String(decoding: key, as: UTF8.self)
        let keyID = SessionID(keyText)
        guard let given else {
            guard let keyID else {
                throw EnvelopeFault(
                    .invalidEnvelope,
                    "The field \(name) is missing, and the key “\(PrintableText.of(keyText))” is no UUID either."
                )
            }
            return keyID
        }
        guard given == keyID else {
            throw EnvelopeFault(
                .keyMismatch,
                "The record's key is “\(PrintableText.of(keyText))”, but its content is about session \(given)."
            )
        }
        return given
    }
}
