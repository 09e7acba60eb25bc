internal import Glibc
internal import Orchestration

/// One line of a Kafka properties file.
struct KafkaProperty: Sendable {
    var name: String
    var value: String
    /// File and line, for errors.
    var place: String

    static let fileBytesMax = 1 << 20

    /// Properties on which the product's guarantees rest, and why they are not for the file to change.
    private static let reserved: [String: String] = [
        "enable.auto.commit": "positions are kept in PostgreSQL",
        "auto.commit.enable": "positions are kept in PostgreSQL",
        "enable.auto.offset.store": "positions are kept in PostgreSQL",
        "auto.offset.reset": "a position that does not exist must stop the partition, not skip records",
        "enable.partition.eof": "positions move over what transactions leave at the end of a partition",
        "partition.assignment.strategy": "all workers of a group must agree on it",
        "group.protocol": "positions change hands with whole assignments, as the classic protocol gives them",
        "isolation.level": "records of aborted transactions must not be read",
        "group.id": "it has a setting of its own",
        "enable.idempotence": "the outbox relies on the order that it keeps",
        "transactional.id": "the outbox sends without Kafka's transactions",
        "delivery.report.only.error": "the outbox waits for what becomes of each record",
        "partitioner": "records of one key must stay in one partition, whoever sends them",
    ]

    /// Longer, a relay would lose its lanes while it waits for the brokers.
    static let sendMillisecondsMax = 60_000
    private static let limits: [String: ClosedRange<Int>] = [
        "message.timeout.ms": 1...sendMillisecondsMax, "delivery.timeout.ms": 1...sendMillisecondsMax,
    ]

    static func read(file: String) throws(TransportError) -> [Self] {
        try parse(text(of: file), file: file)
    }

    static func parse(_ text: String, file: String) throws(TransportError) -> [Self] {
        var properties: [Self] = []
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            let place = "\(file), line \(index + 1)"
            let content = trimmed(line)
            if content.isEmpty || content.hasPrefix("#") { continue }
            guard let equals = content.firstIndex(of: "=") else {
                // The line is not quoted: it might be a secret that lost its key.
                throw .invalidConfiguration(reason: "\(place): expected `key=value`")
            }
            let name = String(trimmed(content[..<equals]))
            guard !name.isEmpty else { throw .invalidConfiguration(reason: "\(place): the key is missing") }
            if let reason = reserved[name] {
                throw .invalidConfiguration(reason: "\(place): `\(name)` cannot be set: \(reason)")
            }
            if let first = properties.first(where: { $0.name == name }) {
                throw .invalidConfiguration(reason: "\(place): `\(name)` is already set at \(first.place)")
            }
            let value = String(trimmed(content[content.index(after: equals)...]))
            if let limit = limits[name], !(Int(value).map(limit.contains) ?? false) {
                throw .invalidConfiguration(
                    reason: "\(place): `\(name)` must be from \(limit.lowerBound) to \(limit.upperBound)"
                )
            }
            properties.append(Self(name: name, value: value, place: place))
        }
        return properties
    }

    private static func trimmed(_ text: Substring) -> Substring {
        guard let first = text.firstIndex(where: { !$0.isWhitespace }),
            let last = text.lastIndex(where: { !$0.isWhitespace })
        else { return "" }
        return text[first...last]
    }

    private static func text(of file: String) throws(TransportError) -> String {
        func failure(_ problem: String) -> TransportError {
            .invalidConfiguration(reason: "cannot read the Kafka properties file \(file): \(problem)")
        }
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(String(cString: strerror(errno))) }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw failure(String(cString: strerror(errno))) }
            if count == 0 { break }
            bytes += buffer[..<count]
            guard bytes.count <= fileBytesMax else { throw failure("it is larger than \(fileBytesMax) bytes") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else { throw failure("it is not UTF-8") }
        return text
    }
}
