import Foundation

/// A batch of one record as the brokers keep it, also such as librdkafka's producer does not write: marks of
/// transactions, which real brokers write by themselves, and what no client can read.
///
/// Source: Apache Kafka, “Record Batch” and “Control Batches” in the documentation of its message format.
struct WireBatch {
    var attributes: Int16 = 0
    var record: [UInt8] = []

    /// The end of a transaction that took effect.
    static var commitMark: WireBatch { WireBatch(attributes: transactional | control, record: markRecord) }
    /// Says that it is compressed, and is not.
    static var ofFalseCompression: WireBatch { WireBatch(attributes: gzip, record: Array("not gzip".utf8)) }

    private static let magic: Int8 = 2
    private static let gzip: Int16 = 1
    private static let transactional: Int16 = 1 << 4
    private static let control: Int16 = 1 << 5

    private static var markRecord: [UInt8] {
        let (version, commits, epoch): (Int16, Int16, Int32) = (0, 1, 0)
        let key = bytes(version) + bytes(commits)
        let value = bytes(version) + bytes(epoch)
        // Lengths are zigzag numbers; times and offsets are relative to the batch's.
        let content: [UInt8] = [0, 0, 0, UInt8(key.count * 2)] + key + [UInt8(value.count * 2)] + value + [0]
        return [UInt8(content.count * 2)] + content
    }

    /// The checksum is left out: neither side looks at it unless told to.
    private var encoded: [UInt8] {
        let afterLength =
            bytes(Int32(-1)) + bytes(Self.magic) + bytes(Int32(0)) + bytes(attributes) + bytes(Int32(0))
            + bytes(Int64(0)) + bytes(Int64(0)) + bytes(Int64(1)) + bytes(Int16(0)) + bytes(Int32(-1))
            + bytes(Int32(1)) + record
        return bytes(Int64(0)) + bytes(Int32(afterLength.count)) + afterLength
    }

    /// Appends it to the topic's first partition, by a Produce request of version 7.
    func append(to topic: String, at bootstrap: String) throws {
        let batch = encoded
        let (api, version, acks): (Int16, Int16, Int16) = (0, 7, -1)
        let nothing = Int16(-1)
        let head = bytes(api) + bytes(version) + bytes(Int32(1)) + bytes(nothing)
        let body =
            bytes(nothing) + bytes(acks) + bytes(Int32(5_000)) + bytes(Int32(1)) + bytes(Int16(topic.utf8.count))
            + Array(topic.utf8) + bytes(Int32(1)) + bytes(Int32(0)) + bytes(Int32(batch.count)) + batch
        let answer = try exchange(bytes(Int32(head.count + body.count)) + head + body, with: bootstrap)
        // Number of the request, one topic with its name, one partition with its index, and then the error.
        let place = 4 + 4 + 2 + topic.utf8.count + 4 + 4
        guard answer.count >= place + 2, answer[place] == 0, answer[place + 1] == 0 else {
            throw TestFailure("the broker does not take the batch: \(answer)")
        }
    }

    private func exchange(_ request: [UInt8], with bootstrap: String) throws -> [UInt8] {
        guard let port = bootstrap.split(separator: ":").last.flatMap({ UInt16($0) }) else {
            throw TestFailure("\(bootstrap) has no port")
        }
        let connection = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(connection) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let isConnected = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(connection, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
        guard isConnected, send(connection, request, request.count, 0) == request.count else {
            throw TestFailure("cannot write to the broker")
        }
        func read(_ count: Int) throws -> [UInt8] {
            var bytes = [UInt8](repeating: 0, count: count)
            guard recv(connection, &bytes, count, Int32(MSG_WAITALL)) == count else {
                throw TestFailure("the broker does not answer")
            }
            return bytes
        }
        let size = try read(4).reduce(0) { $0 << 8 | Int($1) }
        return try read(size)
    }
}

private func bytes(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number.bigEndian, Array.init) }
