import Orchestration
import OrchestrationTesting
import Testing
import WorkflowFiles

@testable import WorkerRuntime

@Suite struct RuntimeTests {
    @Test func `a record starts a session, moves the position and is published`() async throws {
        let harness = RuntimeHarness()
        try await harness.whileWorking { harness in
            try await harness.assign()
            try await harness.deliver([RuntimeHarness.command("Start", session: 1, id: 1)])
            try await eventually { await harness.sink.sent.count == 2 }
            #expect(await harness.sink.sent.map(\.topic) == ["genesis.session.events", "genesis.outline.tasks"])
            #expect(await harness.store.positions[harness.commands]?.nextOffset == 1)
        }
        #expect(await harness.source.finished.count == 1)
        #expect(await harness.store.outbox.allSatisfy { $0.status == .sent })
    }

    @Test func `a command delivered twice has one effect, in one batch and in two`() async throws {
        let harness = RuntimeHarness()
        let start = RuntimeHarness.command("Start", session: 1, id: 1)
        try await harness.whileWorking { harness in
            try await harness.assign()
            try await harness.deliver([start, start])
            try await harness.deliver([start], from: 2)
            try await eventually { await harness.store.positions[harness.commands]?.nextOffset == 3 }
        }
        #expect(await harness.store.commands.count == 1)
        #expect(await harness.store.events.count == 1)
    }

    @Test func `a poison record in a batch costs its own dead letter and nothing else`() async throws {
        let harness = RuntimeHarness()
        await harness.store.refuse(payloadsWith: "arsenic")
        try await harness.whileWorking { harness in
            try await harness.assign()
            try await harness.deliver(
                (1...8).map { number in
                    RuntimeHarness.command(
                        "Start",
                        session: number,
                        id: number,
                        number == 5 ? #"{"taste":"arsenic"}"# : "{}"
                    )
                }
            )
            try await eventually { await harness.store.positions[harness.commands]?.nextOffset == 8 }
        }
        #expect(await harness.store.sessions.count == 7)
        #expect(await harness.store.deadLetters.map(\.recordOffset) == [4])
        #expect(await harness.store.deadLetters.map(\.reason) == [.refused])
        #expect(await harness.sink.sent.contains { $0.topic == "genesis.session.commands.dlq" })
    }

    @Test func `what is no command is set aside with its reason, and a tombstone is skipped`() async throws {
        let harness = RuntimeHarness()
        let session = RuntimeHarness.sessionID(1)
        try await harness.whileWorking { harness in
            try await harness.assign()
            try await harness.deliver([
                (session, "not json"),
                (session, #"{"command_type":"Command.Genesis.Session.Start"}"#),
                RuntimeHarness.command("Dance", session: 1, id: 2),
                RuntimeHarness.command("Start", session: 1, id: 1),
            ])
            try await eventually { await harness.store.positions[harness.commands]?.nextOffset == 4 }
        }
        #expect(await harness.store.deadLetters.map(\.reason) == [.invalidJSON, .invalidEnvelope, .unknownType])
        #expect(await harness.store.deadLetters.first?.recordValue == Array("not json".utf8))
        #expect(await harness.store.sessions.count == 1)
    }

    @Test func `a worker that lost its partition writes nothing and goes on`() async throws {
        let harness = RuntimeHarness()
        try await harness.whileWorking { harness in
            try await harness.assign()
            _ = try await harness.store.takePositions(
                cluster: "test-cluster",
                partitions: [harness.commands],
                owner: "other"
            )
            try await harness.deliver([RuntimeHarness.command("Start", session: 1, id: 1)])
            try await eventually { await harness.source.finished.count == 1 }
            #expect(await harness.store.sessions.isEmpty)
            try await harness.assign(generation: 2)
            try await harness.deliver([RuntimeHarness.command("Start", session: 1, id: 1)], generation: 2)
            try await eventually { await harness.store.sessions.count == 1 }
        }
    }

    @Test func `whatever fails around a commit, each command has one effect`() async throws {
        let harness = RuntimeHarness()
        await harness.store.fail(with: [
            .before(.unavailable(reason: "away")), .after(.unavailable(reason: "the answer was lost")),
            .before(.conflict(reason: "somebody was first")), .after(.unavailable(reason: "lost again")),
        ])
        try await harness.whileWorking { harness in
            try await harness.assign()
            try await harness.deliver([RuntimeHarness.command("Start", session: 1, id: 1)])
            try await harness.deliver([RuntimeHarness.command("Start", session: 2, id: 2)], from: 1)
            try await eventually { await harness.store.positions[harness.commands]?.nextOffset == 2 }
        }
        #expect(await harness.store.events.count == 2)
        #expect(await harness.store.commands.count == 2)
    }

    @Test func `a row inserted by another service is decided once`() async throws {
        let harness = RuntimeHarness()
        let id = SessionID(derivedFrom: "inserted")
        let row = InboxCommand(inserted: "row", id)
        await harness.store.insert(row)
        try await harness.whileWorking { harness in
            try await eventually { await harness.store.sessions[id] != nil }
        }
        #expect(await harness.store.commands.map(\.verdict) == [.accepted])
    }

    @Test func `a record that is refused blocks its key and no other, in order`() async throws {
        let harness = RuntimeHarness()
        let blocked = RuntimeHarness.sessionID(1)
        await harness.sink.answer { record in
            record.key == Array(blocked.utf8) && record.topic == "genesis.session.events" ? .failed("not now") : nil
        }
        try await harness.whileWorking { harness in
            try await harness.assign()
            try await harness.deliver([
                RuntimeHarness.command("Start", session: 1, id: 1),
                RuntimeHarness.command("Abandon", session: 1, id: 2),
                RuntimeHarness.command("Start", session: 2, id: 3),
                RuntimeHarness.command("Abandon", session: 2, id: 4),
            ])
            let other = Array(RuntimeHarness.sessionID(2).utf8)
            try await eventually {
                await harness.sink.sent.filter { $0.key == other && $0.topic == "genesis.session.events" }.count == 2
            }
            #expect(
                await !harness.sink.sent.contains {
                    $0.key == Array(blocked.utf8) && $0.topic == "genesis.session.events"
                }
            )
            try await eventually { await harness.store.outbox.contains { $0.status == .failed } }
            await harness.sink.answerNormally()
            await harness.store.advance(.seconds(60))
            try await eventually { await harness.store.outbox.allSatisfy { $0.status == .sent } }
            let types = await harness.sink.sent
                .filter { $0.key == Array(blocked.utf8) && $0.topic == "genesis.session.events" }
                .map { record in record.headers.first { $0.name == "event_type" }?.value ?? [] }
            #expect(types == ["Genesis.Session.Started", "Genesis.Session.Abandoned"].map { Array($0.utf8) })
        }
    }

    @Test func `a relay that stops sends what is left and gives its lanes back`() async throws {
        let store = InMemoryStore()
        let sink = ScriptedSink()
        var batch = CommitBatch()
        batch.outbox = (0..<1_200).map { .sample("\($0)", key: "k\($0)") }
        try await store.commit(batch)
        let settings = WorkerSettings(node: "stopping")
        let relay = OutboxRelay(settings: settings, store: store, sink: sink, bell: Bell(), log: SilentLog())
        await relay.finish()
        #expect(await sink.sent.count == 1_200)
        #expect(await store.outbox.allSatisfy { $0.status == .sent })
        #expect(try await store.leaseLanes(owner: "next", duration: .seconds(1)).count == OutboxMessage.laneCount)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a worker whose partition was taken although Kafka leaves it here ends, so that it does not stand idle`()
        async throws
    {
        let harness = RuntimeHarness()
        let failure = await #expect(throws: WorkerFailure.self) {
            try await harness.whileWorking(fencedLimit: .milliseconds(20)) { harness in
                try await harness.assign()
                _ = try await harness.store.takePositions(
                    cluster: "test-cluster",
                    partitions: [harness.commands],
                    owner: "other"
                )
                try await harness.deliver([RuntimeHarness.command("Start", session: 1, id: 1)])
                try await eventually { await harness.source.isClosed }
            }
        }
        #expect(failure?.description.contains("two consumer groups") == true)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a worker whose group of consumers is not getting on says so`() async throws {
        let log = KeptLog()
        let sentence = "Kafka has assigned no partitions: its group of consumers is not getting on"
        try await RuntimeHarness().whileWorking(assignmentLimit: .milliseconds(5), log: log) { _ in
            try await eventually { log.messages.contains(sentence) }
        }
    }

    @Test(.timeLimit(.minutes(1)))
    func `a producer that cannot go on ends the worker, though nobody asks it to stop`() async throws {
        let harness = RuntimeHarness()
        await harness.sink.answer { _ in .fatal("its id is unknown") }
        var batch = CommitBatch()
        batch.outbox = [.sample("1")]
        try await harness.store.commit(batch)
        let worker = Worker(
            settings: WorkerSettings(node: "test"),
            store: harness.store,
            source: harness.source,
            sink: harness.sink,
            catalog: WorkflowCatalog(reader: WorkflowFileReader(), store: harness.store),
            log: SilentLog()
        )
        // As a wait for a signal, it knows no cancellation.
        let (signals, signal) = AsyncStream.makeStream(of: Void.self)
        let failure = await #expect(throws: WorkerFailure.self) {
            try await worker.run(until: { await Task { for await _ in signals {} }.value })
        }
        #expect(failure?.description.contains("its id is unknown") == true)
        signal.finish()
    }

    @Test(.timeLimit(.minutes(1)))
    func `brokers that are away do not keep a worker from stopping, and nothing is lost`()
        async throws
    {
        let harness = RuntimeHarness()
        try await harness.whileWorking(sendingTo: SilentSink()) { harness in
            try await harness.assign()
            try await harness.deliver([RuntimeHarness.command("Start", session: 1, id: 1)])
        }
        #expect(await harness.store.outbox.count == 2)
        #expect(await harness.store.outbox.allSatisfy { $0.status == .pending && $0.retryCount == 0 })
    }

    @Test func `a deadline that passes is put in by the sweeper`() async throws {
        let harness = RuntimeHarness()
        try await harness.whileWorking { harness in
            try await harness.assign()
            try await harness.deliver([RuntimeHarness.command("Start", session: 1, id: 1)])
            try await eventually { await harness.store.tasks.count == 1 }
            await harness.store.advance(.seconds(7_200))
            try await eventually { await harness.store.tasks.values.first?.status == .failed }
        }
        #expect(await harness.store.tasks.values.first?.errorData["code"].string == "TOTAL_TIMEOUT")
    }
}
