import Orchestration
import OrchestrationTesting
import Testing
import WorkflowFiles

@testable import WorkerRuntime

/// A worker on an in-memory store with a scripted transport.
struct RuntimeHarness {
    var store = InMemoryStore()
    let source = ScriptedSource()
    let sink = ScriptedSink()
    let stop = Bell()
    let commands = TopicPartition(topic: "genesis.session.commands", partition: 0)

    /// Runs a worker while the body runs, then stops it gracefully.
    ///
    /// - Parameter sink: another sink than the scripted one.
    func whileWorking(
        sendingTo other: (any RecordSink)? = nil,
        fencedLimit: Interval = .seconds(60),
        assignmentLimit: Interval = .seconds(60),
        stallLimit: Interval = .seconds(120),
        laneLease: Interval = .seconds(15),
        relayPollInterval: Interval = .milliseconds(2),
        idlePollMax: Interval = .milliseconds(2),
        schemaVersionMax: Int = Envelope.schemaVersionMax,
        onStall: @escaping @Sendable (String) -> Void = { _ in },
        log: any LogSink = SilentLog(),
        _ body: @Sendable (RuntimeHarness) async throws -> Void
    ) async throws {
        var settings = WorkerSettings(node: "test")
        settings.backoffInitial = .milliseconds(1)
        settings.backoffMax = .milliseconds(5)
        settings.progressInterval = .milliseconds(2)
        settings.inboxPollInterval = .milliseconds(2)
        settings.relayPollInterval = relayPollInterval
        settings.idlePollMax = idlePollMax
        settings.relayRetryInitial = .seconds(1)
        settings.sweepInterval = .milliseconds(2)
        settings.lastSendLimit = .milliseconds(50)
        settings.fencedLimit = fencedLimit
        settings.assignmentLimit = assignmentLimit
        settings.stallLimit = stallLimit
        settings.laneLeaseDuration = laneLease
        settings.schemaVersionMax = schemaVersionMax
        settings.setAsideLookInterval = .milliseconds(2)
        settings.stoppedLookInterval = .milliseconds(2)
        let catalog = WorkflowCatalog(reader: WorkflowFileReader(), store: store)
        try await catalog.adopt([try #require(GenesisFlowTests.workflow)])
        let worker = Worker(
            settings: settings,
            store: store,
            source: source,
            sink: other ?? sink,
            catalog: catalog,
            log: log
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [stop] in
                try await worker.run(until: { await stop.wait(atMost: .seconds(3_600)) }, onStall: onStall)
            }
            do {
                try await body(self)
            } catch {
                await stop.ring()
                throw error
            }
            await stop.ring()
            try await group.waitForAll()
        }
    }

    /// Gives the command partition records with consecutive offsets, and waits until they are dealt with: a source
    /// never has two batches of a partition under way.
    func deliver(
        _ values: [(key: String, value: String)],
        from offset: Int64 = 0,
        generation: Int = 1
    ) async throws {
        let done = await source.finished.count
        await source.put(batch(values, from: offset, generation: generation))
        try await eventually { await source.finished.count > done }
    }

    func batch(
        _ values: [(key: String, value: String)],
        of partition: TopicPartition? = nil,
        from offset: Int64 = 0,
        generation: Int = 1
    ) -> SourceEvent {
        let partition = partition ?? commands
        return .batch(
            RecordBatch(
                topicPartition: partition,
                generation: generation,
                records: values.enumerated().map { index, record in
                    IncomingRecord(
                        topicPartition: partition,
                        offset: offset + Int64(index),
                        key: Array(record.key.utf8),
                        value: Array(record.value.utf8)
                    )
                }
            )
        )
    }

    func assign(generation: Int = 1) async throws {
        await source.put(.assigned(generation: generation, partitions: [commands]))
        try await eventually { await source.started[generation] != nil }
    }

    static func command(_ type: String, session: Int, id: Int, _ payload: String = "{}") -> (key: String, value: String)
    {
        (
            key: sessionID(session),
            value: """
            {"command_id":"00000000-0000-4000-9000-\(padded(id))","command_type":"Command.Genesis.Session.\(type)",\
            "aggregate_id":"\(sessionID(session))","payload":\(payload)}
            """
        )
    }

    static func sessionID(_ number: Int) -> String { "00000000-0000-4000-8000-\(padded(number))" }
    private static func padded(_ number: Int) -> String {
        String(repeating: "0", count: 12 - String(number).count) + String(number)
    }
}

/// Waits until the condition holds; fails after a minute: all suites share two threads.
func eventually(
    _ condition: () async throws -> Bool,
    sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let deadline = ContinuousClock.now + .seconds(60)
    while try await !condition() {
        if ContinuousClock.now > deadline {
            Issue.record("the condition did not come true within 60 s", sourceLocation: sourceLocation)
            throw CancellationError()
        }
        try await Task.sleep(for: .milliseconds(2))
    }
}

extension OutboxMessage {
    /// A record whose name is its only header.
    static func sample(
        _ name: String,
        key: String = "k",
        topic: String = "t",
        to destinations: [String] = []
    ) -> OutboxMessage {
        OutboxMessage(
            id: EventID(derivedFrom: name),
            eventID: nil,
            tenantID: "default",
            topic: topic,
            partitionKey: key,
            headers: ["name": .string(name)],
            payload: [:],
            destinationTopics: destinations,
            createdAt: Instant(microseconds: 0)
        )
    }
}
