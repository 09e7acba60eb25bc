internal import EmbeddedServices
internal import KafkaTransport
internal import Orchestration
internal import PostgresStore

/// Start commands that lie in Kafka, and how fast they are committed; the relay publishes beside it.
struct IntakeScenario: Sendable {
    /// Records handed to the producer at once.
    static let batchMax = 1_000
    /// Sessions in one transaction of the floor; beyond 64 nothing is won (only latency grows).
    static let floorBatch = 64

    var environment: BenchEnvironment
    var events: Int

    func run() async throws -> BenchReport {
        let started = Surroundings.now()
        let sink = try KafkaRecordSink(environment.kafka)
        environment.say("filling Kafka with \(events) commands")
        let commands = (0..<events).map { index in
            BenchRecords.command("Start", to: SessionID(derivedFrom: "bench", "\(index)"), ["seed": "a lighthouse"])
        }
        try await BenchRecords.send(commands, through: sink, batch: Self.batchMax)
        await sink.close()

        environment.say("the worker takes them in")
        let worker = try environment.worker()
        defer { environment.stop(worker) }
        let meter = environment.meter
        var first = 0
        try await environment.wait("the first commands are committed", worker: worker, every: .milliseconds(1)) {
            first = try await meter.recordsCommitted(topic: Topics.commands)
            return first > 0
        }
        let load = environment.load(worker)
        let (wal, writes) = (try await meter.walBytes(), try await meter.writingTransactions())
        let began = ContinuousClock.now
        var last = first
        try await environment.wait("all commands are committed", worker: worker) {
            last = try await meter.recordsCommitted(topic: Topics.commands)
            return last >= events
        }
        let seconds = (ContinuousClock.now - began).seconds
        let loadAfter = environment.load(worker)
        let (walAfter, writesAfter) = (try await meter.walBytes(), try await meter.writingTransactions())
        try await environment.wait("all records are published", worker: worker) { try await meter.outboxIsEmpty() }
        let published = (ContinuousClock.now - began).seconds
        let memory = BenchMachine.peakMemoryKilobytes(of: worker.processID)
        environment.stop(worker)

        let counts = try await meter.rows()
        let (taken, total) = (Double(last - first), counts.values.reduce(0, +))
        let commandsPerSecond = taken / seconds
        let eventsPerCommand = Double(counts["domain_events"] ?? 0) / Double(events)
        var report = BenchReport(
            scenario: "intake",
            startedAt: started,
            settings: ["events": .int(events), "relay": "runs beside it"],
            result: ([
                "commands": .int(last - first), "seconds": BenchReport.figure(seconds),
                "commands_per_second": BenchReport.figure(commandsPerSecond),
                "domain_events_per_second": BenchReport.figure(commandsPerSecond * eventsPerCommand),
                "rows_per_second": BenchReport.figure(commandsPerSecond * Double(total) / Double(events)),
                "published_after_seconds": BenchReport.figure(published),
                "worker_peak_memory_kib": memory.map { .int($0) } ?? .null,
                "commits_per_command": BenchReport.figure(Double(writesAfter - writes) / taken),
                "wal_bytes_per_command": BenchReport.figure(Double(walAfter - wal) / taken),
            ] as JSONObject).merging(loadAfter.json(since: load, per: "command", taken, seconds: seconds)),
            floor: .null,
            ratio: nil
        )
        if let pool = environment.floorPool, let rowsPool = environment.rowsPool {
            environment.say("the floor: the same \(total) rows without deciding")
            let floor = try await StoreFloor(of: environment.pool, sessionsPerBatch: Self.floorBatch)
            let records = floor.outbox.map { batch in batch.map { $0.record() } }
            let sink = try KafkaRecordSink(environment.kafka)
            try await BenchRecords.send(Array(records.joined().prefix(1)), through: sink, batch: 1)
            let rows = try await floor.write(to: rowsPool, connections: environment.partitions).seconds
            let consume = try await BareConsumer(environment).consume(events).seconds
            let produce = try await BareConsumer.time {
                for batch in records { try await BenchRecords.send(batch, through: sink, batch: Self.batchMax) }
            }.seconds
            let all = try await BareConsumer.time {
                async let consumed = BareConsumer(environment).consume(events)
                async let written = floor.write(to: pool, connections: environment.partitions) { number in
                    try await BenchRecords.send(records[number], through: sink, batch: Self.batchMax)
                }
                _ = try await (consumed, written)
            }.seconds
            await sink.close()
            let perSecond = Double(events) / all
            report.floor = [
                "what": """
                the same without deciding, all at once: the commands consumed, the rows written by multi-row \
                statements in pipeline mode, their records produced and marked; the parts each alone
                """,
                "connections": .int(environment.partitions), "sessions_per_transaction": .int(Self.floorBatch),
                "rows": .int(floor.rowCount), "seconds": BenchReport.figure(all),
                "commands_per_second": BenchReport.figure(perSecond),
                "rows_alone_seconds": BenchReport.figure(rows), "consume_alone_seconds": BenchReport.figure(consume),
                "produce_alone_seconds": BenchReport.figure(produce),
            ]
            // Both until everything is published; commands that were committed before the clock began do not count.
            report.ratio = taken / published / perSecond
        }
        return report
    }
}
