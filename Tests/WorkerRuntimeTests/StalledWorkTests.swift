import Orchestration
import OrchestrationTesting
import Synchronization
import Testing

@testable import WorkerRuntime

/// What stands still is noticed, said, and taken up again.
@Suite struct StalledWorkTests {
    @Test(.timeLimit(.minutes(1))) func `work that commits nothing for the limit is noticed and named`() async throws {
        let harness = RuntimeHarness()
        let stalls = Mutex<[String]>([])
        await harness.store.hold()
        try await harness.whileWorking(
            stallLimit: .milliseconds(100),
            onStall: { reason in stalls.withLock { $0.append(reason) } },
            { harness in
                try await harness.assign()
                await harness.source.put(harness.batch([RuntimeHarness.command("Start", session: 1, id: 1)]))
                try await eventually { !stalls.withLock(\.isEmpty) }
                await harness.store.letGo()
            }
        )
        let reason = stalls.withLock { $0.first ?? "" }
        #expect(reason.contains(RuntimeHarness.sessionID(1)))
        #expect(reason.contains("others take over"))
    }

    @Test func `the time in which the database is away does not count`() async throws {
        let watchdog = Watchdog(limit: .seconds(100))
        let work = watchdog.begin("work")
        let began = ContinuousClock.now
        #expect(watchdog.stalled(at: began + .seconds(99)) == nil)
        #expect(watchdog.stalled(at: began + .seconds(200)) == "work")
        // The next sign of it is later than the beginning, however little.
        try await eventually { ContinuousClock.now > began + .milliseconds(1) }
        watchdog.excuse(work)
        #expect(watchdog.stalled(at: began + .seconds(100)) == nil)
        watchdog.end(work)
        #expect(watchdog.stalled(at: began + .seconds(1_000)) == nil)
    }

    @Test func `a stop that could not be written is written later, so that an operator can take it back`() async throws
    {
        let harness = RuntimeHarness()
        let log = KeptLog()
        try await harness.whileWorking(log: log) { harness in
            try await harness.assign()
            await harness.store.keepPositions(away: true)
            await harness.source.put(.partitionStopped(harness.commands, reason: "the topic was made anew"))
            try await eventually {
                log.messages.contains("the position does not say yet that the partition has stopped")
            }
            await harness.store.keepPositions(away: false)
            try await eventually {
                await harness.store.positions[harness.commands]?.stopReason == "the topic was made anew"
            }
        }
    }

    @Test func `a partition that stops says so at its position, and is taken up again when an operator has set it`()
        async throws
    {
        let harness = RuntimeHarness()
        let log = KeptLog()
        try await harness.whileWorking(log: log) { harness in
            try await harness.assign()
            try await harness.deliver([RuntimeHarness.command("Start", session: 1, id: 1)])
            let fingerprint = await harness.store.positions[harness.commands]?.fingerprint
            #expect(fingerprint != nil)
            await harness.source.put(.partitionStopped(harness.commands, reason: "the topic was made anew"))
            try await eventually {
                await harness.store.positions[harness.commands]?.stopReason == "the topic was made anew"
            }
            #expect(await harness.source.restarted == [])
            await harness.store.resetPosition(harness.commands, to: nil)
            try await eventually { await harness.source.restarted == [1] }
            await harness.source.put(.revoked(generation: 1))
            try await harness.assign(generation: 2)
            #expect(await harness.source.started[2] == [harness.commands: .beginning])
        }
        #expect(log.count("partition stopped") == 1)
    }

    @Test func `the next owner goes on after the last record, if it is still the one`() async throws {
        let harness = RuntimeHarness()
        try await harness.whileWorking { harness in
            try await harness.assign()
            try await harness.deliver([
                RuntimeHarness.command("Start", session: 1, id: 1), RuntimeHarness.command("Start", session: 2, id: 2),
            ])
            try await harness.assign(generation: 2)
        }
        let last = RuntimeHarness.command("Start", session: 2, id: 2)
        let fingerprint = RecordFingerprint(
            of: IncomingRecord(
                topicPartition: harness.commands,
                offset: 1,
                key: Array(last.key.utf8),
                value: Array(last.value.utf8)
            )
        )
        #expect(await harness.source.started[2] == [harness.commands: .after(fingerprint, 2)])
    }

    @Test func `a position moves to the end of its partition, and the last record stays the one to compare`()
        async throws
    {
        let harness = RuntimeHarness()
        try await harness.whileWorking { harness in
            try await harness.assign()
            try await harness.deliver([RuntimeHarness.command("Start", session: 1, id: 1)])
            let last = await harness.store.positions[harness.commands]?.fingerprint
            await harness.source.put(
                .batch(RecordBatch(topicPartition: harness.commands, generation: 1, records: [], endOffset: 5))
            )
            try await eventually { await harness.store.positions[harness.commands]?.nextOffset == 5 }
            #expect(await harness.source.finished.last?.nextOffset == 5)
            #expect(await harness.store.positions[harness.commands]?.fingerprint == last && last != nil)
            try await harness.deliver([RuntimeHarness.command("Start", session: 2, id: 2)], from: 5)
            #expect(await harness.store.positions[harness.commands]?.nextOffset == 6)
            #expect(await harness.store.sessions.count == 2)
        }
    }

    @Test func `a fenced worker says so once and goes on with the partitions it has`() async throws {
        let harness = RuntimeHarness()
        let log = KeptLog()
        let other = TopicPartition(topic: harness.commands.topic, partition: 1)
        try await harness.whileWorking(log: log) { harness in
            await harness.source.put(.assigned(generation: 1, partitions: [harness.commands, other]))
            try await eventually { await harness.source.started[1] != nil }
            _ = try await harness.store.takePositions(
                cluster: "test-cluster",
                partitions: [harness.commands],
                owner: "other"
            )
            for offset in 0..<5 {
                let start = RuntimeHarness.command("Start", session: offset + 1, id: offset + 1)
                try await harness.deliver([start], from: Int64(offset))
            }
            let start = RuntimeHarness.command("Start", session: 9, id: 9)
            await harness.source.put(harness.batch([start], of: other))
            try await eventually { await harness.store.positions[other]?.nextOffset == 1 }
        }
        #expect(log.count("lost the partition to another worker") == 1)
        #expect(await harness.store.sessions.count == 1)
        #expect(await harness.store.positions[harness.commands]?.nextOffset == nil)
    }
}
