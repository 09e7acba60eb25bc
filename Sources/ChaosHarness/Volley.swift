internal import Failpoints
internal import Glibc
internal import KafkaTransport

/// One fault for several workers, each at a moment of its own.
struct Volley: Sendable {
    private let round: Round
    private let fault: Fault
    private let moments: [Failpoint]
    private let dice: Dice

    init(_ round: Round, _ fault: Fault, _ moments: [Failpoint], _ dice: Dice) {
        (self.round, self.fault, self.moments, self.dice) = (round, fault, moments, dice)
    }

    /// - Returns: the moments that were not reached.
    func fire() async throws -> [Failpoint] {
        var dice = dice
        let field = round.field
        try field.control.send(Fault.roundTrip)
        var shots: [Shot] = []
        for (slot, moment) in moments.enumerated() {
            let order = "\(moment.name):\(Self.times(moment, &dice)):\(fault.action)"
            let worker = try await field.start("w\(slot)", partitions: Self.partitions(slot), failpoints: order)
            shots.append(Shot(slot: slot, moment: moment, worker: worker))
        }
        // The slots without an order work all the same, or their partitions' sessions would stand still.
        var others: [WorkerProcess] = []
        for slot in moments.count..<max(moments.count, Matrix.slots) {
            others.append(try await field.start("w\(slot)", partitions: Self.partitions(slot)))
        }
        if moments.contains(.deadLettersWritten) { await round.clients.poison(30) }
        if !Set(moments).isDisjoint(with: [.inboxRead, .dueSessionsLocked]) { await round.clients.insertStarts(12) }

        let reached = await Shot.arrivals(of: shots, killed: fault == .kill)
        for shot in reached { round.notes.count(Matrix.cell(shot.moment, fault)) }
        round.notes.count("shots", reached.count)
        let successors = fault == .takeover ? try await takeOver(reached) : []
        try await fault.strike(reached.map(\.worker), in: round, &dice)
        for shot in reached where fault != .kill { shot.worker.signal(SIGCONT) }
        try await fault.recover(in: round, &dice)
        try await Task.sleep(for: .milliseconds(dice.number(100...350)))
        for shot in shots { round.judge(shot.worker, isExpectedToDie: fault == .kill) }
        for worker in others + successors { round.judge(worker, isExpectedToDie: false) }
        for worker in shots.map(\.worker) + others + successors { await worker.end() }
        let slots = Set(reached.map(\.slot))
        return shots.filter { !slots.contains($0.slot) }.map(\.moment)
    }

    private static func partitions(_ slot: Int) -> [Int] {
        let first = slot * Matrix.partitionsPerSlot
        return Array(first..<first + Matrix.partitionsPerSlot)
    }

    /// Rare moments are taken at once, others not always the first time.
    private static func times(_ moment: Failpoint, _ dice: inout Dice) -> Int {
        switch moment {
        case .partitionsAssigned, .epochTaken, .partitionsRevoked, .lanesLeased, .deadLettersWritten, .inboxRead,
            .deadlinesFound, .dueSessionsLocked, .handlesWritten, .tasksWritten, .offsetsCommitted:
            1
        case .pollDue, .recordsPolled, .batchBegun, .positionMoved, .sessionsLocked, .inboxWritten, .sessionsWritten,
            .eventsAppended, .outboxInserted, .commitSent, .commitAnswered, .outboxRead, .recordsProduced,
            .recordsUnacknowledged, .recordsAcknowledged, .markSent, .marked:
            dice.number(1...3)
        }
    }

    /// Others under other names; returns when they own the partitions.
    private func takeOver(_ shots: [Shot]) async throws -> [WorkerProcess] {
        try await withThrowingTaskGroup(of: WorkerProcess.self) { group in
            for shot in shots { group.addTask { try await takeOver(shot) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }

    private func takeOver(_ shot: Shot) async throws -> WorkerProcess {
        let began = MonotonicClock.microseconds()
        let successor = try await round.field.start("t\(shot.slot)", partitions: Self.partitions(shot.slot))
        if !(await successor.waitUntilAtWork(milliseconds: Matrix.takeoverMilliseconds)) {
            round.notes.complain("no takeover at \(shot.moment.name) within \(Matrix.takeoverMilliseconds) ms")
        }
        round.notes.count("takeovers")
        round.notes.maximum("takeover_ms_max", Int(MonotonicClock.microseconds() - began) / 1_000)
        try await Task.sleep(for: .milliseconds(150))
        return successor
    }
}

extension Round {
    /// A worker may end by itself because something is away; it must not crash, and nothing but us may kill it.
    func judge(_ worker: WorkerProcess, isExpectedToDie: Bool, mayEndWith codes: Set<Int32> = [0, 3]) {
        switch worker.state {
        case .running, .stopped: break
        case .exited(let code):
            notes.count("ended_by_itself_\(code)")
            if !codes.contains(code) { notes.complain("\(worker.name) ended by itself with \(code)") }
        case .killed(let signal):
            if !isExpectedToDie || signal != SIGKILL { notes.complain("\(worker.name) died of signal \(signal)") }
        }
    }
}
