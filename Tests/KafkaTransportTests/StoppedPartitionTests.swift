import Foundation
import KafkaTransport
import Orchestration
import Testing

/// Topics that are not what they were: a worker must not go on as if nothing had happened.
@Suite(.timeLimit(.minutes(2))) struct StoppedPartitionTests {
    /// A broker whose topic `t` holds records with these values, and the fingerprint of each.
    private func broker(_ values: Range<Int>) async throws -> (TestBroker, [RecordFingerprint]) {
        let broker = try TestBroker(topics: "t:1")
        try await broker.fill("t", count: values.count, from: values.lowerBound)
        let source = try broker.source("t")
        try await source.start()
        let records = try await source.read(values.count)
        await source.source.close()
        return (broker, records.map(RecordFingerprint.init(of:)))
    }

    private func stop(_ broker: TestBroker, _ start: StartOffset) async throws -> String {
        let source = try broker.source("t")
        try await source.start(at: start)
        try await eventually("the stop") { !source.stops.isEmpty }
        #expect(source.batches.isEmpty)
        await source.source.close()
        return source.stops[0].1
    }

    @Test func `the record before the position is compared and not given again`() async throws {
        let (broker, fingerprints) = try await broker(0..<10)
        let source = try broker.source("t")
        try await source.start(at: .after(fingerprints[4], 5))
        #expect(try await source.read(5).map(text) == (5..<10).map(String.init))
        #expect(source.stops.isEmpty)
        await source.source.close()
        // At the end there is nothing to read but the record to compare.
        let idle = try broker.source("t")
        try await idle.start(at: .after(fingerprints[9], 10))
        try await broker.fill("t", count: 1, from: 10)
        #expect(try await idle.read(1).map(text) == ["10"])
        await idle.source.close()
    }

    @Test func `a topic made anew stops its partition, be it shorter, longer or just as long`() async throws {
        let (_, fingerprints) = try await broker(0..<10)
        let next = StartOffset.after(fingerprints[9], 10)
        let (shorter, _) = try await broker(100..<105)
        let first = try await stop(shorter, next)
        #expect(first.contains("offset 10") && first.contains("ends at 5"))
        #expect(first.contains("genesis topics reset-position t 0 --to beginning"))
        for range in [100..<110, 100..<120] {
            let (other, _) = try await broker(range)
            let reason = try await stop(other, next)
            #expect(reason.contains("record at offset 9 is not the one"))
            #expect(reason.contains("genesis topics reset-position t 0 --to beginning"))
        }
    }

    @Test func `the same values written once more are other records, because their time is another`() async throws {
        let (_, fingerprints) = try await broker(0..<3)
        let (copy, _) = try await broker(0..<3)
        #expect(try await stop(copy, .after(fingerprints[2], 3)).contains("is not the one"))
    }

    /// A broker whose topic `t` has lost its oldest records, and where it begins now.
    private func shortenedTopic() async throws -> (TestBroker, beginning: Int64) {
        let broker = try TestBroker(topics: "t:1")
        let sink = try KafkaRecordSink(broker.configuration())
        let value = [UInt8](repeating: 7, count: 50_000)
        // The embedded broker keeps five megabytes and drops the oldest.
        for _ in 0..<7 {
            let results = await sink.send((0..<20).map { _ in OutgoingRecord(topic: "t", key: nil, value: value) })
            #expect(results.allSatisfy { $0 == .sent })
        }
        await sink.close()
        let overview = try broker.source("t")
        try await overview.start()
        let beginning = try #require(try await overview.read(1).first).offset
        await overview.source.close()
        #expect(beginning > 2)
        return (broker, beginning)
    }

    private static func behindUnknown(_ offset: Int64) -> StartOffset {
        .after(RecordFingerprint(offset: offset - 1, timestamp: nil, digest: "x"), offset)
    }

    @Test func `records deleted before they were read stop the partition, those deleted afterwards do not`()
        async throws
    {
        let (broker, beginning) = try await shortenedTopic()
        let reason = try await stop(broker, Self.behindUnknown(2))
        #expect(reason.contains("begins at \(beginning): \(beginning - 2) records were deleted"))
        let source = try broker.source("t")
        try await source.start(at: Self.behindUnknown(beginning))
        #expect(try await source.read(1).first?.offset == beginning)
        await source.source.close()
    }

    @Test func `where nobody says what a partition holds, its place is looked at once more before it stops`()
        async throws
    {
        let (broker, beginning) = try await shortenedTopic()
        var configuration = try broker.configuration()
        configuration.answerLimitMilliseconds = 300
        let (listOffsets, many, unsupported) = (2, 10_000, 35)
        let start = Self.behindUnknown(beginning)
        let partition = TopicPartition(topic: "t", partition: 0)

        try broker.control.send("error \(listOffsets) \(many) \(unsupported)")
        let source = TestSource(try KafkaRecordSource(configuration, assigning: [partition]))
        try await source.start(at: start)
        try await eventually("the second assignment") { source.assignments.count == 2 }
        try broker.control.send("error \(listOffsets) 0 \(unsupported)")
        try await source.start(at: start, assignment: 2)
        #expect(try await source.read(1).first?.offset == beginning)
        #expect(source.stops.isEmpty)
        await source.source.close()

        try broker.control.send("error \(listOffsets) \(many) \(unsupported)")
        let other = TestSource(try KafkaRecordSource(configuration, assigning: [partition]))
        try await other.start(at: start)
        try await other.start(at: start, assignment: 2)
        try await eventually("the stop") { !other.stops.isEmpty }
        #expect(other.stops[0].1.contains("does not exist on the brokers"))
        await other.source.close()
    }
}
