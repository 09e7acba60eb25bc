import Foundation
import KafkaTransport
import Orchestration
import Testing

@Suite(.timeLimit(.minutes(2))) struct RecordSourceTests {
    let broker: TestBroker

    init() throws { broker = try TestBroker.shared.get() }

    @Test func `the records of a partition come whole and in order, over many batches`() async throws {
        let topic = try broker.topic()
        try await broker.fill(topic, count: 2_000)
        var options = KafkaRecordSource.Options()
        options.batchRecordsMax = 64
        let source = try broker.source(topic, options: options)
        try await source.start()
        let records = try await source.read(2_000)
        #expect(records.map(text) == (0..<2_000).map(String.init))
        #expect(records.map(\.offset) == (0..<2_000).map(Int64.init))
        #expect(source.batches.allSatisfy { $0.records.count <= 64 })
        await source.source.close()
    }

    @Test func `nothing flows before its start, nor by the start of another generation`() async throws {
        let topic = try broker.topic()
        try await broker.fill(topic, count: 10)
        let source = try broker.source(topic)
        try await eventually("the assignment") { source.assignments.count == 1 }
        let partition = TopicPartition(topic: topic, partition: 0)
        await source.source.start(generation: 2, at: [partition: .beginning])
        // The right start comes second and at another place: what flows shows which of the two was taken.
        await source.source.start(generation: 1, at: [partition: .offset(7)])
        // A start can be given once.
        await source.source.start(generation: 1, at: [partition: .beginning])
        let records = try await source.read(3)
        #expect(records.map(text) == ["7", "8", "9"])
        await source.source.close()
    }

    @Test func `a partition gives no second batch before the first is done, and the others go on`() async throws {
        let topic = try broker.topic(partitions: 4)
        for key in 0..<32 { try await broker.fill(topic, key: "key \(key)", count: 20) }
        let overview = try broker.source(topic, partitions: 4)
        try await overview.start()
        let counts = Dictionary(grouping: try await overview.read(32 * 20), by: \.topicPartition).mapValues(\.count)
        await overview.source.close()
        var options = KafkaRecordSource.Options()
        options.batchRecordsMax = 5
        let source = try broker.source(topic, partitions: 4, options: options)
        try await source.start()
        try await eventually("a first batch") { !source.batches.isEmpty }
        let stalled = source.batches[0]
        var handled = 0
        func othersRead() async -> Int {
            let batches = source.batches
            for batch in batches[handled...] where batch.topicPartition != stalled.topicPartition {
                await source.source.done(batch)
            }
            handled = batches.count
            return batches.filter { $0.topicPartition != stalled.topicPartition }.reduce(0) { $0 + $1.records.count }
        }
        let expected = 32 * 20 - (counts[stalled.topicPartition] ?? 0)
        try await eventually("the other partitions' records") { await othersRead() == expected }
        #expect(source.batches.count { $0.topicPartition == stalled.topicPartition } == 1)
        await source.source.done(stalled)
        try await eventually("the second batch") {
            source.batches.count { $0.topicPartition == stalled.topicPartition } == 2
        }
        await source.source.close()
    }

    @Test func `a batch takes no further record after its bytes`() async throws {
        let topic = try broker.topic()
        let sink = try KafkaRecordSink(broker.configuration())
        let value = [UInt8](repeating: 7, count: 1_000)
        _ = await sink.send((0..<20).map { _ in OutgoingRecord(topic: topic, key: nil, value: value) })
        var options = KafkaRecordSource.Options()
        options.batchBytesMax = 2_500
        let source = try broker.source(topic, options: options)
        try await source.start()
        _ = try await source.read(20)
        #expect(source.batches.allSatisfy { $0.records.count <= 3 })
        await source.source.close()
        await sink.close()
    }

    @Test(arguments: [StartOffset.offset(40), .end, .beginning])
    func `a partition starts where it is told to`(start: StartOffset) async throws {
        let topic = try broker.topic()
        try await broker.fill(topic, count: 50)
        let source = try broker.source(topic)
        try await source.start(at: start)
        switch start {
        case .offset, .after: #expect(try await source.read(10).map(text) == (40..<50).map(String.init))
        case .beginning: #expect(try await source.read(50).first.map(text) == "0")
        case .end, .committed:
            // Where the end is is asked for in the background; records sent from now on come after it in any case.
            var sent = 50
            try await eventually("a record after the end") {
                try await broker.fill(topic, count: 1, from: sent)
                sent += 1
                return !source.batches.isEmpty
            }
            #expect(source.batches.flatMap(\.records).allSatisfy { $0.offset >= 50 })
        }
        await source.source.close()
    }

    @Test func `an offset that does not exist stops its partition, with the reason, and no other`() async throws {
        let topic = try broker.topic(partitions: 2)
        for key in 0..<16 { try await broker.fill(topic, key: "\(key)", count: 5) }
        let source = try broker.source(topic, partitions: 2)
        try await eventually("the assignment") { source.assignments.count == 1 }
        let (bad, good) = (TopicPartition(topic: topic, partition: 0), TopicPartition(topic: topic, partition: 1))
        await source.source.start(generation: 1, at: [bad: .offset(4_711), good: .offset(0)])
        try await eventually("the stop") { !source.stops.isEmpty }
        _ = try await source.read(5)
        let (partition, reason) = source.stops[0]
        #expect(partition == bad)
        #expect(reason.contains("\(topic)[0]") && reason.contains("offset 4711"))
        #expect(source.batches.allSatisfy { $0.topicPartition == good })
        await source.source.close()
    }

    @Test func `a negative stored offset stops its partition and means nothing else`() async throws {
        let topic = try broker.topic()
        let source = try broker.source(topic)
        try await source.start(at: .offset(-2))
        try await eventually("the stop") { !source.stops.isEmpty }
        #expect(source.stops[0].1.contains("-2"))
        await source.source.close()
    }

    @Test func `keys, values and headers come as they were sent, also empty ones and none`() async throws {
        let topic = try broker.topic()
        let sent = [
            OutgoingRecord(topic: topic, key: nil, value: [1, 2, 3]),
            OutgoingRecord(topic: topic, key: [0, 255], value: nil),
            OutgoingRecord(topic: topic, key: [], value: []),
            OutgoingRecord(topic: topic, key: nil, value: nil),
            OutgoingRecord(
                topic: topic,
                key: [1],
                value: [2],
                headers: [
                    RecordHeader("ce_type", "a"), RecordHeader(name: "ce_type", value: nil),
                    RecordHeader(name: "", value: []), RecordHeader(name: "bytes", value: [0, 255, 0]),
                ]
            ),
        ]
        let sink = try KafkaRecordSink(broker.configuration())
        #expect(await sink.send(sent) == sent.map { _ in .sent })
        let source = try broker.source(topic)
        try await source.start()
        let records = try await source.read(sent.count)
        #expect(records.map(\.key) == sent.map(\.key))
        #expect(records.map(\.value) == sent.map(\.value))
        #expect(records.map(\.headers) == sent.map(\.headers))
        let hour = Int64(3_600_000_000)
        let now = Int64(Date().timeIntervalSince1970 * 1_000_000)
        #expect(records.allSatisfy { abs(($0.timestamp?.microseconds ?? 0) - now) < hour })
        await source.source.close()
        await sink.close()
    }

    @Test func `an agent goes on after what its group has done, and begins where nothing was`() async throws {
        let topic = try broker.topic()
        try await broker.fill(topic, count: 10)
        let group = "agent-\(UUID().uuidString)"
        let first = try broker.source(topic, group: group)
        try await first.start(at: .committed)
        #expect(try await first.read(10).map(text) == (0..<10).map(String.init))
        await first.source.close()
        try await broker.fill(topic, count: 5, from: 10)
        let second = try broker.source(topic, group: group)
        try await second.start(at: .committed)
        #expect(try await second.read(5).map(text) == (10..<15).map(String.init))
        await second.source.close()
    }

    @Test func `the cluster says who it is`() async throws {
        let source = try broker.source("first")
        let id = try await source.source.clusterID()
        #expect(!id.isEmpty)
        #expect(try await source.source.clusterID() == id)
        await source.source.close()
    }

    @Test func `brokers that cannot be reached are told of once, and close does not wait for them`() async throws {
        var configuration = try KafkaConfiguration(brokers: "127.0.0.1:1", groupID: "nobody")
        configuration.answerLimitMilliseconds = 5_000
        let source = TestSource(try KafkaRecordSource(configuration, topics: ["none"]))
        try await eventually("the outage is told") { source.outages == ["away"] }
        // Longer than it takes to ask twice more.
        await #expect(throws: TransportError.self) { try await source.source.clusterID() }
        #expect(source.outages == ["away"])
        #expect(source.notices.isEmpty)
        let started = ContinuousClock.now
        await source.source.close()
        #expect(ContinuousClock.now - started < .seconds(20))
        #expect(await source.source.next() == nil)
    }

    @Test func `an outage is told once, and its end once, also where no record comes, and reading goes on`()
        async throws
    {
        let broker = try TestBroker(topics: "t:1")
        try await broker.fill("t", count: 5)
        let source = try broker.source("t")
        try await source.start()
        _ = try await source.read(5)
        try broker.control.send("down")
        try await eventually("the outage is told") { source.outages == ["away"] }
        let reason = source.events.compactMap { if case .brokersAway(_, let reason) = $0 { reason } else { nil } }
        #expect(reason.first?.contains("127.0.0.1") == true)
        try broker.control.send("up")
        try await eventually("its end is told") { source.outages == ["away", "back"] }
        try await broker.fill("t", count: 5, from: 5)
        #expect(try await source.read(10).map(text) == (0..<10).map(String.init))
        #expect(source.outages == ["away", "back"])
        #expect(!source.notices.contains { $0.contains("be reached") })
        await source.source.close()
    }
}
