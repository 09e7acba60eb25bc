import Foundation
import KafkaTransport
import Orchestration
import Testing

/// Joining a group takes the embedded broker three seconds, so these tests are few.
@Suite(.timeLimit(.minutes(2))) struct ConsumerGroupTests {
    @Test func `members share partitions, give them up while still waiting, and take over from one that left`()
        async throws
    {
        let broker = try TestBroker.shared.get()
        let topic = try broker.topic(partitions: 2)
        for key in 0..<16 { try await broker.fill(topic, key: "\(key)", count: 5) }
        let group = "group-\(UUID().uuidString)"
        let first = TestSource(try KafkaRecordSource(broker.configuration(group: group), topics: [topic]))
        try await eventually("the first assignment") { first.assignments.count == 1 }
        #expect(first.assignments[0].partitions.count == 2)

        // The first has not been started, as if its store took its time; it must give way all the same.
        let second = TestSource(try KafkaRecordSource(broker.configuration(group: group), topics: [topic]))
        try await eventually("the rebalance") {
            first.assignments.last?.partitions.count == 1 && second.assignments.last?.partitions.count == 1
        }
        let late = first.assignments[0]
        #expect(first.revocations.first == late.generation)
        #expect(first.assignments.last?.partitions != second.assignments.last?.partitions)

        // A start for the assignment that has ended comes late.
        await first.source.start(
            generation: late.generation,
            at: Dictionary(uniqueKeysWithValues: late.partitions.map { ($0, .beginning) })
        )
        try await second.start(assignment: second.assignments.count)
        _ = try await second.read(5)
        #expect(first.batches.isEmpty)

        try await first.start(assignment: first.assignments.count)
        _ = try await first.read(5)
        let stale = try #require(first.batches.first)
        await first.source.close()
        try await eventually("the end of the events") { first.hasEnded }
        try await eventually("the take-over") { second.assignments.last?.partitions.count == 2 }
        // Batches of an ended assignment are done too late; that must do nothing.
        await second.source.done(second.batches[0])
        await second.source.done(stale)
        try await second.start(assignment: second.assignments.count)
        let generation = try #require(second.assignments.last?.generation)
        var handled = 0
        try await eventually("everything, once more") {
            let batches = second.batches
            for batch in batches[handled...] { await second.source.done(batch) }
            handled = batches.count
            return batches.filter { $0.generation == generation }.reduce(0) { $0 + $1.records.count } == 80
        }
        await second.source.close()
    }

    @Test func `a topic that does not exist is told of once`() async throws {
        let broker = try TestBroker(topics: "gone:1")
        let unknownTopic = 3
        try broker.control.send("fault gone \(unknownTopic)")
        let source = TestSource(try KafkaRecordSource(broker.configuration(), topics: ["gone"]))
        try await eventually("the notice") { !source.notices.isEmpty }
        #expect(source.notices[0].contains("gone"))
        #expect(source.notices.count == 1)
        await source.source.close()
    }

    @Test func `a topic that is there again is read without a new start`() async throws {
        let broker = try TestBroker(topics: "gone:1")
        let unknownTopic = 3
        try broker.control.send("fault gone \(unknownTopic)")
        var configuration = try broker.configuration()
        #expect(configuration.metadataRefreshMilliseconds <= 60_000)
        configuration.metadataRefreshMilliseconds = 500
        let source = TestSource(try KafkaRecordSource(configuration, topics: ["gone"]))
        try await eventually("the notice") { !source.notices.isEmpty }
        try broker.control.send("fault gone 0")
        try await eventually("its partition") { source.assignments.contains { !$0.partitions.isEmpty } }
        await source.source.close()
    }
}
