internal import ChaosChecker
internal import Failpoints
internal import Glibc
internal import KafkaTransport
internal import Orchestration

/// `controls`: every planted mistake must be found by an invariant that it breaks, and runs without one must be clean.
enum Controls {
    /// The mistake that the workers of this round make.
    @TaskLocal static var planted: PlantedBug?

    /// What workers are started with.
    static var variables: [String: String] { planted.map { [PlantedBug.variable: $0.rawValue] } ?? [:] }

    static let roundsMax = 4
    /// How long the workers of a round are disturbed.
    static let disturbedMilliseconds = 8_000

    /// What became of one mistake, or of none.
    private struct Outcome {
        var bug: PlantedBug?
        var seed: UInt64
        var rounds = 0
        var seconds = 0.0
        /// The names of the invariants that saw it.
        var seenBy: [String] = []
        var isAsWished = false
    }

    /// - Returns: whether each mistake was found, and none was seen where there is none.
    static func run(_ call: ChaosCall) async throws -> Bool {
        let seed = try call.seed()
        let only = call.text("only")?.split(separator: ",").map(String.init)
        let arena = try Arena(
            folder: call.text("folder") ?? "/tmp/genesis-controls-\(getpid())",
            genesis: call.text("genesis") ?? Campaign.besideThisProgram("genesis"),
            root: call.text("root") ?? Campaign.currentFolder()
        )
        defer { arena.close() }
        say("chaos controls: seed \(seed), in \(arena.folder)")
        var outcomes: [Outcome] = []
        for bug in [nil] + PlantedBug.allCases.map(Optional.some)
        where only?.contains(bug?.rawValue ?? "none") ?? true {
            let outcome = try await outcome(
                of: bug,
                seed: seed,
                arena: arena,
                rounds: call.number("rounds", default: roundsMax)
            )
            outcomes.append(outcome)
            say(line(outcome))
        }
        say("\nmistake → seen by")
        for outcome in outcomes { say(line(outcome)) }
        let isClean = outcomes.allSatisfy(\.isAsWished)
        if isClean, call.text("keep") == nil {
            arena.close()
            Files.remove(arena.folder)
        }
        return isClean
    }

    private static func outcome(of bug: PlantedBug?, seed: UInt64, arena: Arena, rounds: Int) async throws -> Outcome {
        var outcome = Outcome(bug: bug, seed: seed)
        let wanted = bug.map(\.breaks) ?? []
        let began = MonotonicClock.microseconds()
        for number in 0..<(wanted.isEmpty ? 1 : rounds) {
            outcome.seed = seed &+ UInt64(number)
            outcome.rounds += 1
            let report = try await $planted.withValue(bug) { try await round(bug, seed: outcome.seed, arena: arena) }
            let names = report.violations.map { String($0.prefix { $0 != ":" }) }
            outcome.isAsWished =
                wanted.isEmpty ? names.isEmpty : names.contains { name in wanted.contains { name.hasPrefix($0) } }
            outcome.seenBy = names
            if wanted.isEmpty { for violation in report.violations { say("  \(violation)") } }
            if outcome.isAsWished {
                Files.remove(report.folder)
                break
            }
        }
        outcome.seconds = Double(MonotonicClock.microseconds() - began) / 1e6
        return outcome
    }

    private static func line(_ outcome: Outcome) -> String {
        let isMistake = outcome.bug.map { !$0.breaks.isEmpty } ?? false
        let name = outcome.bug?.rawValue ?? "none"
        let word =
            outcome.isAsWished ? (isMistake ? "red  " : "green") : (isMistake ? "GREEN, AND SHOULD BE RED" : "RED")
        return "\(word) \(name) → \(outcome.seenBy.isEmpty ? "nothing" : outcome.seenBy.joined(separator: ", ")) "
            + "(seed \(outcome.seed), round \(outcome.rounds), \(Int(outcome.seconds)) s)"
    }

    // MARK: A round

    private static func round(_ bug: PlantedBug?, seed: UInt64, arena: Arena) async throws -> RoundReport {
        var load = Clients.Load()
        load.sessionsPerSecond = 10
        load.genesisShare = 40
        return try await Round.run(
            "controls_\(bug?.rawValue ?? "none")",
            seed: seed,
            arena: arena,
            load: load,
            properties: ["socket.timeout.ms=1000"],
            mustCount: bug.map(\.mustCount) ?? ["fenced", "resent_records", "dead_letters"]
        ) { round, dice in
            if let plant = bug?.plant { try round.field.database.rows(plant) }
            await disturb(round, &dice)
        }
    }

    /// Two workers for each partition, which take them from one another, die and stand still.
    private static func disturb(_ round: Round, _ dice: inout Dice) async {
        try? round.field.control.send("rtt \(dice.number(2...10))")
        await round.clients.poison(8)
        let end = MonotonicClock.microseconds() + Int64(disturbedMilliseconds) * 1_000
        await withTaskGroup(of: Void.self) { group in
            for (index, partitions) in [[0, 1], [2, 3], [1, 2, 3, 0]].enumerated() {
                let dice = dice.fork()
                group.addTask {
                    var dice = dice
                    while MonotonicClock.microseconds() < end {
                        guard let worker = try? await round.field.start("w\(index)", partitions: partitions) else {
                            return
                        }
                        await worker.wait(milliseconds: dice.number(400...2_500)) { _ in false }
                        if dice.percent(30) {
                            worker.signal(SIGSTOP)
                            try? await Task.sleep(for: .milliseconds(dice.number(200...1_500)))
                            worker.signal(SIGCONT)
                            await worker.wait(milliseconds: dice.number(50...400)) { _ in false }
                        }
                        await worker.end()
                    }
                }
            }
        }
    }
}

extension PlantedBug {
    /// The invariants that it breaks, by how their names begin; none for what is no mistake.
    var breaks: [String] {
        switch self {
        case .offsetFirst: ["C7 "]
        case .markBeforePublish: ["C1 ", "C5 "]
        case .noEpochCheck: ["I11 only"]
        case .noSessionLock, .checkThenInsert: ["I1 ", "I2 ", "I3 ", "I5 ", "I6 ", "I7 ", "I10 ", "C3 ", "C9 "]
        case .skipLockedRelay, .relayByTime, .failedKeyPasses: ["C5 "]
        case .workerClock: ["T1 ", "I7 "]
        case .noInboxUniqueness: ["I1 "]
        case .unboundReplies: ["I7 a reply goes"]
        case .retryInProcess: ["C1 ", "C5 "]
        case .unknownTypeSkipped: ["C7 "]
        case .failingRecords, .lostAnswers: []
        case .lostAnswerIsFailure: ["L1 "]
        }
    }

    /// What a round must have met in which nothing is to be found.
    fileprivate var mustCount: [String] {
        switch self {
        case .failingRecords: ["retried_records"]
        case .lostAnswers: ["reconnects"]
        case .offsetFirst, .markBeforePublish, .noEpochCheck, .noSessionLock, .checkThenInsert, .skipLockedRelay,
            .relayByTime, .workerClock, .noInboxUniqueness, .unboundReplies, .retryInProcess, .unknownTypeSkipped,
            .failedKeyPasses, .lostAnswerIsFailure:
            []
        }
    }

    /// Those that lie in the database: what is to be changed there.
    fileprivate var plant: String? {
        switch self {
        case .noEpochCheck:
            Self.rewriting(
                "genesis_advance_position",
                "AND p.owner_epoch = u.e AND p.next_offset IS NOT DISTINCT FROM u.x",
                ""
            )
        // Each guard is backed by another one; the mistake is to have neither.
        case .noSessionLock: Self.unlocked
        case .checkThenInsert:
            Self.unlocked + """
                DROP INDEX idx_flow_resume_handles_unique_correlation;
                DROP INDEX idx_flow_resume_handles_unique_early;
                DROP INDEX idx_flow_resume_handles_unique_paused;
                """
        // Every relay has every lane.
        case .skipLockedRelay:
            Self.rewriting("genesis_lease_lanes", "WHERE l.owner_id = owner ORDER BY l.lane", "ORDER BY l.lane")
        case .offsetFirst, .markBeforePublish, .relayByTime, .workerClock, .noInboxUniqueness, .unboundReplies,
            .retryInProcess, .unknownTypeSkipped, .failedKeyPasses, .failingRecords, .lostAnswers,
            .lostAnswerIsFailure:
            nil
        }
    }

    private static var unlocked: String {
        rewriting("genesis_lock_sessions", "fault IS NOT NULL", "false")
            + rewriting("genesis_lock_sessions", "FOR UPDATE", "")
                + """
                ALTER TABLE domain_events DROP CONSTRAINT domain_events_event_id_key CASCADE,
                    DROP CONSTRAINT domain_events_stream_key;
                """
    }

    /// Replaces words in a function of the database; fails when they are not there.
    private static func rewriting(_ function: String, _ old: String, _ new: String) -> String {
        """
        DO $plant$ DECLARE source text := pg_get_functiondef('\(function)'::regproc); BEGIN
            IF position('\(old)' IN source) = 0 THEN RAISE 'nothing to plant in \(function)'; END IF;
            EXECUTE replace(source, '\(old)', '\(new)');
        END $plant$;

        """
    }
}
