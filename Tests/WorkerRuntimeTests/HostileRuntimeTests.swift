import Orchestration
import OrchestrationTesting
import Synchronization
import Testing
import WorkflowFiles

@testable import WorkerRuntime

/// Counts what a sink was asked to send.
final class Tries: Sendable {
    private let number = Mutex(0)

    func count() { number.withLock { $0 += 1 } }
    var total: Int { number.withLock(\.self) }
}

/// What happens to a worker when the store, the brokers or other services misbehave.
@Suite struct HostileRuntimeTests {
    @Test func `an assignment that ended while the database was away takes no position from the new owner`()
        async throws
    {
        let harness = RuntimeHarness()
        let lost = TopicPartition(topic: "genesis.session.commands", partition: 7)
        await harness.store.keepPositions(away: true)
        try await harness.whileWorking { harness in
            await harness.source.put(.assigned(generation: 1, partitions: [lost]))
            await harness.source.put(.revoked(generation: 1))
            await harness.source.put(.assigned(generation: 2, partitions: [harness.commands]))
            try await eventually { await harness.source.isIdle }
            await harness.store.keepPositions(away: false)
            try await eventually { await harness.source.started[2] != nil }
            try await harness.deliver([RuntimeHarness.command("Start", session: 1, id: 1)], generation: 2)
            #expect(await harness.store.sessions.count == 1)
        }
        #expect(await harness.store.positions[lost] == nil)
        #expect(await harness.source.started[1] == nil)
    }

    @Test func `a batch of an ended assignment that is fenced by the next one takes nothing from it`() async throws {
        let harness = RuntimeHarness()
        await harness.store.hold()
        try await harness.whileWorking { harness in
            try await harness.assign()
            await harness.source.put(harness.batch([RuntimeHarness.command("Start", session: 1, id: 1)]))
            try await eventually { await harness.store.isBusy }
            await harness.source.put(.revoked(generation: 1))
            try await harness.assign(generation: 2)
            await harness.store.letGo()
            try await eventually { await !harness.source.finished.isEmpty }
            #expect(await harness.source.finished.map(\.records.count) == [0])
            try await harness.deliver([RuntimeHarness.command("Start", session: 1, id: 1)], generation: 2)
            #expect(await harness.source.finished.map(\.records.count) == [0, 1])
            #expect(await harness.store.sessions.count == 1)
        }
    }

    @Test(arguments: [true, false])
    func `who is fenced after a lost answer asks once more whose commit it was, and no oftener`(isOurs: Bool)
        async throws
    {
        let store = InMemoryStore()
        let catalog = WorkflowCatalog(reader: WorkflowFileReader(), store: store)
        let committer = Committer(settings: WorkerSettings(node: "n"), store: store, catalog: catalog, log: SilentLog())
        let taken = InMemoryStore.Fault.before(.fenced(reason: "the epoch is taken"))
        await store.fail(with: [.before(.unavailable(reason: "lost")), taken, taken, taken])
        var base = CommitBatch()
        base.outbox = [.sample("1")]
        var answers = [false, isOurs]
        let attempt = try await committer.commit([], base: base) { () async throws(StoreError) in
            answers.isEmpty ? true : answers.removeFirst()
        }
        switch attempt {
        case .done: #expect(isOurs)
        case .fenced(let reason): #expect(!isOurs && reason == "the epoch is taken")
        case .refused: Issue.record("\(attempt)")
        }
        #expect(answers == [])
    }

    @Test func `losing the partition while a dead letter is written does not end the worker`() async throws {
        let harness = RuntimeHarness()
        await harness.store.fail(with: [.before(.refused(reason: "poison")), .before(.fenced(reason: "taken"))])
        try await harness.whileWorking { harness in
            try await harness.assign()
            try await harness.deliver([RuntimeHarness.command("Start", session: 1, id: 1)])
            try await harness.assign(generation: 2)
            try await harness.deliver([RuntimeHarness.command("Start", session: 1, id: 1)], generation: 2)
            #expect(await harness.store.sessions.count == 1)
        }
    }

    @Test func `a table row that the database refuses is failed even if that takes two attempts`() async throws {
        let harness = RuntimeHarness()
        let session = SessionID(derivedFrom: "inserted")
        await harness.store.refuse(startsOf: session)
        await harness.store.insert(InboxCommand(inserted: "row", session))
        try await harness.whileWorking { harness in
            try await eventually { await harness.store.refusals > 0 }
            try await eventually { await harness.store.commands.first?.status == .failed }
        }
        #expect(await harness.store.commands.map(\.verdict) == [.invalid])
    }

    @Test func `a table row whose payload is no object is failed and its sender told`() async throws {
        let harness = RuntimeHarness()
        var row = InboxCommand(inserted: "row", SessionID(derivedFrom: "inserted"))
        row.payload = .null
        row.errorMessage = "the number is too long"
        await harness.store.insert(row)
        try await harness.whileWorking { harness in
            try await eventually { await harness.store.commands.first?.status == .failed }
        }
        #expect(await harness.store.commands.map(\.verdict) == [.invalid])
        #expect(await harness.store.outbox.count == 1)
    }

    @Test(arguments: [true, false])
    func `a message with another message's id is set aside and overwrites nothing`(isOneBatch: Bool) async throws {
        let harness = RuntimeHarness()
        let first = RuntimeHarness.command("Start", session: 1, id: 1, #"{"theme":"sea"}"#)
        var second = RuntimeHarness.command("Start", session: 2, id: 1)
        second.value = String(second.value.dropLast()) + #","idempotency_key":"mine"}"#
        let records = [first, second]
        try await harness.whileWorking { harness in
            try await harness.assign()
            if isOneBatch {
                try await harness.deliver(records)
            } else {
                try await harness.deliver([records[0]])
                try await harness.deliver([records[1]], from: 1)
            }
        }
        #expect(await harness.store.commands.map(\.payload) == [["theme": "sea"]])
        #expect(await harness.store.sessions.count == 1)
        #expect(await harness.store.deadLetters.map(\.recordOffset) == [1])
    }

    @Test func `a row that another service left pending does not stop the partition`() async throws {
        let harness = RuntimeHarness()
        let session = try #require(SessionID(RuntimeHarness.sessionID(1)))
        var row = InboxCommand(inserted: "left behind", session)
        row.status = .processing
        await harness.store.insert(row)
        try await harness.whileWorking { harness in
            try await harness.assign()
            try await harness.deliver([
                RuntimeHarness.command("Start", session: 1, id: 1),
                RuntimeHarness.command("Start", session: 2, id: 2),
            ])
        }
        #expect(await harness.store.commands.map(\.verdict) == [nil, .duplicatePending, .accepted])
    }

    @Test func `sessions that this worker cannot read do not keep the others from their deadlines`() async throws {
        let harness = RuntimeHarness()
        try await harness.whileWorking { harness in
            try await harness.assign()
            try await harness.deliver([RuntimeHarness.command("Start", session: 1, id: 1)])
            let known = try #require(await harness.store.sessions.values.first)
            // More than one sweep takes, and all of them due before the task of the session that is known.
            var batch = CommitBatch()
            for number in 0..<250 {
                var session = known
                session.id = SessionID(derivedFrom: "unknown", "\(number)")
                session.workflowHash = String(repeating: "0", count: 64)
                session.nextTimerAt = session.createdAt
                var commit = Commit(sessionID: session.id, tenantID: session.tenantID, expectedVersion: 0)
                commit.session = session
                batch.commits.append(commit)
            }
            try await harness.store.commit(batch)
            await harness.store.advance(.seconds(7_200))
            try await eventually { await harness.store.tasks.values.first?.status == .failed }
        }
        #expect(await harness.store.commands.count == 2)
    }

    @Test func `an outage of the brokers, however long, leaves no record dead, and is told once, as is its end`()
        async throws
    {
        let harness = RuntimeHarness()
        let log = KeptLog()
        let tries = Tries()
        await harness.sink.answer { _ in
            tries.count()
            return .failed("no broker can be reached")
        }
        await harness.sink.setStates(nil)
        try await harness.whileWorking(log: log) { harness in
            try await harness.assign()
            try await harness.deliver([RuntimeHarness.command("Start", session: 1, id: 1)])
            for number in 1...20 {
                try await eventually { tries.total >= 2 * number }
                await harness.store.advance(.seconds(1))
            }
            await harness.sink.answerNormally()
            try await eventually { await harness.store.outbox.allSatisfy { $0.status == .sent } }
            try await eventually { log.count("the brokers take nothing, waiting: over") == 1 }
        }
        #expect(log.count("the brokers take nothing, waiting", atLeast: .warning) == 1)
        #expect(log.count("not taken by Kafka") == 0)
    }

    @Test func `while the database is away its absence is told once by each part, and its end once`() async throws {
        let log = KeptLog()
        var settings = WorkerSettings(node: "test")
        (settings.backoffInitial, settings.backoffMax) = (.milliseconds(1), .milliseconds(2))
        var hindrance = Hindrance("cannot read the inbox", settings, log)
        hindrance.passed()
        for outage in 1...2 {
            for _ in 0..<20 { await hindrance.pause("too many clients") }
            hindrance.passed()
            hindrance.passed()
            #expect(log.count("cannot read the inbox", atLeast: .warning) == outage)
            #expect(log.count("cannot read the inbox: over", atLeast: .warning) == outage)
        }
    }

    @Test func `what the source says of an outage stands in the log, with its beginning and its length`() async throws {
        let harness = RuntimeHarness()
        let log = KeptLog()
        try await harness.whileWorking(log: log) { harness in
            await harness.source.put(.brokersAway(for: .seconds(2), reason: "Connection refused"))
            await harness.source.put(.brokersBack(after: .seconds(10)))
            try await eventually { log.count("the brokers are back") == 1 }
        }
        #expect(log.fields(of: "the brokers are away") == ["since", "reason"])
        #expect(log.fields(of: "the brokers are back") == ["away_for"])
    }
}

extension InboxCommand {
    /// A Start as another service inserts it.
    init(inserted name: String, _ session: SessionID, tenant: String = "default") {
        self.init(
            id: MessageID(derivedFrom: name),
            tenantID: tenant,
            sessionID: session,
            commandType: SessionMessages.start,
            idempotencyKey: name,
            payload: [:],
            correlationID: session.description,
            causationID: nil,
            userID: nil,
            metadata: [:],
            source: "table",
            status: .received,
            verdict: nil,
            errorMessage: nil,
            retryCount: 0,
            createdAt: Instant(microseconds: 0),
            updatedAt: Instant(microseconds: 0),
            processedAt: nil
        )
    }
}
