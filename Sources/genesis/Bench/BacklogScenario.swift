internal import EmbeddedServices
internal import KafkaTransport
internal import Orchestration
internal import PostgresStore

/// A worker in front of a long backlog: what it holds in memory meanwhile, and how fast the backlog shrinks.
struct BacklogScenario: Sendable {
    /// Handed to the producer at once; large, because they are compressed together.
    static let batchMax = 10_000
    static let lookPause = Interval.milliseconds(100)

    var environment: BenchEnvironment
    var commands: Int
    var seconds: Int

    func run() async throws -> BenchReport {
        let started = Surroundings.now()
        environment.say("filling Kafka with \(commands) commands")
        let sink = try KafkaRecordSink(environment.kafka)
        var next = 0
        while next < commands {
            let numbers = next..<min(commands, next + Self.batchMax)
            let records = numbers.map { number in
                BenchRecords.command(
                    "Start",
                    to: SessionID(derivedFrom: "bench", "\(number)"),
                    ["seed": "a lighthouse"]
                )
            }
            try await BenchRecords.send(records, through: sink, batch: Self.batchMax)
            next = numbers.upperBound
        }
        await sink.close()
        let dropped = try await BareConsumer(environment).dropped()
        guard dropped == 0 else {
            throw CommandFailure.unavailable(
                "the embedded broker has dropped \(dropped) of \(commands) commands; give more --partitions"
            )
        }

        environment.say("the worker works them off for \(seconds) s")
        let worker = try environment.worker()
        defer { environment.stop(worker) }
        let meter = environment.meter
        try await environment.wait("the first commands are committed", worker: worker) {
            try await meter.recordsCommitted(topic: Topics.commands) > 0
        }
        let (load, began) = (environment.load(worker), ContinuousClock.now)
        let first = try await meter.recordsCommitted(topic: Topics.commands)
        var (committed, most) = (first, 0)
        try await environment.wait("the time is over", worker: worker, every: Self.lookPause) {
            committed = try await meter.recordsCommitted(topic: Topics.commands)
            most = max(most, BenchMachine.memoryKilobytes(of: worker.processID) ?? 0)
            return committed >= commands || (ContinuousClock.now - began).seconds >= Double(seconds)
        }
        let time = (ContinuousClock.now - began).seconds
        let loadAfter = environment.load(worker)
        let peak = BenchMachine.peakMemoryKilobytes(of: worker.processID)
        environment.stop(worker)
        let taken = Double(committed - first)
        return BenchReport(
            scenario: "backlog",
            startedAt: started,
            settings: ["commands": .int(commands), "seconds": .int(seconds)],
            result: ([
                "commands_at_start": .int(commands - first), "commands_left": .int(commands - committed),
                "seconds": BenchReport.figure(time), "commands_per_second": BenchReport.figure(taken / time),
                "worker_most_memory_kib": .int(most), "worker_peak_memory_kib": peak.map { .int($0) } ?? .null,
            ] as JSONObject).merging(loadAfter.json(since: load, per: "command", taken, seconds: time)),
            floor: .null,
            ratio: nil
        )
    }
}
