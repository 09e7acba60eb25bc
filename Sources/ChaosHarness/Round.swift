internal import Glibc
internal import Orchestration

/// What one round came to.
package struct RoundReport: Sendable {
    package var scenario: String
    package var seed: UInt64
    package var violations: [String] = []
    /// What happened, and how often; from the harness, the database, the logs and the checker.
    package var counts: [String: Int] = [:]
    /// Why it says nothing about the workers.
    package var void: String?
    package var drainMilliseconds = 0
    package var seconds = 0.0
    package var folder: String

    package var isClean: Bool { violations.isEmpty }

    var json: JSONValue {
        [
            "scenario": .string(scenario), "seed": .string("\(seed)"), "clean": .bool(isClean),
            "violations": .array(violations.map { .string($0) }), "seconds": .number(seconds),
            "drain_ms": .int(drainMilliseconds),
            "counts": .object(JSONObject(counts.map { ($0.key, JSONValue.int($0.value)) })),
        ]
    }
}

/// One round: load and faults, then healing, draining, stopping, and the checker over all that is left.
package final class Round: Sendable {
    /// How long a healed fleet may take until nothing is left to do.
    static let drainLimitMilliseconds = 30_000
    /// How often a round is begun whose broker ends itself, as librdkafka's mock cluster does now and then when many
    /// members join and leave. Nobody's Kafka does that, and what it kept in memory is gone: nothing can be judged.
    static let beginningsMax = 4
    static let brokerLookMilliseconds = 200

    package let field: Field
    let history: History
    package let clients: Clients
    let notes = Notes()

    private init(_ field: Field, _ history: History, _ clients: Clients) {
        (self.field, self.history, self.clients) = (field, history, clients)
    }

    /// Begins anew while the broker ends itself.
    ///
    /// - Parameters:
    ///   - faults: does what the scenario is about, and leaves no worker behind.
    ///   - mustCount: which counts must not be 0, or the round has proved nothing.
    package static func run(
        _ scenario: String,
        seed: UInt64,
        arena: Arena,
        load: Clients.Load = Clients.Load(),
        partitions: Int = Arena.partitionsDefault,
        properties: [String] = [],
        keepsFolder: Bool = false,
        mustCount: [String] = [],
        faults: @escaping @Sendable (Round, inout Dice) async throws -> Void
    ) async throws -> RoundReport {
        try await beginningAnew(scenario, seed) {
            let began = MonotonicClock.microseconds()
            var dice = Dice(seed: seed)
            let field = try await Field(
                arena,
                name: "\(scenario)-\(seed)",
                partitions: partitions,
                properties: properties
            )
            let history = try History(path: "\(field.folder)/history.jsonl")
            let clients = try Clients(field, history: history, dice: dice.fork(), load: load)
            let round = Round(field, history, clients)
            var report = RoundReport(scenario: scenario, seed: seed, folder: field.folder)
            await clients.run()
            do {
                try await round.whileTheBrokerLives { [dice] in
                    var dice = dice
                    try await faults(round, &dice)
                }
            } catch {
                report.violations.append("the scenario broke off: \(error)")
            }
            if let settled = try? await round.whileTheBrokerLives({ await round.settle() }) {
                report.violations += settled.violations
                report.drainMilliseconds = settled.drainMilliseconds
            }
            if field.brokerEnd == nil { await round.check(&report) }
            report.void = field.brokerEnd
            for name in mustCount where report.counts[name, default: 0] == 0 {
                report.violations.append("vacuous: \(name) never happened")
            }
            report.seconds = Double(MonotonicClock.microseconds() - began) / 1e6
            await clients.close()
            field.close(keeping: report.void == nil && (keepsFolder || !report.isClean))
            return report
        }
    }

    private static func beginningAnew(
        _ scenario: String,
        _ seed: UInt64,
        _ once: () async throws -> RoundReport
    ) async throws -> RoundReport {
        var beginning = 1
        while true {
            var report = try await once()
            report.counts["void_beginnings"] = beginning - 1
            guard let reason = report.void else { return report }
            say("void: \(scenario) seed \(seed): \(reason)")
            if beginning == beginningsMax {
                report.violations.append("void \(beginning) times: \(reason)")
                return report
            }
            beginning += 1
        }
    }

    /// Breaks the body off when the broker has ended.
    private func whileTheBrokerLives<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await body() }
            group.addTask { [field] in
                while true {
                    try await Task.sleep(for: .milliseconds(Self.brokerLookMilliseconds))
                    if let end = field.brokerEnd { throw ChaosFailure(end) }
                }
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw ChaosFailure("nothing was begun") }
            return result
        }
    }

    /// Who drains what.
    var shares: [(String, [Int])] {
        let slots = max(3, field.partitions / 2)
        return (0..<slots).map { slot in ("w\(slot)", (0..<field.partitions).filter { $0 % slots == slot }) }
    }

    /// Heals, lets fresh workers drain everything, and stops them as an operator would.
    private func settle() async -> (violations: [String], drainMilliseconds: Int) {
        var report = (violations: [String](), drainMilliseconds: 0)
        field.heal()
        let healed = MonotonicClock.microseconds()
        var workers: [WorkerProcess] = []
        do {
            // Under the names of the slots, so that their lanes need not wait for leases to run out.
            for (name, numbers) in shares { workers.append(try await field.start(name, partitions: numbers)) }
            // Who is not at work yet cannot be stopped as an operator would.
            for worker in workers { await worker.waitUntilAtWork(milliseconds: Self.drainLimitMilliseconds) }
            await clients.drain()
            var remaining = "everything"
            while true {
                do { remaining = try self.remaining() } catch { remaining = "\(error)" }
                report.drainMilliseconds = Int(MonotonicClock.microseconds() - healed) / 1_000
                if remaining.isEmpty { break }
                if report.drainMilliseconds > Self.drainLimitMilliseconds {
                    report.violations.append(
                        "C10: not drained \(report.drainMilliseconds) ms after healing: \(remaining)"
                    )
                    break
                }
                for (index, worker) in workers.enumerated() where worker.hasEnded {
                    report.violations.append("worker \(worker.name) ended while draining: \(worker.state)")
                    workers[index] = try await field.start(worker.name, partitions: shares[index].1)
                }
                try await Task.sleep(for: .milliseconds(50))
            }
        } catch {
            report.violations.append("draining broke off: \(error)")
        }
        for worker in workers { worker.signal(SIGTERM) }
        for worker in workers {
            await worker.wait(milliseconds: 25_000) { $0 == .exited(0) }
            if worker.state != .exited(0) {
                report.violations.append("SIGTERM ended \(worker.name) with \(worker.state)")
            }
            await worker.end()
        }
        return report
    }

    /// What is still to be done, in words; empty when there is nothing.
    private func remaining() throws -> String {
        let rows = try field.database.rows(
            """
            SELECT 'outbox rows', count(*) FROM event_outbox WHERE status NOT IN ('SENT', 'DEAD')
            UNION ALL SELECT 'undecided commands', count(*) FROM command_inbox WHERE verdict IS NULL
            UNION ALL SELECT 'open tasks', count(*) FROM async_tasks WHERE status IN ('PENDING', 'RUNNING')
            UNION ALL SELECT 'overdue waits', count(*) FROM flow_resume_handles
                WHERE status = 'WAITING' AND expires_at < now()
            UNION ALL SELECT 'open chaos sessions', count(*) FROM genesis_sessions
                WHERE workflow_name = 'chaos' AND status = 'IN_PROGRESS'
            """
        )
        var left = rows.filter { $0.last != "0" }.map { "\($0[1] ?? "") \($0[0] ?? "")" }
        if left.isEmpty { left = try behind().map { "\($0) is behind" } }
        return left.joined(separator: ", ")
    }

    private func behind() throws -> [String] {
        let watermarks = try Watermarks(brokers: field.brokers)
        var positions: [String: Int64] = [:]
        for row in try field.database.rows("SELECT topic, partition, next_offset FROM kafka_positions") {
            positions["\(row[0] ?? "")[\(row[1] ?? "")]"] = row[2].flatMap { Int64($0) }
        }
        var behind: [String] = []
        for topic in Arena.topics where !topic.hasSuffix(".tasks") {
            for partition in 0..<field.partitions {
                guard let (_, high) = watermarks.of(topic, partition) else { return ["an unknown partition"] }
                if high > 0, positions["\(topic)[\(partition)]"] != high { behind.append("\(topic)[\(partition)]") }
            }
        }
        return behind
    }
}
