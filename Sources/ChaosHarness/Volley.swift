internal import EmbeddedServices
internal import Failpoints
internal import Glibc
internal import KafkaTransport

/// One fault for several workers, each at a moment of its own.
struct Volley: Sendable {
    private let round: Round
    private let fault: Fault
    private let moments: [Failpoint]
    private let dice: Dice

    private struct Shot: Sendable {
        var slot: Int
        var moment: Failpoint
        var worker: WorkerProcess
    }

    init(_ round: Round, _ fault: Fault, _ moments: [Failpoint], _ dice: Dice) {
        (self.round, self.fault, self.moments, self.dice) = (round, fault, moments, dice)
    }

    /// - Returns: the moments that were not reached.
    func fire() async throws -> [Failpoint] {
        var dice = dice
        let field = round.field
        // Slow enough that there is a time between a record's arrival at the broker and its acknowledgement.
        try field.control.send("rtt 10")
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

        let reached = await arrivals(of: shots)
        for shot in reached { round.notes.count(Matrix.cell(shot.moment, fault)) }
        round.notes.count("shots", reached.count)
        let zombies = try await strike(reached, &dice)
        for shot in reached where fault != .kill { shot.worker.signal(SIGCONT) }
        try await recover(&dice)
        try await Task.sleep(for: .milliseconds(dice.number(100...350)))
        for shot in shots { judge(shot.worker, isExpectedToDie: fault == .kill) }
        for worker in others { judge(worker, isExpectedToDie: false) }
        for worker in shots.map(\.worker) + others + zombies { await worker.end() }
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

    private func arrivals(of shots: [Shot]) async -> [Shot] {
        let wanted: WorkerProcess.State = fault == .kill ? .killed(SIGKILL) : .stopped
        return await withTaskGroup(of: (Shot, Bool).self) { group in
            for shot in shots {
                group.addTask {
                    (shot, await shot.worker.wait(milliseconds: Matrix.reachMilliseconds) { $0 == wanted })
                }
            }
            return await group.reduce(into: []) { if $1.1 { $0.append($1.0) } }
        }
    }

    /// What happens while they stand still.
    private func strike(_ shots: [Shot], _ dice: inout Dice) async throws -> [WorkerProcess] {
        let field = round.field
        switch fault {
        case .kill: break
        case .pause: try await Task.sleep(for: .milliseconds(dice.number(100...1_000)))
        case .takeover:
            return try await withThrowingTaskGroup(of: WorkerProcess.self) { group in
                for shot in shots { group.addTask { try await takeOver(shot) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        case .backend:
            for shot in shots {
                try field.database.rows(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE application_name = '\(shot.worker.name)' AND datname = current_database()
                    """
                )
            }
        case .postgres: try field.arena.cluster.crash()
        case .broker: try field.control.send("down")
        case .ack: try field.control.send("rtt 2500")
        case .error: for _ in 0..<dice.number(1...3) { try field.control.send(Fault.errorCommand(&dice)) }
        }
        return []
    }

    /// Another worker under another name; returns when it owns the partitions.
    private func takeOver(_ shot: Shot) async throws -> WorkerProcess {
        let began = MonotonicClock.microseconds()
        let name = "t\(shot.slot)"
        let log = "\(round.field.folder)/\(name).log"
        let before = Self.takes(log)
        let successor = try await round.field.start(name, partitions: Self.partitions(shot.slot))
        while Self.takes(log) == before {
            let waited = Int(MonotonicClock.microseconds() - began) / 1_000
            if waited > Matrix.takeoverMilliseconds {
                round.notes.complain("takeover at \(shot.moment.name) took longer than \(waited) ms")
                break
            }
            try await Task.sleep(for: .milliseconds(20))
        }
        round.notes.count("takeovers")
        try await Task.sleep(for: .milliseconds(150))
        return successor
    }

    private static func takes(_ log: String) -> Int {
        (try? Files.read(log))?.split(separator: "\n").count { $0.contains("\"partitions taken\"") } ?? 0
    }

    /// Ends the faults that last.
    private func recover(_ dice: inout Dice) async throws {
        switch fault {
        case .broker:
            try await Task.sleep(for: .milliseconds(dice.number(100...500)))
            try round.field.control.send("up")
        case .ack:
            try await Task.sleep(for: .milliseconds(dice.number(1_100...1_600)))
            try round.field.control.send("rtt 10")
        case .kill, .pause, .takeover, .backend, .postgres, .error: break
        }
    }

    /// A worker may end by itself because something is away; it must not crash, and nothing but us may kill it.
    private func judge(_ worker: WorkerProcess, isExpectedToDie: Bool) {
        switch worker.state {
        case .running, .stopped: break
        case .exited(let code):
            round.notes.count("ended_by_itself_\(code)")
            if ![0, 3].contains(code) { round.notes.complain("\(worker.name) ended by itself with \(code)") }
        case .killed(let signal):
            if !isExpectedToDie || signal != SIGKILL {
                round.notes.complain("\(worker.name) died of signal \(signal)")
            }
        }
    }
}
