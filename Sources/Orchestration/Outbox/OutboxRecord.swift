extension OutboxMessage {
    /// The record to publish, for the row's topic or another destination.
    ///
    /// A row with raw bytes is a copy of somebody else's record and keeps them; else the key is the partition key
    /// and the value the payload's JSON.
    package func record(for destination: String? = nil) -> OutgoingRecord {
        var records = PublishedForm.headers(of: self)
        for member in headers.object ?? [:] {
            records.removeAll { $0.name == member.key }
            let values = if case .array(let several) = member.value { several } else { [member.value] }
            for value in values {
                let bytes =
                    rawValue == nil ? Array((value.string ?? value.text).utf8) : HeaderText.decode(value)
                records.append(RecordHeader(name: member.key, value: bytes))
            }
        }
        if rawValue == nil {
            let ownColumns = [
                ("source_bc", sourceBC), ("schema_id", schemaID), ("schema_version", String(schemaVersion)),
                ("tenant_id", tenantID),
            ]
            for (name, value) in ownColumns {
                if let value, !records.contains(where: { $0.name == name }) {
                    records.append(RecordHeader(name, value))
                }
            }
        }
        return OutgoingRecord(
            topic: destination ?? topic,
            key: rawValue == nil ? Array(partitionKey.utf8) : rawKey,
            value: rawValue ?? payload.utf8Bytes,
            headers: records
        )
    }

    /// A batch of rows ends once it holds so many bytes.
    package static let batchBytesMax = 8 << 20

    /// At least as many bytes as its record has.
    package var bytesBound: Int { rawValue?.count ?? payload.textBytesBound }
}
