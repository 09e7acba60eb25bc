/// By what a record is known again: whether the one at its offset is still the one that was processed.
package struct RecordFingerprint: Equatable, Sendable {
    package var offset: Int64
    /// The record's own time; nil for one without.
    package var timestamp: Instant?
    /// SHA-256 over key and value, the first `digestLength` hexadecimal digits.
    package var digest: String

    package static let digestLength = 16

    package init(offset: Int64, timestamp: Instant?, digest: String) {
        self.offset = offset
        self.timestamp = timestamp
        self.digest = digest
    }

    package init(of record: IncomingRecord) {
        var hash = SHA256()
        for part in [record.key, record.value] {
            // None, empty and the border between key and value are told apart.
            hash.update(Array("\(part.map { String($0.count) } ?? "none"):".utf8))
            hash.update(part ?? [])
        }
        let digits = Array("0123456789abcdef")
        let text = String(hash.finish().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] })
        self.init(
            offset: record.offset,
            timestamp: record.timestamp,
            digest: String(text.prefix(Self.digestLength))
        )
    }
}
