import Orchestration
import OrchestrationTesting
import Testing

@testable import WorkerRuntime

/// What becomes of records that the brokers do not take, and of those beside and behind them.
@Suite struct RelayTests {
    private func row(_ name: String, key: String = "k", topic: String = "t", to destinations: [String] = [])
        -> OutboxMessage
    {
        .sample(name, key: key, topic: topic, to: destinations)
    }

    private func harness(holding rows: [OutboxMessage]) async throws -> RuntimeHarness {
        let harness = RuntimeHarness()
        var batch = CommitBatch()
        batch.outbox = rows
        try await harness.store.commit(batch)
        return harness
    }

    /// The first row fails for as long as the sink says so, the second one is sent.
    private func expectNoTriesCounted(_ harness: RuntimeHarness) async throws {
        // While a try is under way, time must stand still: what it puts off would be put off beyond it.
        func expectPutOff() async throws {
            try await eventually {
                guard let retryAt = await harness.store.outbox[0].nextRetryAt else { return false }
                return await retryAt > harness.store.clock
            }
        }
        for _ in 1...20 {
            try await expectPutOff()
            await harness.store.advance(.seconds(60))
        }
        try await expectPutOff()
        #expect(await harness.store.outbox.map(\.status) == [.failed, .sent])
        #expect(await harness.store.outbox[0].retryCount == 0)
        await harness.sink.answerNormally()
        await harness.store.advance(.seconds(60))
        try await eventually { await harness.store.outbox.allSatisfy { $0.status == .sent } }
    }

    private func sent(_ harness: RuntimeHarness) async -> [String] {
        await harness.sink.sent.map { record in
            let name = record.headers.first { $0.name == "name" }?.value ?? []
            return "\(String(decoding: name, as: UTF8.self)) → \(record.topic)"
        }
    }

    @Test func `each destination is delivered and retried for itself, and blocks its own key only`() async throws {
        let harness = try await harness(holding: [
            row("1", to: ["a", "b", "a"]), row("2", to: ["b", "a"]), row("3", key: "other", to: ["b"]),
        ])
        await harness.sink.answer { record in
            record.topic == "b" && record.key == Array("k".utf8) ? .failed("not now") : nil
        }
        try await harness.whileWorking { harness in
            try await eventually { await harness.sink.sent.count == 3 }
            #expect(await Set(sent(harness)) == ["1 → a", "2 → a", "3 → b"])
            try await eventually { await harness.store.outbox.contains { $0.retryCount == 1 } }
            await harness.sink.answerNormally()
            await harness.store.advance(.seconds(60))
            try await eventually { await harness.store.outbox.allSatisfy { $0.status == .sent } }
        }
        #expect(await sent(harness).filter { $0.hasSuffix("a") } == ["1 → a", "2 → a"])
        #expect(await sent(harness).filter { $0.hasSuffix("b") } == ["3 → b", "1 → b", "2 → b"])
        #expect(await harness.store.outbox.filter { $0.retryCount > 0 }.map(\.topic) == ["b"])
    }

    @Test func `a lone record that always fails is dead after its tries, and those behind it wait`() async throws {
        let harness = try await harness(holding: [row("1"), row("2")])
        await harness.sink.answer { _ in .failed("not now") }
        try await harness.whileWorking { harness in
            for number in 1...OutboxMessage.maxRetriesDefault {
                try await eventually { await harness.store.outbox[0].retryCount == number }
                #expect(await harness.store.outbox[0].status == .failed)
                await harness.store.advance(.seconds(60))
            }
            try await eventually { await harness.store.outbox[0].status == .dead }
            await harness.sink.answerNormally()
            await harness.store.advance(.seconds(600))
            // A record of another key goes round the relay: had the second been due, it would be gone with it.
            var batch = CommitBatch()
            batch.outbox = [row("other", key: "other")]
            try await harness.store.commit(batch)
            try await eventually { await harness.sink.sent.count == 1 }
        }
        #expect(await harness.store.outbox.map(\.status) == [.dead, .pending, .sent])
        #expect(await harness.store.outbox[0].errorMessage == "not now")
    }

    @Test func `a topic whose brokers are away costs its records no tries, while others go out`() async throws {
        let harness = try await harness(holding: [row("1", topic: "away"), row("2", key: "k2")])
        await harness.sink.answer { $0.topic == "away" ? .failed("no leader") : nil }
        await harness.sink.setStates(["away": .away])
        try await harness.whileWorking { harness in
            try await expectNoTriesCounted(harness)
        }
    }

    @Test func `a record that no broker answers for in time, though some do, is sent again for as long as it takes`()
        async throws
    {
        let harness = try await harness(holding: [row("1"), row("2", key: "k2")])
        await harness.sink.answer { $0.key == Array("k".utf8) ? .blameless("no answer in time") : nil }
        try await harness.whileWorking { harness in
            try await expectNoTriesCounted(harness)
        }
    }

    @Test func `a topic that is not ours to write to costs its records their tries, though no answer comes`()
        async throws
    {
        let harness = try await harness(holding: [row("1", topic: "theirs"), row("2", key: "k2")])
        await harness.sink.answer { $0.topic == "theirs" ? .blameless("no answer in time") : nil }
        await harness.sink.setStates(["theirs": .refuses])
        try await harness.whileWorking { harness in
            while await harness.store.outbox[0].status != .dead {
                try await Task.sleep(for: .milliseconds(2))
                await harness.store.advance(.seconds(600))
            }
        }
        #expect(await harness.store.outbox.map(\.status) == [.dead, .sent])
    }

    @Test func `brokers refuse what comes together, and only the record that they refuse alone is dead`() async throws {
        let harness = try await harness(holding: [row("1"), row("2", key: "k2"), row("3", key: "k3")])
        await harness.sink.refuseTogether("too large")
        await harness.sink.answer { $0.key == Array("k2".utf8) ? .refused("too large") : nil }
        try await harness.whileWorking { harness in
            try await eventually { await harness.store.outbox.allSatisfy { [.sent, .dead].contains($0.status) } }
        }
        #expect(await harness.store.outbox.map(\.status) == [.sent, .dead, .sent])
    }

    @Test func `a batch of one key is marked as far as it has come, however slow its answers are`() async throws {
        let harness = try await harness(holding: [row("1"), row("2"), row("3")])
        var settings = WorkerSettings(node: "slow")
        settings.relayRoundsLimit = .zero
        let (store, sink) = (harness.store, harness.sink)
        let relay = OutboxRelay(settings: settings, store: store, sink: sink, bell: Bell(), log: SilentLog())
        for sent in 1...3 {
            await relay.finish()
            #expect(await store.outbox.count { $0.status == .sent } == sent)
            #expect(await sink.sent.count == sent)
        }
    }

    @Test func `lanes stay a relay's own while the brokers take longer to answer than a lease lasts`() async throws {
        let harness = try await harness(holding: [row("1")])
        try await harness.whileWorking(sendingTo: SilentSink(), laneLease: .milliseconds(30)) { harness in
            for _ in 1...5 {
                await harness.store.advance(.milliseconds(20))
                let before = await harness.store.renewals
                try await eventually { await harness.store.renewals > before }
            }
            #expect(try await harness.store.leaseLanes(owner: "other", duration: .seconds(1)) == [])
        }
    }

    @Test func `a record that is scheduled goes out at its time and not before`() async throws {
        var later = row("later")
        later.scheduledAt = Instant(microseconds: 1_800_000_000_000_000) + .seconds(60)
        let harness = try await harness(holding: [later, row("now", key: "k2")])
        try await harness.whileWorking { harness in
            try await eventually { await harness.sink.sent.count == 1 }
            await harness.store.advance(.seconds(59))
            var batch = CommitBatch()
            batch.outbox = [row("meanwhile", key: "k3")]
            try await harness.store.commit(batch)
            try await eventually { await harness.sink.sent.count == 2 }
            await harness.store.advance(.seconds(2))
            try await eventually { await harness.sink.sent.count == 3 }
        }
        #expect(await sent(harness) == ["now → t", "meanwhile → t", "later → t"])
    }

    @Test func `a commit of this process wakes the relay, which by itself would look an hour later`() async throws {
        let harness = RuntimeHarness()
        let hour = Interval.seconds(3_600)
        try await harness.whileWorking(relayPollInterval: hour, idlePollMax: hour) { harness in
            try await harness.assign()
            // It has found nothing, and waits.
            try await eventually { await harness.store.looks[.dueOutbox] ?? 0 >= 1 }
            try await harness.deliver([RuntimeHarness.command("Start", session: 1, id: 1)])
            try await eventually { await harness.store.outbox.allSatisfy { $0.status == .sent } }
            let sent = await harness.sink.sent.count
            #expect(await sent == harness.store.outbox.count && sent > 0)
        }
    }

    @Test func `who finds nothing looks ever less often, for rows to send and for commands`() async throws {
        let harness = RuntimeHarness()
        try await harness.whileWorking(idlePollMax: .seconds(3_600)) { harness in
            // Deadlines are looked for every 2 ms, which tells the time. Each pause is twice the one before: the first
            // sixteen take more than the minute that is waited here at most.
            try await eventually { await harness.store.looks[.dueInputs] ?? 0 >= 40 }
            for look in [InMemoryStore.Look.dueOutbox, .receivedCommands] {
                #expect(await (1...16).contains(harness.store.looks[look] ?? 0))
            }
        }
    }

    @Test func `pauses between tries double up to the limit, each with jitter`() {
        var settings = WorkerSettings(node: "test")
        settings.relayRetryInitial = .seconds(1)
        settings.relayRetryMax = .seconds(60)
        for (failures, longest) in [(0, 1), (1, 2), (2, 4), (5, 32), (6, 60), (40, 60)] {
            let limit = Interval.seconds(Int64(longest)).microseconds
            let pauses = (0..<50).map { _ in OutboxRelay.retryDelay(failures, settings).microseconds }
            #expect(pauses.allSatisfy { $0 >= limit / 2 && $0 <= limit })
            #expect(Set(pauses).count > 1)
        }
    }

    @Test func `the row's own columns are headers where the headers do not say them`() {
        var message = row("1")
        message.schemaID = "orders/1"
        message.schemaVersion = 3
        message.sourceBC = "billing"
        message.tenantID = "acme"
        message.headers = ["tenant_id": "other"]
        let headers = Dictionary(grouping: message.record().headers, by: \.name).mapValues { values in
            values.map { String(decoding: $0.value ?? [], as: UTF8.self) }
        }
        #expect(
            headers == [
                "source_bc": ["billing"], "schema_id": ["orders/1"], "schema_version": ["3"], "tenant_id": ["other"],
            ]
        )
        message.rawValue = []
        #expect(message.record().headers.map(\.name) == ["tenant_id"])
    }
}
