internal import Failpoints
internal import Glibc
internal import KafkaTransport

/// A little of everything in one round, for every run of the tests.
package enum ShortRound {
    package static func run(seed: UInt64, arena: Arena, kills: Int = 24, keepsFolder: Bool = false) async throws
        -> RoundReport
    {
        var load = Clients.Load()
        load.sessionsPerSecond = 6
        return try await Round.run(
            "short",
            seed: seed,
            arena: arena,
            load: load,
            partitions: Matrix.slots * Matrix.partitionsPerSlot,
            keepsFolder: keepsFolder,
            mustCount: [
                "kills", "shots", "fenced", "duplicates_answered_again", "dead_letters", "reconnects", "resent_records",
                "conflicts_retried",
            ]
        ) { round, dice in
            await Kills.run(kills, round, &dice)
            var open = Failpoint.allCases.filter { !Matrix.groupMoments.contains($0) }.shuffled(using: &dice)
            for pass in 0..<Matrix.passesMax where !open.isEmpty {
                var missed: [Failpoint] = []
                while !open.isEmpty {
                    let fault: Fault = (pass + open.count / Matrix.slots).isMultiple(of: 2) ? .kill : .pause
                    missed += try await Volley(round, fault, Array(open.prefix(Matrix.slots)), dice.fork()).fire()
                    open.removeFirst(min(Matrix.slots, open.count))
                }
                open = missed
            }
            // A frozen owner whose partitions another takes meanwhile is fenced for sure.
            var frozen: [Failpoint] = [.sessionsLocked, .recordsPolled]
            for _ in 0..<Matrix.passesMax where !frozen.isEmpty {
                frozen = try await Volley(round, .takeover, frozen, dice.fork()).fire()
            }
            for moment in open { round.notes.complain("\(moment.name) was never reached") }
            try await round.backends(&dice, terminations: 20)
        }
    }
}
