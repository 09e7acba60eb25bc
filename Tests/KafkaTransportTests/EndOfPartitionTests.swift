import KafkaTransport
import Orchestration
import Testing

/// What stands in a partition and is no record: nobody is given it, and the position must pass over it.
@Suite(.timeLimit(.minutes(2))) struct EndOfPartitionTests {
    private static let noQuietNeeded = 0

    private func mark(_ topic: String, _ broker: TestBroker) throws {
        try WireBatch.commitMark.append(to: topic, at: broker.bootstrap)
    }

    /// Records and marks in this order, `r` and `m`; the records as they are read.
    private func topic(_ content: String, from first: Int = 0, on broker: TestBroker) async throws -> (
        name: String, records: [IncomingRecord]
    ) {
        let name = try broker.topic()
        for (index, kind) in content.enumerated() {
            guard kind == "r" else {
                try mark(name, broker)
                continue
            }
            try await broker.fill(name, count: 1, from: first + index)
        }
        let source = try broker.source(name)
        try await source.start()
        let records = try await source.read(content.count { $0 == "r" })
        await source.source.close()
        return (name, records)
    }

    private func source(
        _ starts: KeyValuePairs<String, StartOffset>,
        on broker: TestBroker,
        quietMilliseconds: Int = noQuietNeeded
    ) async throws -> TestSource {
        var options = KafkaRecordSource.Options()
        options.quietMilliseconds = quietMilliseconds
        let places = starts.map { (TopicPartition(topic: $0.key, partition: 0), $0.value) }
        let source = TestSource(
            try KafkaRecordSource(broker.configuration(), assigning: places.map(\.0), options: options)
        )
        try await source.start(at: Dictionary(uniqueKeysWithValues: places))
        return source
    }

    /// Says of each batch that it is dealt with until the topic's end has been told where it should be.
    private func awaitEnd(_ offset: Int64, of topic: String, from source: TestSource) async throws {
        try await eventually("the end at \(offset) of \(topic)") {
            for batch in source.batches { await source.source.done(batch) }
            return source.batches.contains { $0.topicPartition.topic == topic && $0.endOffset == offset }
        }
    }

    private func ends(of topic: String, from source: TestSource) -> [Int64] {
        source.batches.filter { $0.topicPartition.topic == topic }.compactMap(\.endOffset)
    }

    /// Until whatever ends there are to tell have been told: those of the clock, a topic that has one already, come with
    /// the same answers of the broker, and here with two later ones.
    private func awaitTwoMoreEnds(of clock: String, now end: Int64, from source: TestSource, _ broker: TestBroker)
        async throws
    {
        try await awaitEnd(end, of: clock, from: source)
        for next in end + 1...end + 2 {
            try mark(clock, broker)
            try await awaitEnd(next, of: clock, from: source)
        }
    }

    @Test func `behind marks of transactions the end is told, and each end once`() async throws {
        let broker = try TestBroker.shared.get()
        let (name, _) = try await topic("rrmmm", on: broker)
        let source = try await source([name: .beginning], on: broker, quietMilliseconds: 50)
        try await awaitEnd(5, of: name, from: source)
        try await broker.fill(name, count: 1, from: 2)
        #expect(try await source.read(3).map(\.offset) == [0, 1, 5])
        try mark(name, broker)
        try await awaitEnd(7, of: name, from: source)
        #expect(ends(of: name, from: source) == [5, 7])
        #expect(source.stops.isEmpty && source.batches.allSatisfy { $0.records.isEmpty != ($0.endOffset == nil) })
        await source.source.close()
    }

    @Test func `an end that records have passed meanwhile is not told any more`() async throws {
        let broker = try TestBroker.shared.get()
        let (name, clock) = (try await topic("rmm", on: broker).name, try await topic("r", on: broker).name)
        let source = try await source([name: .beginning, clock: .beginning], on: broker, quietMilliseconds: 300)
        _ = try await source.read(2)
        // The end may be known by now, and has not been told. The clock's is told later than it would be.
        try await broker.fill(name, count: 1, from: 1)
        _ = try await source.read(3)
        try mark(clock, broker)
        try await awaitEnd(2, of: clock, from: source)
        let places = source.batches.filter { $0.topicPartition.topic == name }.compactMap(\.nextOffset)
        #expect(places.last == 4 && places == Set(places).sorted())
        await source.source.close()
    }

    @Test func `where no record has been, or nothing stands behind the last, there is no end to tell`() async throws {
        let broker = try TestBroker.shared.get()
        let (marks, plain) = (try await topic("mm", on: broker).name, try await topic("rr", on: broker).name)
        let clock = try await topic("rm", on: broker).name
        let source = try await source([marks: .beginning, plain: .beginning, clock: .beginning], on: broker)
        try await awaitTwoMoreEnds(of: clock, now: 2, from: source, broker)
        #expect(ends(of: marks, from: source) == [] && ends(of: plain, from: source) == [])
        await source.source.close()
    }

    @Test func `who goes on at an end reads what comes next, and tells that end no second time`() async throws {
        let broker = try TestBroker.shared.get()
        let (name, records) = try await topic("rmm", on: broker)
        let clock = try await topic("rm", on: broker).name
        let position = StartOffset.after(RecordFingerprint(of: records[0]), 3)
        let source = try await source([name: position, clock: .beginning], on: broker)
        try await awaitTwoMoreEnds(of: clock, now: 2, from: source, broker)
        try await broker.fill(name, count: 1, from: 1)
        #expect(try await source.read(2).filter { $0.topicPartition.topic == name }.map(\.offset) == [3])
        #expect(source.stops.isEmpty && ends(of: name, from: source) == [])
        await source.source.close()
    }

    @Test(arguments: [("rmrmrm", 2), ("rrmrrr", 3)])
    func `a topic made anew is known at an end too, by any other record that stands before it`(
        _ content: String,
        _ place: Int64
    ) async throws {
        let broker = try TestBroker.shared.get()
        let (_, records) = try await topic("rmrm", on: broker)
        let (other, _) = try await topic(content, from: 100, on: broker)
        let source = try await source([other: .after(RecordFingerprint(of: records[1]), 4)], on: broker)
        try await eventually("the stop") { !source.stops.isEmpty }
        #expect(source.stops[0].1.contains("record at offset \(place) is not the one"))
        #expect(source.batches.isEmpty)
        await source.source.close()
    }

    @Test func `a batch that cannot be read stops its partition at its place`() async throws {
        let broker = try TestBroker.shared.get()
        let name = try await topic("rr", on: broker).name
        try WireBatch.ofFalseCompression.append(to: name, at: broker.bootstrap)
        try await broker.fill(name, count: 1, from: 2)
        let source = try await source([name: .beginning], on: broker)
        #expect(try await source.read(2).map(text) == ["0", "1"])
        try await eventually("the stop") { !source.stops.isEmpty }
        #expect(source.stops[0].1.contains("from offset 2 on cannot be read"))
        #expect(source.batches.flatMap(\.records).count == 2)
        await source.source.close()
    }
}
