import KafkaTransport
import Orchestration
import Testing

/// What stands in a partition and is no record: nobody is given it, and the position must pass over it.
@Suite(.timeLimit(.minutes(2))) struct EndOfPartitionTests {
    private func options(quietMilliseconds: Int) -> KafkaRecordSource.Options {
        var options = KafkaRecordSource.Options()
        options.quietMilliseconds = quietMilliseconds
        return options
    }

    private func mark(_ topic: String, _ broker: TestBroker, count: Int = 1) throws {
        for _ in 0..<count { try WireBatch.commitMark.append(to: topic, at: broker.bootstrap) }
    }

    /// Waits for the end, says that it is dealt with, and gives all ends that were told.
    private func ends(_ source: TestSource, count: Int) async throws -> [Int64] {
        try await eventually("\(count) ends") { source.batches.count { $0.endOffset != nil } >= count }
        for batch in source.batches { await source.source.done(batch) }
        return source.batches.compactMap(\.endOffset)
    }

    @Test func `behind marks of transactions the end is told, and each end once`() async throws {
        let broker = try TestBroker.shared.get()
        let topic = try broker.topic()
        try await broker.fill(topic, count: 2)
        try mark(topic, broker, count: 3)
        let source = try broker.source(topic, options: options(quietMilliseconds: 50))
        try await source.start()
        #expect(try await source.read(2).map(text) == ["0", "1"])
        #expect(try await ends(source, count: 1) == [5])
        try await broker.fill(topic, count: 1, from: 2)
        #expect(try await source.read(3).map(\.offset) == [0, 1, 5])
        try mark(topic, broker)
        #expect(try await ends(source, count: 2) == [5, 7])
        #expect(source.stops.isEmpty && source.batches.allSatisfy { $0.records.isEmpty || $0.endOffset == nil })
        await source.source.close()
    }

    @Test func `a partition of nothing but marks ends behind them, and one without any has no end to tell`()
        async throws
    {
        let broker = try TestBroker.shared.get()
        let (marked, plain) = (try broker.topic(), try broker.topic())
        try mark(marked, broker, count: 2)
        try await broker.fill(plain, count: 2)
        let source = try broker.source(marked, options: options(quietMilliseconds: 0))
        try await source.start()
        #expect(try await ends(source, count: 1) == [2])
        await source.source.close()
        let other = try broker.source(plain, options: options(quietMilliseconds: 0))
        try await other.start()
        #expect(try await other.read(2).count == 2)
        // The record behind comes after whatever end there was to tell.
        try await broker.fill(plain, count: 1, from: 2)
        #expect(try await other.read(3).count == 3)
        #expect(other.batches.allSatisfy { $0.endOffset == nil })
        await other.source.close()
    }

    @Test func `an end that records have passed meanwhile is not told any more`() async throws {
        let broker = try TestBroker.shared.get()
        let topics = [try broker.topic(), try broker.topic()]
        try mark(topics[0], broker, count: 3)
        let source = TestSource(
            try KafkaRecordSource(
                broker.configuration(),
                assigning: topics.map { TopicPartition(topic: $0, partition: 0) },
                options: options(quietMilliseconds: 300)
            )
        )
        try await source.start()
        // The first end may be known by now, and has not been told. The other topic's is told later than it would be.
        try await broker.fill(topics[0], count: 1)
        _ = try await source.read(1)
        try mark(topics[1], broker)
        try await eventually("the other end") {
            source.batches.contains { $0.topicPartition.topic == topics[1] && $0.endOffset == 1 }
        }
        let places = source.batches.filter { $0.topicPartition.topic == topics[0] }.compactMap(\.nextOffset)
        #expect(places.last == 4 && places == Set(places).sorted())
        await source.source.close()
    }

    @Test func `who goes on at an end reads what comes next, and tells that end no second time`() async throws {
        let broker = try TestBroker.shared.get()
        let topic = try broker.topic()
        try await broker.fill(topic, count: 1)
        let first = try broker.source(topic)
        try await first.start()
        let last = try await first.read(1).map(RecordFingerprint.init(of:))
        await first.source.close()
        try mark(topic, broker, count: 2)
        let source = try broker.source(topic, options: options(quietMilliseconds: 0))
        try await source.start(at: .after(last[0], 3))
        try await broker.fill(topic, count: 1, from: 1)
        #expect(try await source.read(1).map(\.offset) == [3])
        #expect(source.stops.isEmpty && source.batches.allSatisfy { $0.endOffset == nil })
        await source.source.close()
    }

    @Test func `a batch that cannot be read stops its partition at its place`() async throws {
        let broker = try TestBroker.shared.get()
        let topic = try broker.topic()
        try await broker.fill(topic, count: 2)
        try WireBatch.ofFalseCompression.append(to: topic, at: broker.bootstrap)
        try await broker.fill(topic, count: 1, from: 2)
        let source = try broker.source(topic)
        try await source.start()
        #expect(try await source.read(2).map(text) == ["0", "1"])
        try await eventually("the stop") { !source.stops.isEmpty }
        #expect(source.stops[0].1.contains("from offset 2 on cannot be read"))
        #expect(source.batches.flatMap(\.records).count == 2)
        await source.source.close()
    }
}
