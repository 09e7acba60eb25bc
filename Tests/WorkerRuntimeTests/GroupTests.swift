import Orchestration
import OrchestrationTesting
import Testing

@testable import WorkerRuntime

/// Batches of several partitions in one transaction.
@Suite struct GroupTests {
    private let settings = WorkerSettings(node: "test")

    private static func partition(_ number: Int) -> TopicPartition {
        TopicPartition(topic: "genesis.session.commands", partition: number)
    }

    private static func batch(
        _ partition: TopicPartition,
        _ values: [(key: String, value: String)],
        headers: [RecordHeader] = []
    ) -> RecordBatch {
        RecordBatch(
            topicPartition: partition,
            generation: 1,
            records: values.enumerated().map { index, record in
                IncomingRecord(
                    topicPartition: partition,
                    offset: Int64(index),
                    key: Array(record.key.utf8),
                    value: Array(record.value.utf8),
                    headers: headers
                )
            }
        )
    }

    private static func starts(_ partition: Int, _ sessions: ClosedRange<Int>, _ payload: String = "{}") -> RecordBatch
    {
        batch(
            Self.partition(partition),
            sessions.map { RuntimeHarness.command("Start", session: $0, id: $0, payload) }
        )
    }

    private static func ownFacts(_ partition: Int, _ count: Int) -> RecordBatch {
        batch(
            TopicPartition(topic: "genesis.session.events", partition: partition),
            Array(repeating: (key: "k", value: "{}"), count: count),
            headers: [RecordHeader("source", PublishedForm.source)]
        )
    }

    @Test func `what waits while a group is written becomes the next group, up to its limit`() {
        var (groups, settings) = (Groups(), settings)
        settings.recordGroupsMax = 1
        settings.groupRecordsMax = 4
        #expect(groups.add(Self.starts(0, 1...1), settings) == .startWorking)
        #expect(groups.next(settings)?.map(\.records.count) == [1])
        for number in 1...3 { #expect(groups.add(Self.starts(number, 1...2), settings) == nil) }
        #expect(groups.next(settings)?.map(\.topicPartition) == [Self.partition(1), Self.partition(2)])
        #expect(groups.next(settings)?.map(\.topicPartition) == [Self.partition(3)])
        #expect(groups.next(settings) == nil)
        #expect(groups.add(Self.starts(0, 1...1), settings) == .startWorking)
    }

    @Test func `own facts go along with the next group, or alone when none comes`() {
        var groups = Groups()
        #expect(groups.add(Self.ownFacts(0, 3), settings) == .startWaiting)
        #expect(groups.add(Self.ownFacts(1, 2), settings) == nil)
        #expect(groups.add(Self.starts(0, 1...1), settings) == .startWorking)
        #expect(groups.next(settings)?.map(\.records.last?.offset) == [0, 2, 1])
        #expect(groups.next(settings) == nil)
        #expect(groups.release(settings) == nil)
        #expect(groups.add(Self.ownFacts(0, 1), settings) == .startWaiting)
        #expect(groups.release(settings) == .startWorking)
        #expect(groups.next(settings)?.count == 1)
    }

    /// Gives batches while the database is away, so that they wait together.
    private func commit(
        _ batches: [RecordBatch],
        _ faults: [InMemoryStore.Fault]
    ) async throws -> RuntimeHarness {
        let harness = RuntimeHarness()
        let partitions = Set(batches.map(\.topicPartition))
        try await harness.whileWorking { harness in
            await harness.source.put(.assigned(generation: 1, partitions: partitions.sorted()))
            try await eventually { await harness.source.started[1] != nil }
            await harness.store.fail(
                with: Array(repeating: .before(.unavailable(reason: "away")), count: 20) + faults
            )
            for batch in batches { await harness.source.put(.batch(batch)) }
            try await eventually { await harness.source.finished.count == batches.count }
        }
        return harness
    }

    @Test func `several partitions' records are committed together, each position with them`() async throws {
        let batches = (0..<8).map { Self.starts($0, (10 * $0 + 1)...(10 * $0 + 3)) } + [Self.ownFacts(0, 5)]
        let harness = try await commit(batches, [.after(.unavailable(reason: "the answer was lost"))])
        #expect(await harness.store.sessions.count == 24)
        #expect(await harness.store.events.count == 24)
        #expect(await harness.store.commits <= 4)
        for batch in batches {
            #expect(
                await harness.store.positions[batch.topicPartition]?.nextOffset == Int64(batch.records.count),
                "\(batch.topicPartition)"
            )
        }
    }

    @Test func `poison in one partition costs the others nothing`() async throws {
        let harness = RuntimeHarness()
        await harness.store.refuse(payloadsWith: "arsenic")
        let batches = (0..<4).map { number in
            Self.starts(number, (10 * number + 1)...(10 * number + 1), number == 2 ? #"{"taste":"arsenic"}"# : "{}")
        }
        try await harness.whileWorking { harness in
            await harness.source.put(.assigned(generation: 1, partitions: batches.map(\.topicPartition)))
            try await eventually { await harness.source.started[1] != nil }
            for batch in batches { await harness.source.put(.batch(batch)) }
            try await eventually { await harness.source.finished.count == batches.count }
        }
        #expect(await harness.store.sessions.count == 3)
        #expect(await harness.store.deadLetters.map(\.partition) == [2])
    }

    @Test func `a partition that was lost takes no other with it`() async throws {
        let harness = RuntimeHarness()
        let batches = (0..<6).map { Self.starts($0, ($0 + 1)...($0 + 1)) }
        try await harness.whileWorking { harness in
            await harness.source.put(.assigned(generation: 1, partitions: batches.map(\.topicPartition)))
            try await eventually { await harness.source.started[1] != nil }
            _ = try await harness.store.takePositions(
                cluster: "test-cluster",
                partitions: [Self.partition(4)],
                owner: "other"
            )
            for batch in batches { await harness.source.put(.batch(batch)) }
            try await eventually { await harness.source.finished.count == batches.count }
        }
        #expect(await harness.store.sessions.count == 5)
        #expect(await harness.store.positions[Self.partition(4)]?.nextOffset == nil)
    }
}
