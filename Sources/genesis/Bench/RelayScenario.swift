internal import EmbeddedServices
internal import KafkaTransport
internal import Orchestration
internal import PostgresStore

/// Outbox rows that wait, and how fast they are published and marked.
struct RelayScenario: Sendable {
    /// Rows of one key side by side, as a turn leaves them: three facts and a task request.
    static let rowsPerKey = 4
    static let batchMax = 1_000
    /// The worker's own batch, for the floor.
    static let floorBatch = 500
    /// Bytes of text in each payload; with the headers a record is about as large as a real one.
    static let textBytes = 300

    var environment: BenchEnvironment
    var rows: Int

    func run() async throws -> BenchReport {
        let started = Surroundings.now()
        environment.say("filling the outbox with \(rows) rows")
        let messages = (0..<rows).map { message($0, started) }
        var batches: [CommitBatch] = []
        var rest = messages[...]
        while !rest.isEmpty {
            var batch = CommitBatch()
            batch.outbox = Array(rest.prefix(Self.batchMax))
            rest = rest.dropFirst(Self.batchMax)
            batches.append(batch)
        }
        try await environment.meter.fill(batches)

        environment.say("the worker publishes them")
        let worker = try environment.worker()
        defer { environment.stop(worker) }
        let meter = environment.meter
        try await environment.wait("all rows are SENT", worker: worker, every: .milliseconds(20)) {
            try await meter.outboxIsEmpty()
        }
        let cpu = BenchMachine.cpuMilliseconds(of: worker.processID) ?? 0
        environment.stop(worker)
        let published = try await meter.published()
        let seconds = max(1e-6, Double(published.during.microseconds) / 1e6)
        let perSecond = Double(published.rows) / seconds

        environment.say("the floor: the same records, only produced")
        let sink = try KafkaRecordSink(environment.kafka)
        let records = messages.map { $0.record() }
        // The first record finds the leader and opens the connection; that is not the floor's work.
        try await BenchRecords.send(Array(records.prefix(1)), through: sink, batch: 1)
        let began = ContinuousClock.now
        try await BenchRecords.send(records, through: sink, batch: Self.floorBatch)
        let time = (ContinuousClock.now - began).seconds
        await sink.close()
        let produced = Double(rows) / time
        var floor: JSONObject = [
            "what": "the same records, produced in batches without database", "batch": .int(Self.floorBatch),
            "seconds": BenchReport.figure(time), "rows_per_second": BenchReport.figure(produced),
        ]
        var result: JSONObject = [
            "rows": .int(published.rows), "seconds": BenchReport.figure(seconds),
            "rows_per_second": BenchReport.figure(perSecond),
            "share_of_bare_produce": BenchReport.figure(perSecond / produced),
            "worker_cpu_ms_per_row": BenchReport.figure(Double(cpu) / Double(max(1, published.rows))),
        ]
        var ratio = perSecond / produced
        if let pool = environment.floorPool {
            let meter = PostgresMeter(pool: pool)
            try await meter.fill(batches)
            let reading = try await meter.readOutbox(batch: Self.floorBatch).seconds
            let marking = try await meter.mark(messages.map(\.id), batch: Self.floorBatch).seconds
            // What a relay does at the very least, one after the other.
            let least = Double(rows) / (reading + time + marking)
            ratio = perSecond / least
            floor["what"] = "the same rows only read, the records only produced, the rows only marked, in batches"
            floor["read_rows_per_second"] = BenchReport.figure(Double(rows) / reading)
            floor["mark_rows_per_second"] = BenchReport.figure(Double(rows) / marking)
            floor["read_produce_and_mark_rows_per_second"] = BenchReport.figure(least)
            result["share_of_produce_and_mark"] = BenchReport.figure(perSecond * (time + marking) / Double(rows))
        }
        return BenchReport(
            scenario: "relay",
            startedAt: started,
            settings: ["rows": .int(rows), "rows_per_key_side_by_side": .int(Self.rowsPerKey)],
            result: result,
            floor: .object(floor),
            ratio: ratio
        )
    }

    private func message(_ index: Int, _ now: Instant) -> OutboxMessage {
        let key = SessionID(derivedFrom: "bench", "\(index / Self.rowsPerKey)")
        let isTask = index % Self.rowsPerKey == Self.rowsPerKey - 1
        let topics = Topics.tasks(of: environment.workflows)
        return OutboxMessage(
            id: EventID(derivedFrom: "bench", "\(index)"),
            eventID: nil,
            tenantID: "default",
            topic: isTask ? topics.first ?? Topics.events : Topics.events,
            partitionKey: key.description,
            headers: ["source": .string(PublishedForm.source)],
            payload: [
                "event_type": "Genesis.Session.Bench", "aggregate_id": JSONValue(key), "number": .int(index),
                "text": .string(String(repeating: "x", count: Self.textBytes)),
            ],
            createdAt: now
        )
    }
}
