import Glibc
import Orchestration
import Testing

@testable import KafkaTransport

/// What is fetched and not done has limits, and is not fetched twice.
@Suite(.timeLimit(.minutes(2))) struct BoundedMemoryTests {
    @Test func `a partition is not drained again before its batch is done, also across a new assignment`() async throws
    {
        let broker = try TestBroker.shared.get()
        let topic = try broker.topic()
        try await broker.fill(topic, count: 100)
        var options = KafkaRecordSource.Options()
        options.batchRecordsMax = 10
        let source = try broker.source(topic, options: options)
        try await source.start()
        try await eventually("the first batch") { source.batches.count == 1 }
        for number in 2...5 {
            await source.source.restart(generation: number - 1)
            try await source.start(assignment: number)
        }
        #expect(source.revocations == [1, 2, 3, 4])
        // The broker has answered long since: a second partition's worth of the topic has come and gone.
        let other = try broker.source(topic, options: options)
        try await other.start()
        _ = try await other.read(100)
        await other.source.close()
        #expect(source.batches.count == 1)
        await source.source.done(source.batches[0])
        try await eventually("the next batch") { source.batches.count == 2 }
        #expect(source.batches[1].generation == 5)
        #expect(source.batches[1].records.first?.offset == 0)
        await source.source.close()
    }

    @Test func `records and bytes under way are limited in all`() {
        var underWay = BatchesUnderWay()
        func partition(_ number: Int) -> TopicPartition { TopicPartition(topic: "t", partition: number) }
        func records(_ count: Int, bytes: Int) -> [IncomingRecord] {
            (0..<count).map {
                IncomingRecord(
                    topicPartition: partition(0),
                    offset: Int64($0),
                    key: nil,
                    value: [UInt8](repeating: 0, count: bytes)
                )
            }
        }
        underWay.begin(partition(0), 1, records(BatchesUnderWay.recordsMax, bytes: 0))
        #expect(!underWay.hasRoom(for: partition(1)))
        underWay.end(partition(0), 0)
        #expect(!underWay.hasRoom(for: partition(1)))
        underWay.end(partition(0), 1)
        underWay.end(partition(0), 1)
        #expect(underWay.hasRoom(for: partition(0)))
        underWay.begin(partition(2), 1, records(1, bytes: BatchesUnderWay.bytesMax))
        #expect(!underWay.hasRoom(for: partition(1)))
        underWay.end(partition(2), 1)
        #expect(underWay.hasRoom(for: partition(1)))
    }

    @Test(arguments: [1, 4, 8, 64]) func `partitions share what may be fetched ahead`(partitions: Int) throws {
        var configuration = try KafkaConfiguration(brokers: "localhost:9092", groupID: "g")
        configuration.partitionsMax = partitions
        func value(_ name: String) throws -> Int { try KafkaValue.of(name, configuration) }
        #expect(try value("queued.min.messages") * partitions <= KafkaConfiguration.prefetchRecords.total)
        #expect(try value("queued.max.messages.kbytes") * partitions <= KafkaConfiguration.prefetchKilobytes.total)
        #expect(try value("fetch.message.max.bytes") * partitions <= KafkaConfiguration.fetchBytes.total)
    }

    @Test func `a partition among very many still has room for what comes in a moment`() {
        let bounds = [
            KafkaConfiguration.prefetchRecords, KafkaConfiguration.prefetchKilobytes, KafkaConfiguration.fetchBytes,
        ]
        #expect(bounds.allSatisfy { $0.share(of: 1_000_000) == $0.least && $0.share(of: 0) == $0.most })
    }

    @Test func `while batches are worked on, what was fetched ahead is kept: each record crosses the wire once`()
        async throws
    {
        let broker = try TestBroker(topics: "t:1")
        let sink = try KafkaRecordSink(broker.configuration())
        let (count, size) = (3_000, 1_000)
        let value = (0..<size).map { _ in UInt8.random(in: 0...255) }
        #expect(
            await sink.send((0..<count).map { _ in OutgoingRecord(topic: "t", key: nil, value: value) })
                .allSatisfy { $0 == .sent }
        )
        await sink.close()
        let port = try #require(UInt16(broker.bootstrap.split(separator: ":").last ?? ""))
        var options = KafkaRecordSource.Options()
        options.batchRecordsMax = 50
        let source = try broker.source("t", options: options)
        try await source.start()
        _ = try await source.read(count)
        let received = bytesReceived(from: port)
        #expect(received > count * size)
        #expect(received < count * size * 3 / 2, "\(received) bytes for \(count * size)")
        await source.source.close()
    }

    /// What this process's open connections to the port have received, by the kernel's count.
    private func bytesReceived(from port: UInt16) -> Int {
        let (tcpInfo, bytesReceivedOffset) = (Int32(11), 128)
        var total = 0
        for descriptor in Int32(0)..<1_024 {
            var address = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            let isPeer = withUnsafeMutablePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getpeername(descriptor, $0, &length) == 0 }
            }
            guard isPeer, address.sin_family == sa_family_t(AF_INET), UInt16(bigEndian: address.sin_port) == port
            else { continue }
            var info = [UInt8](repeating: 0, count: 256)
            var size = socklen_t(info.count)
            guard getsockopt(descriptor, Int32(IPPROTO_TCP), tcpInfo, &info, &size) == 0 else { continue }
            total += info[bytesReceivedOffset..<bytesReceivedOffset + 8].reversed().reduce(0) { $0 << 8 | Int($1) }
        }
        return total
    }
}
