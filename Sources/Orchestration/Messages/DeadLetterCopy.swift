extension [DeadLetter] {
    package var inOrderOfRecords: Self {
        sorted { ($0.topic, $0.partition, $0.recordOffset) < ($1.topic, $1.partition, $1.recordOffset) }
    }
}

extension DeadLetter {
    /// The row for a record that cannot be processed; its id follows from where the record
    /// stands and what it is: in a topic that was made anew other records have the same places.
    package init(
        of record: IncomingRecord,
        clusterID: String,
        reason: Reason,
        detail: String,
        now: Instant
    ) {
        self.init(
            id: DeadLetterID(
                derivedFrom: clusterID,
                record.topicPartition.topic,
                String(record.topicPartition.partition),
                String(record.offset),
                RecordFingerprint(of: record).digest
            ),
            clusterID: clusterID,
            topic: record.topicPartition.topic,
            partition: record.topicPartition.partition,
            recordOffset: record.offset,
            recordKey: record.key,
            recordValue: record.value,
            headers: .array(record.headers.map { [.string($0.name), HeaderText.encode($0.value)] }),
            reason: reason,
            detail: detail,
            createdAt: now
        )
    }

    /// A record that waits for a newer worker, with its session.
    package init(
        of record: IncomingRecord,
        clusterID: String,
        waitingFor session: SessionID,
        needsSchema version: Int,
        detail: String,
        now: Instant
    ) {
        self.init(of: record, clusterID: clusterID, reason: .needsNewerWorker, detail: detail, now: now)
        sessionID = session
        needsSchema = version
    }

    /// The record as it came; when it was written is not kept.
    package var record: IncomingRecord {
        IncomingRecord(
            topicPartition: TopicPartition(topic: topic, partition: partition),
            offset: recordOffset,
            key: recordKey,
            value: recordValue,
            headers: (headers.array ?? []).compactMap { pair in
                guard let parts = pair.array, parts.count == 2, let name = parts[0].string else { return nil }
                return RecordHeader(name: name, value: HeaderText.decode(parts[1]))
            }
        )
    }

    /// The longest record whose copy carries its value; a longer one would not fit a broker that took the original. Its
    /// copy has the header `dlq_value_bytes` in its place, and the row has the value.
    package static let copyBytesMax = 900_000

    /// What a topic's dead letters are called after it.
    package static let topicSuffix = ".dlq"

    /// The copy for `<topic>.dlq`: the original bytes and headers, and why it is there.
    package func copy(tenantID: String) -> OutboxMessage {
        let bytes = (recordKey?.count ?? 0) + (recordValue?.count ?? 0) + self.headers.utf8Bytes.count
        let fits = bytes <= Self.copyBytesMax
        var headers = fits ? originalHeaders : [:]
        headers["dlq_reason"] = .string(reason.rawValue)
        headers["dlq_detail"] = .string(detail)
        headers["dlq_topic"] = .string(topic)
        headers["dlq_partition"] = .string(String(partition))
        headers["dlq_offset"] = .string(String(recordOffset))
        if !fits { headers["dlq_value_bytes"] = .string(String(recordValue?.count ?? 0)) }
        var copy = message(id: id.cast(), topic: topic + Self.topicSuffix, headers, tenantID, createdAt)
        if !fits { copy.rawValue = [] }
        return copy
    }

    /// The original record once more for the topic it came from; the row's id follows from how often that was done.
    package func again(tenantID: String) -> OutboxMessage {
        let time = requeuedAt ?? createdAt
        let id = EventID(derivedFrom: "requeue", id.description, requeuedAt == nil ? "" : time.description)
        return message(id: id, topic: topic, originalHeaders, tenantID, time)
    }

    private func message(
        id: EventID,
        topic: String,
        _ headers: JSONObject,
        _ tenantID: String,
        _ createdAt: Instant
    ) -> OutboxMessage {
        let session = recordKey.flatMap { SessionID(String(decoding: $0, as: UTF8.self)) }
        return OutboxMessage(
            id: id,
            eventID: nil,
            tenantID: tenantID,
            topic: topic,
            // The column is text and the key may be anything; the record itself is published with `rawKey`.
            partitionKey: session?.description ?? "\(self.topic)/\(partition)",
            headers: .object(headers),
            payload: .object([:]),
            rawKey: recordKey,
            rawValue: recordValue ?? [],
            createdAt: createdAt
        )
    }

    private var originalHeaders: JSONObject {
        var headers = JSONObject()
        for pair in self.headers.array ?? [] {
            guard let parts = pair.array, parts.count == 2, let name = parts[0].string else { continue }
            // A name that occurs twice keeps all its values, in their order.
            headers[name] =
                switch headers[name] {
                case .none: parts[1]
                case .array(let values): .array(values + [parts[1]])
                case .some(let value): [value, parts[1]]
                }
        }
        return headers
    }
}

/// Header values as JSON: text as it is, other bytes as base64 after `base64:`.
enum HeaderText {
    private static let mark = "base64:"

    static func encode(_ bytes: [UInt8]?) -> JSONValue {
        guard let bytes else { return .null }
        // Text that begins like the mark is encoded too, so that decoding is never in doubt.
        if let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0), !text.hasPrefix(mark) {
            return .string(text)
        }
        return .string(mark + Base64.encode(bytes))
    }

    static func decode(_ value: JSONValue) -> [UInt8]? {
        guard let text = value.string else { return value.isNull ? nil : value.utf8Bytes }
        guard text.hasPrefix(mark) else { return Array(text.utf8) }
        return Base64.decode(text.utf8.dropFirst(mark.utf8.count)) ?? Array(text.utf8)
    }
}
