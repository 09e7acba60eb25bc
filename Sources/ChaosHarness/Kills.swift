internal import Glibc
internal import KafkaTransport
internal import Orchestration

/// `kills`: workers die at random moments, some stand still for a while first.
package enum Kills {
    /// Partitions of the slots; those that overlap take them from one another.
    static let slots = [[0, 1], [2, 3], [1, 2]]

    /// What a round of some length must have met.
    static let guards = [
        "kills", "stops", "fenced", "partition_takeovers", "conflicts_retried", "duplicates_answered_again",
        "dead_letters", "task_retries", "early_replies_buffered", "late_replies_refused", "reply_wins", "expiry_wins",
        "resent_records", "operator_commands",
    ]

    /// One round of so many kills.
    package static func round(_ kills: Int, seed: UInt64, arena: Arena, keepsFolder: Bool = false) async throws
        -> RoundReport
    {
        var load = Clients.Load()
        load.sessionsPerSecond = 5
        return try await Round.run(
            "kills",
            seed: seed,
            arena: arena,
            load: load,
            keepsFolder: keepsFolder,
            mustCount: kills < 100 ? ["kills"] : guards
        ) { round, dice in
            // In part of the rounds the brokers are slow, so that deaths between publishing and marking are met.
            try round.field.control.send("rtt \(dice.percent(60) ? dice.number(5...15) : 1)")
            await Self.run(kills, round, &dice)
        }
    }

    static func run(_ kills: Int, _ round: Round, _ dice: inout Dice) async {
        let quota = Quota(kills)
        await withTaskGroup(of: Void.self) { group in
            for (index, partitions) in Self.slots.enumerated() {
                let dice = dice.fork()
                group.addTask { await Self.slot("w\(index)", partitions, quota, round, dice) }
            }
        }
    }

    private static func slot(_ name: String, _ partitions: [Int], _ quota: Quota, _ round: Round, _ dice: Dice) async {
        var dice = dice
        while !Task.isCancelled, await quota.take() {
            do {
                let worker = try await round.field.start(name, partitions: partitions)
                // Some die while they start, most at any moment of their work.
                if dice.percent(90) {
                    await worker.waitUntilAtWork(milliseconds: 5_000)
                    round.notes.count("kills_at_work")
                }
                await worker.wait(milliseconds: dice.number(0...400)) { _ in false }
                if dice.percent(6) {
                    worker.signal(SIGSTOP)
                    round.notes.count("stops")
                    try await Task.sleep(for: .milliseconds(dice.number(50...800)))
                    worker.signal(SIGCONT)
                    try await Task.sleep(for: .milliseconds(dice.number(0...60)))
                }
                switch worker.state {
                case .exited(let code):
                    // It may give up by itself (its partition was taken), but never crash.
                    round.notes.count("ended_by_itself")
                    if ![0, 3].contains(code) { round.notes.complain("\(name) ended by itself with \(code)") }
                case .killed(let number): round.notes.complain("\(name) died of signal \(number)")
                case .running, .stopped: round.notes.count("kills")
                }
                await worker.end()
            } catch {
                round.notes.complain("\(name): \(error)")
                return
            }
        }
    }
}

/// How many more are to die.
actor Quota {
    private var left: Int
    init(_ count: Int) { left = count }

    func take() -> Bool {
        left -= 1
        return left >= 0
    }
}
