internal import EmbeddedServices
internal import Orchestration
internal import PostgresStore

/// What waits cost: the same measurements where few and where many sessions wait, side by side.
///
/// Each size has a database and a broker of its own, and they are measured in turn, several times over: whatever else
/// the machine does meets all of them.
struct ParkedScenario: Sendable {
    /// How long the worker is watched doing nothing, at most.
    static let idleSecondsMax = 5
    static let idleSweeps = 200
    static let dueSweeps = 50
    /// How many waits are over at the same time, and how many the sweeper asks for. They are others in each round.
    static let dueCount = 50

    var environment: BenchEnvironment
    /// How many sessions wait, in rising order.
    var sizes: [Int]
    var rounds: Int
    var sessions: Int
    var seconds: Int
    var rate: Int

    /// One size: where so many wait, and what was measured there.
    private final class Place {
        let size: Int
        let environment: BenchEnvironment
        let crowd: BenchCrowd
        let copies: ParkedCopies
        var figures: [JSONObject] = []

        init(_ size: Int, _ environment: BenchEnvironment, _ crowd: BenchCrowd, _ copies: ParkedCopies) {
            (self.size, self.environment, self.crowd, self.copies) = (size, environment, crowd, copies)
        }
    }

    func run() async throws -> BenchReport {
        let started = Surroundings.now()
        var places: [Place] = []
        defer { for place in places { place.environment.close() } }
        for size in sizes { places.append(try await settled(size)) }
        for round in 0..<rounds {
            for place in places {
                environment.say("round \(round + 1) of \(rounds): \(place.size) wait")
                let last = place.size - round * Self.dueCount
                place.figures.append(try await measure(place, due: last - Self.dueCount..<last))
            }
        }
        for place in places { await place.crowd.close() }
        return report(places, started)
    }

    /// A place where so many sessions wait, with those among them that will go on.
    private func settled(_ size: Int) async throws -> Place {
        guard let place = try await environment.place("genesis_\(size)") else {
            throw CommandFailure.usage("parked needs databases and brokers of its own; name none")
        }
        let worker = try place.worker()
        defer { place.stop(worker) }
        let crowd = try await BenchCrowd(environment: place, worker: worker, sessions: sessions + 1)
        place.stop(worker)
        let template = SessionID(derivedFrom: "bench", "0")
        await crowd.standIn.setAside(template)
        let copies = ParkedCopies(of: template, pool: place.pool)
        environment.say("\(size) sessions wait: copying")
        let began = ContinuousClock.now
        try await copies.make(0..<size)
        try await copies.settle()
        environment.say("copied in \(Int((ContinuousClock.now - began).seconds)) s")
        return Place(size, place, crowd, copies)
    }

    private func measure(_ place: Place, due numbers: Range<Int>) async throws -> JSONObject {
        let (environment, copies, standIn) = (place.environment, place.copies, place.crowd.standIn)
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
        let settled = try await settleDue(place, numbers, worker)
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
        _ place: Place,
        _ numbers: Range<Int>,
        _ worker: ChildProcess
    ) async throws -> Double {
        let copies = place.copies
        let before = try await copies.waiting(numbers)
        try await copies.makeDue(numbers)
        let began = ContinuousClock.now
        try await place.environment.wait("the waits that are over have ended", worker: worker) {
            try await copies.waiting(numbers) == 0
        }
        return (ContinuousClock.now - began).seconds * 1_000 / Double(max(1, before))
    }

    private func figure(_ value: Double?) -> JSONValue { value.map(BenchReport.figure) ?? .null }

    /// What must not grow with the number of waits.
    static let bounded = [
        "resume_p50_ms", "resume_p99_ms", "idle_sweep_p50_ms", "due_sweep_p50_ms", "worker_memory_kib",
    ]

    private func report(_ places: [Place], _ started: Instant) -> BenchReport {
        var result = JSONObject()
        var ratios = JSONObject()
        var spread = JSONObject()
        for name in places.first?.figures.first.map({ $0.map(\.key) }) ?? [] {
            let all = places.map { place in place.figures.compactMap { $0[name]?.number } }
            result[name] = .object(
                zip(places, all).reduce(into: JSONObject()) { $0["\($1.0.size)"] = figure(Self.median($1.1)) }
            )
            guard Self.bounded.contains(name), let low = all.first, let high = all.last else { continue }
            // Of neighbours in time: what slowed one of them slowed the other.
            let pairs = zip(low, high).compactMap { $0.0 > 0 ? $0.1 / $0.0 : nil }
            ratios[name] = figure(Self.median(pairs))
            spread[name] = .array(pairs.map(BenchReport.figure))
        }
        return BenchReport(
            scenario: "parked",
            startedAt: started,
            settings: [
                "waiting": .array(places.map { .int($0.size) }), "rounds": .int(rounds), "sessions": .int(sessions),
                "seconds": .int(seconds), "replies_per_second": .int(rate), "due": .int(Self.dueCount),
                "copied": "sessions, waits, tasks, inbox rows and events; then VACUUM ANALYZE and CHECKPOINT",
            ],
            result: result,
            floor: .object(
                ratios.merging([
                    "what": "medians of the rounds; each ratio is the median of those within a round, most to fewest",
                    "rounds": .object(spread),
                ])
            ),
            ratio: ratios.compactMap(\.value.number).max()
        )
    }

    private static func median(_ values: [Double]) -> Double? {
        guard !values.isEmpty else { return nil }
        let sorted = values.sorted()
        return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
    }
}
