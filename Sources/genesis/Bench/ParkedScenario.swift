internal import EmbeddedServices
internal import Orchestration
internal import PostgresStore

/// What waits cost: the same measurements with few and with many sessions that wait, side by side.
struct ParkedScenario: Sendable {
    /// How long the worker is watched doing nothing, at most.
    static let idleSecondsMax = 5
    static let idleSweeps = 200
    static let dueSweeps = 50
    /// How many waits are over at the same time, and how many the sweeper asks for.
    static let dueCount = 200

    var environment: BenchEnvironment
    /// How many sessions wait, in rising order.
    var sizes: [Int]
    var sessions: Int
    var seconds: Int
    var rate: Int

    func run() async throws -> BenchReport {
        let started = Surroundings.now()
        let first = try environment.worker()
        defer { environment.stop(first) }
        let crowd = try await BenchCrowd(environment: environment, worker: first, sessions: sessions + 1)
        environment.stop(first)
        let template = SessionID(derivedFrom: "bench", "0")
        await crowd.standIn.setAside(template)
        let copies = ParkedCopies(of: template, pool: environment.pool)
        var columns: [(size: Int, figures: JSONObject)] = []
        var made = 0
        for size in sizes {
            environment.say("\(size) sessions wait: copying")
            let began = ContinuousClock.now
            try await copies.make(made..<size)
            try await copies.settle()
            environment.say("copied in \(Int((ContinuousClock.now - began).seconds)) s; measuring")
            made = size
            columns.append((size, try await measure(copies, crowd.standIn, due: size - Self.dueCount..<size)))
        }
        await crowd.close()
        return report(columns, started)
    }

    private func measure(
        _ copies: ParkedCopies,
        _ standIn: StandIn,
        due numbers: Range<Int>
    ) async throws -> JSONObject {
        // The sweeper's question alone, with no worker that would answer it.
        let idle = Percentiles(try await copies.sweeps(Self.idleSweeps, limit: Self.dueCount).times)
        try await copies.makeDue(numbers)
        let due = try await copies.sweeps(Self.dueSweeps, limit: Self.dueCount)
        try await copies.makeUndue(numbers)
        guard due.found == Self.dueCount else {
            throw CommandFailure.unavailable("\(due.found) waits were due, not \(Self.dueCount)")
        }

        let worker = try environment.worker()
        defer { environment.stop(worker) }
        let latency = LatencyScenario(environment: environment, sessions: sessions, seconds: seconds, rate: rate)
        _ = await latency.pace(standIn, for: LatencyScenario.warmUp)
        let cpu = BenchMachine.cpuMilliseconds(of: worker.processID) ?? 0
        let idleTime = Duration.seconds(min(Self.idleSecondsMax, seconds))
        try await Task.sleep(for: idleTime)
        let idleCPU = Double((BenchMachine.cpuMilliseconds(of: worker.processID) ?? 0) - cpu) / idleTime.seconds
        let connections = try await copies.connections()
        _ = await standIn.takeTimes()
        let missed = await latency.pace(standIn, for: .seconds(seconds))
        let times = Percentiles(await standIn.takeTimes())
        let memory = BenchMachine.memoryKilobytes(of: worker.processID)
        let settled = try await settleDue(copies, numbers, worker)
        if let reason = await standIn.failure { throw CommandFailure.unavailable(reason) }
        if let code = worker.exitCode { throw CommandFailure.unavailable("the worker ended with code \(code)") }
        return [
            "resume_p50_ms": figure(times.milliseconds(0.5)), "resume_p99_ms": figure(times.milliseconds(0.99)),
            "resume_samples": .int(times.count), "replies_not_sent": .int(missed),
            "idle_sweep_p50_ms": figure(idle.milliseconds(0.5)), "idle_sweep_p99_ms": figure(idle.milliseconds(0.99)),
            "due_sweep_p50_ms": figure(Percentiles(due.times).milliseconds(0.5)),
            "due_settled_ms_each": figure(settled),
            "worker_memory_kib": memory.map { .int($0) } ?? .null, "connections": .int(connections),
            "worker_idle_cpu_ms_per_second": figure(idleCPU),
        ]
    }

    /// How long the worker takes for each of the waits that are over at the same time, in milliseconds.
    private func settleDue(
        _ copies: ParkedCopies,
        _ numbers: Range<Int>,
        _ worker: ChildProcess
    ) async throws -> Double {
        let before = try await copies.waiting(numbers)
        try await copies.makeDue(numbers)
        let began = ContinuousClock.now
        try await environment.wait("the waits that are over have ended", worker: worker) {
            try await copies.waiting(numbers) == 0
        }
        return (ContinuousClock.now - began).seconds * 1_000 / Double(max(1, before))
    }

    private func figure(_ value: Double?) -> JSONValue { value.map(BenchReport.figure) ?? .null }

    /// What must not grow with the number of waits.
    static let bounded = [
        "resume_p50_ms", "resume_p99_ms", "idle_sweep_p50_ms", "due_sweep_p50_ms", "worker_memory_kib",
    ]

    private func report(_ columns: [(size: Int, figures: JSONObject)], _ started: Instant) -> BenchReport {
        let (least, most) = (columns.first?.figures ?? [:], columns.last?.figures ?? [:])
        var result = JSONObject()
        var ratios = JSONObject()
        for member in least {
            result[member.key] = .object(
                columns.reduce(into: JSONObject()) { $0["\($1.size)"] = $1.figures[member.key] ?? .null }
            )
            guard Self.bounded.contains(member.key), let low = member.value.number, low > 0,
                let high = most[member.key]?.number
            else { continue }
            ratios[member.key] = BenchReport.figure(high / low)
        }
        return BenchReport(
            scenario: "parked",
            startedAt: started,
            settings: [
                "waiting": .array(columns.map { .int($0.size) }), "sessions": .int(sessions),
                "seconds": .int(seconds), "replies_per_second": .int(rate), "due": .int(Self.dueCount),
                "copied": "sessions, waits, tasks, inbox rows and events; then VACUUM ANALYZE and CHECKPOINT",
            ],
            result: result,
            floor: .object(ratios.merging(["what": "each figure with most waits, as a share of that with fewest"])),
            ratio: ratios.compactMap(\.value.number).max()
        )
    }
}
