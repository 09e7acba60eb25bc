internal import EmbeddedServices
internal import Orchestration
internal import PostgresStore

/// From the record of a reply to the record of the next task request, at a fixed rate.
struct LatencyScenario: Sendable {
    static let warmUp = Duration.seconds(2)
    /// Bare commits for the floor.
    static let commits = 2_000
    /// Bare hops through Kafka; a turn has two of them.
    static let hops = 500

    var environment: BenchEnvironment
    var sessions: Int
    var seconds: Int
    var rate: Int

    func run() async throws -> BenchReport {
        let started = Surroundings.now()
        let worker = try environment.worker()
        defer { environment.stop(worker) }
        let crowd = try await BenchCrowd(environment: environment, worker: worker, sessions: sessions)
        let standIn = crowd.standIn
        environment.say("\(rate) replies per second for \(seconds) s")
        _ = await pace(standIn, for: Self.warmUp)
        _ = await standIn.takeTimes()
        let cpu = BenchMachine.cpuMilliseconds(of: worker.processID) ?? 0
        let missed = await pace(standIn, for: .seconds(seconds))
        let cpuAfter = BenchMachine.cpuMilliseconds(of: worker.processID) ?? 0
        let times = Percentiles(await standIn.takeTimes())
        if let reason = await standIn.failure { throw CommandFailure.unavailable(reason) }
        if let code = worker.exitCode { throw CommandFailure.unavailable("the worker ended with code \(code)") }
        await crowd.close()
        environment.stop(worker)

        var result = times.json
        // The rate was not kept when a reply found no session that waits.
        result["replies_not_sent"] = .int(missed)
        result["worker_cpu_ms_per_turn"] = BenchReport.figure(Double(cpuAfter - cpu) / Double(max(1, times.count)))
        let commits = Percentiles(try await environment.meter.singleCommits(Self.commits))
        let hops = Percentiles(try await BareConsumer(environment).hops(Self.hops))
        var report = BenchReport(
            scenario: "latency",
            startedAt: started,
            settings: [
                "sessions": .int(sessions), "seconds": .int(seconds), "replies_per_second": .int(rate),
            ],
            result: result,
            floor: .object(
                commits.json.merging([
                    "what": "one bare transaction that inserts one row; a hop is one record from producer to consumer",
                    "hop_p50_ms": hops.milliseconds(0.5).map(BenchReport.figure) ?? .null,
                    "hop_p99_ms": hops.milliseconds(0.99).map(BenchReport.figure) ?? .null,
                ])
            ),
            ratio: nil
        )
        if let middle = times.milliseconds(0.5), let bare = commits.milliseconds(0.5), bare > 0 {
            report.ratio = middle / bare
            report.result["p50_in_commits"] = BenchReport.figure(middle / bare)
            if let hop = hops.milliseconds(0.5) {
                report.result["p50_beside_hops_in_commits"] = BenchReport.figure((middle - 2 * hop) / bare)
            }
            if let last = times.milliseconds(0.99) { report.result["p99_in_commits"] = BenchReport.figure(last / bare) }
        }
        return report
    }

    /// Sends replies on time, and catches up after a late one; how many found nobody who waits.
    func pace(_ standIn: StandIn, for length: Duration) async -> Int {
        let began = ContinuousClock.now
        let count = Int(length.seconds * Double(rate))
        var missed = 0
        for index in 0..<count {
            let due = began + .microseconds(Int64(index) * 1_000_000 / Int64(max(1, rate)))
            try? await Task.sleep(until: due, clock: .continuous)
            if await !standIn.replyToOne() { missed += 1 }
        }
        return missed
    }
}
