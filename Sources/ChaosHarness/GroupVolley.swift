internal import Failpoints
internal import Glibc

/// One fault for the members of a consumer group, at the moment that only they know: their partitions are taken away,
/// because another member has come.
struct GroupVolley: Sendable {
    private static let members = 3
    /// The embedded broker's first join alone takes three seconds.
    private static let joinMilliseconds = 15_000

    let round: Round
    let fault: Fault
    let group: String

    /// - Returns: how many stood at the moment.
    func fire(_ dice: inout Dice) async throws -> Int {
        let order = "\(Failpoint.partitionsRevoked.name):1:\(fault.action)"
        var shots: [Shot] = []
        for slot in 0..<Self.members {
            let worker = try await round.field.start("w\(slot)", partitions: nil, failpoints: order, group: group)
            shots.append(Shot(slot: slot, moment: .partitionsRevoked, worker: worker))
        }
        let end = MonotonicClock.microseconds() + Int64(Self.joinMilliseconds) * 1_000
        while MonotonicClock.microseconds() < end {
            let owners = try round.field.database.number(
                "SELECT count(DISTINCT owner_id) FROM kafka_positions WHERE owner_id LIKE 'w_'"
            )
            if owners == Self.members { break }
            try await Task.sleep(for: .milliseconds(50))
        }
        let joiner = try await round.field.start("w\(Self.members)", partitions: nil, group: group)
        let reached = await Shot.arrivals(of: shots, killed: fault == .kill, within: Self.joinMilliseconds)
        for _ in reached { round.notes.count(Matrix.cell(.partitionsRevoked, fault)) }
        // The joiner is the one that takes over.
        if fault != .takeover { try await fault.strike(reached.map(\.worker), in: round, &dice) }
        for shot in reached where fault != .kill { shot.worker.signal(SIGCONT) }
        try await fault.recover(in: round, &dice)
        try await Task.sleep(for: .milliseconds(dice.number(300...800)))
        for shot in shots { round.judge(shot.worker, isExpectedToDie: fault == .kill) }
        for worker in shots.map(\.worker) + [joiner] { await worker.end() }
        return reached.count
    }
}

/// A worker that was sent to a moment.
struct Shot: Sendable {
    var slot: Int
    var moment: Failpoint
    var worker: WorkerProcess

    /// Those that stand (or died) at their moments in time.
    static func arrivals(of shots: [Shot], killed: Bool, within limit: Int = Matrix.reachMilliseconds) async -> [Shot] {
        let wanted: WorkerProcess.State = killed ? .killed(SIGKILL) : .stopped
        return await withTaskGroup(of: (Shot, Bool).self) { group in
            for shot in shots {
                group.addTask {
                    (shot, await shot.worker.wait(milliseconds: limit) { $0 == wanted })
                }
            }
            return await group.reduce(into: []) { if $1.1 { $0.append($1.0) } }
        }
    }
}
