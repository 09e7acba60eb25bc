internal import Failpoints
internal import Glibc
internal import KafkaTransport
internal import Orchestration

/// `matrix`: each failpoint with each fault. Volleys of as many shots as there are slots: each slot's worker is sent
/// to a moment of its own; when all stand there (or are given up) the fault happens to all of them.
package enum Matrix {
    static let slots = 6
    static let partitionsPerSlot = 2
    /// How long a worker may take to reach its moment before another volley has to try again.
    static let reachMilliseconds = 5_000
    /// After a stopped worker that holds locks another must be able to go on within this time.
    static let takeoverMilliseconds = 20_000
    /// How often a cell that was not reached is tried again in the same round.
    static let passesMax = 4
    /// A round shoots at all moments with this many of the faults; its seed says which.
    static let faultsPerRound = 4

    /// Rounds that hit each cell so many times.
    package static func rounds(repeating count: Int) -> Int { count * Fault.allCases.count / faultsPerRound }

    /// Moments that only members of a group reach.
    static let groupMoments: Set<Failpoint> = [.partitionsRevoked]
    static let moments = Failpoint.allCases.filter { !groupMoments.contains($0) }

    /// The name under which a report counts the shots of a cell.
    static func cell(_ moment: Failpoint, _ fault: Fault) -> String { "cell_\(moment.name)_\(fault.rawValue)" }

    /// What a round must have met, whatever its faults; who takes partitions over fences their owner.
    static func guards(_ faults: [Fault]) -> [String] {
        ["shots", "reconnects", "conflicts_retried", "resent_records", "dead_letters", "duplicates_answered_again"]
            + (faults.contains(.takeover) ? ["fenced"] : [])
    }

    static let cells = moments.flatMap { moment in Fault.allCases.map { cell(moment, $0) } }

    /// How often each cell was reached.
    static func table(_ counts: [String: Int]) -> [String] {
        func padded(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(1, width - text.count))
        }
        let head = padded("", 24) + Fault.allCases.map { padded($0.rawValue, 9) }.joined()
        return [head]
            + moments.map { moment in
                padded(moment.name, 24)
                    + Fault.allCases.map { padded("\(counts[cell(moment, $0), default: 0])", 9) }.joined()
            }
    }

    package static func round(
        seed: UInt64,
        arena: Arena,
        keepsFolder: Bool = false,
        faults given: [Fault]? = nil
    ) async throws -> RoundReport {
        var load = Clients.Load()
        load.sessionsPerSecond = 9
        load.openMax = 160
        let half = Int(seed % UInt64(Fault.allCases.count / faultsPerRound)) * faultsPerRound
        let faults = given ?? Array(Fault.allCases[half..<half + faultsPerRound])
        return try await Round.run(
            "matrix",
            seed: seed,
            arena: arena,
            load: load,
            partitions: slots * partitionsPerSlot,
            properties: ["socket.timeout.ms=1000"],
            keepsFolder: keepsFolder,
            mustCount: guards(faults)
        ) { round, dice in
            for fault in faults.shuffled(using: &dice) {
                var open = moments.shuffled(using: &dice).sorted { holdsLocks($0) && !holdsLocks($1) }
                for _ in 0..<passesMax where !open.isEmpty {
                    var missed: [Failpoint] = []
                    while !open.isEmpty {
                        let volley = Volley(round, fault, Array(open.prefix(slots)), dice.fork())
                        open.removeFirst(min(slots, open.count))
                        missed += try await volley.fire()
                    }
                    round.notes.count("missed", missed.count)
                    open = missed
                }
            }
        }
    }

    /// Whether a worker that stands still there keeps others out.
    static func holdsLocks(_ moment: Failpoint) -> Bool {
        switch moment {
        case .positionMoved, .sessionsLocked, .inboxWritten, .sessionsWritten, .eventsAppended, .tasksWritten,
            .handlesWritten, .outboxInserted, .deadLettersWritten, .dueSessionsLocked:
            true
        case .pollDue, .recordsPolled, .batchBegun, .commitSent, .commitAnswered, .offsetsCommitted, .lanesLeased,
            .outboxRead, .recordsProduced, .recordsUnacknowledged, .recordsAcknowledged, .markSent, .marked, .inboxRead,
            .deadlinesFound, .partitionsAssigned, .epochTaken, .partitionsRevoked:
            false
        }
    }
}
