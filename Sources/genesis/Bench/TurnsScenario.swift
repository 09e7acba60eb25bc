internal import EmbeddedServices
internal import Orchestration
internal import PostgresStore

/// Sessions in a tight loop: reply → resumed → next task request → answered at once → the next draft waits.
struct TurnsScenario: Sendable {
    /// Before the clock starts: connections, statements and caches are warm.
    static let warmUp = Duration.seconds(2)

    var environment: BenchEnvironment
    var sessions: Int
    var seconds: Int

    func run() async throws -> BenchReport {
        let started = Surroundings.now()
        let worker = try environment.worker()
        defer { environment.stop(worker) }
        let crowd = try await BenchCrowd(environment: environment, worker: worker, sessions: sessions)
        let (standIn, meter) = (crowd.standIn, environment.meter)
        environment.say("\(sessions) sessions go round for \(seconds) s")
        await standIn.replyAtOnce()
        try await Task.sleep(for: Self.warmUp)

        func probe() async throws -> [Int] {
            [await standIn.turns, try await meter.writingTransactions(), try await meter.walBytes()]
        }
        let (before, loadBefore) = (try await probe(), environment.load(worker))
        _ = await standIn.takeTimes()
        let began = ContinuousClock.now
        try await Task.sleep(for: .seconds(seconds))
        let time = (ContinuousClock.now - began).seconds
        let (after, loadAfter) = (try await probe(), environment.load(worker))
        let times = Percentiles(await standIn.takeTimes())
        let memory = BenchMachine.peakMemoryKilobytes(of: worker.processID)
        if let reason = await standIn.failure { throw CommandFailure.unavailable(reason) }
        if let code = worker.exitCode { throw CommandFailure.unavailable("the worker ended with code \(code)") }
        await crowd.close()
        environment.stop(worker)

        let grown = zip(before, after).map { Double($1 - $0) }
        let (turns, perSecond) = (max(1, grown[0]), grown[0] / time)
        var report = BenchReport(
            scenario: "turns",
            startedAt: started,
            settings: ["sessions": .int(sessions), "seconds": .int(seconds)],
            result: ([
                "turns": .int(Int(grown[0])), "seconds": BenchReport.figure(time),
                "turns_per_second": BenchReport.figure(perSecond),
                "commits_per_turn": BenchReport.figure(grown[1] / turns),
                "wal_bytes_per_turn": BenchReport.figure(grown[2] / turns),
                "worker_peak_memory_kib": memory.map { .int($0) } ?? .null,
            ] as JSONObject).merging(times.json)
                .merging(loadAfter.json(since: loadBefore, per: "turn", turns, seconds: time)),
            floor: .null,
            ratio: nil
        )
        if let pool = environment.floorPool {
            // Two commands of each turn leave a row: the reply and the answer.
            let all = Double((try await meter.rows())["command_inbox"] ?? 0) / 2
            let floor = try await StoreFloor(of: environment.pool, sessionsPerBatch: Self.floorBatch)
            let time = try await floor.write(to: pool, connections: environment.partitions).seconds
            report.floor = [
                "what": "the rows of all turns in their last state, written once by multi-row statements",
                "connections": .int(environment.partitions), "rows": .int(floor.rowCount),
                "seconds": BenchReport.figure(time), "turns_per_second": BenchReport.figure(all / time),
            ]
            report.ratio = perSecond / max(1e-6, all / time)
        }
        return report
    }

    static let floorBatch = 1
}

/// Sessions that wait for their first reply, and who will give it.
struct BenchCrowd: Sendable {
    let standIn: StandIn
    private let running: Task<Void, Never>

    init(environment: BenchEnvironment, worker: ChildProcess, sessions: Int) async throws {
        let standIn = try StandIn(environment)
        self.standIn = standIn
        running = Task { await standIn.run() }
        environment.say("starting \(sessions) sessions")
        await standIn.start((0..<sessions).map { SessionID(derivedFrom: "bench", "\($0)") })
        try await environment.wait("all sessions wait for a reply", worker: worker) {
            await standIn.parked.count == sessions
        }
    }

    func close() async {
        await standIn.close()
        await running.value
    }
}
