internal import EmbeddedServices
internal import Glibc
internal import KafkaTransport

extension Round {
    /// Keeps a fleet running while the body does its worst: whoever ends by itself is started again, as a supervisor would.
    func withFleet(
        _ members: [Member],
        mayEndWith codes: Set<Int32> = [0, 3],
        _ body: @Sendable () async throws -> Void
    ) async throws {
        let isOver = Notes()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for member in members {
                group.addTask {
                    var worker = try await member.start(self.field)
                    while isOver.allCounts.isEmpty {
                        if worker.hasEnded {
                            self.judge(worker, isExpectedToDie: false, mayEndWith: codes)
                            try await Task.sleep(for: .milliseconds(100))
                            worker = try await member.start(self.field)
                        }
                        try await Task.sleep(for: .milliseconds(20))
                    }
                    self.judge(worker, isExpectedToDie: false, mayEndWith: codes)
                    await worker.end()
                }
            }
            defer { isOver.count("over") }
            try await body()
        }
    }

    /// A worker of a fleet, as it is started each time.
    struct Member: Sendable {
        var name: String
        /// Nil: it joins the group.
        var partitions: [Int]?
        var group = "genesis-worker"
        var database: String?
        var variables: [String: String] = [:]

        func start(_ field: Field) async throws -> WorkerProcess {
            try await field.start(name, partitions: partitions, group: group, database: database, variables: variables)
        }
    }

    /// As many workers as there are slots, each with its share of the partitions.
    var fleet: [Member] { shares.map { Member(name: $0.0, partitions: $0.1) } }

    private func pause(_ milliseconds: Int) async throws { try await Task.sleep(for: .milliseconds(milliseconds)) }

    // MARK: Groups

    func rebalances(_ dice: inout Dice) async throws {
        var dice = dice.fork()
        try await withFleet((0..<3).map { Member(name: "w\($0)", partitions: nil) }) {
            try await self.pause(4_000)
            for visit in 0..<8 {
                let guest = try await self.field.start("guest\(visit % 2)", partitions: nil)
                try await self.pause(2_000)
                self.notes.count("memberships")
                // Some say good-bye, some just vanish.
                if visit % 2 == 0 {
                    guest.signal(SIGTERM)
                    await guest.wait(milliseconds: 12_000) { $0 == .exited(0) }
                    self.judge(guest, isExpectedToDie: false, mayEndWith: [0])
                }
                await guest.end()
            }
        }
        _ = dice.next()
    }

    func fleets(_ dice: inout Dice) async throws {
        let members = (0..<2).flatMap { number in
            [
                Member(name: "w\(number)", partitions: nil, group: "fleet-a"),
                Member(name: "w\(number + 2)", partitions: nil, group: "fleet-b"),
            ]
        }
        let restarts = dice.number(4...6)
        // A worker that has lost its partition and keeps it assigned ends, to be started anew; here we are faster.
        try await withFleet(members, mayEndWith: [0, 1, 3]) {
            try await self.pause(6_000)
            for number in 0..<restarts {
                let late = try await self.field.start(
                    "late",
                    partitions: nil,
                    group: "fleet-\(number % 2 == 0 ? "a" : "b")"
                )
                try await self.pause(3_000)
                await late.end()
            }
        }
    }

    func namesakes() async throws {
        try field.control.send("rtt 5")
        let members = [[0, 1], [2, 3]].map { Member(name: "w0", partitions: $0) }
        try await withFleet(members) { try await self.pause(12_000) }
    }

    // MARK: PostgreSQL

    func backends(_ dice: inout Dice, terminations: Int = 120) async throws {
        let dice = dice.fork()
        try await withFleet(fleet) {
            var dice = dice
            for _ in 0..<terminations {
                try await self.pause(dice.number(40...160))
                try self.field.terminateConnections(of: "w\(dice.number(0...2))", share: dice.number(1...3))
                self.notes.count("terminations")
            }
        }
    }

    func crashes(_ dice: inout Dice) async throws {
        let dice = dice.fork()
        try await withFleet(fleet) {
            var dice = dice
            for _ in 0..<15 {
                try await self.pause(dice.number(300...800))
                try self.field.arena.cluster.crash()
                self.notes.count("server_crashes")
            }
        }
    }

    /// How long nobody else gets a connection.
    private static let takenMicroseconds: Int64 = 8_000_000

    func connections() async throws {
        try await withFleet(fleet) {
            try await self.pause(1_500)
            var taken: [Database] = []
            defer { for connection in taken { connection.close() } }
            let began = MonotonicClock.microseconds()
            while MonotonicClock.microseconds() - began < Self.takenMicroseconds {
                // What the workers give up, we take.
                for name in ["w0", "w1", "w2"] { try? self.field.terminateConnections(of: name) }
                for _ in 0..<250 {
                    let connection = Database(self.field.databaseURL)
                    guard (try? connection.rows("SELECT 1")) != nil else { break }
                    taken.append(connection)
                }
                self.notes.count("refused_connections")
                try await self.pause(50)
            }
        }
    }

    // MARK: Kafka

    func outage() async throws {
        try await withFleet(fleet) {
            try await self.pause(3_000)
            try self.field.control.send("down")
            try await self.pause(10_000)
            try self.field.control.send("up")
            try await self.pause(2_000)
        }
    }

    func errors(_ dice: inout Dice) async throws {
        let dice = dice.fork()
        // Half of them in a group, so that its requests are met as well.
        let members = [
            Member(name: "w0", partitions: nil), Member(name: "w1", partitions: nil),
            Member(name: "w2", partitions: nil),
        ]
        // What only a worker asks that begins.
        for (api, code) in [(18, 7), (22, 14), (22, -195)] {
            try field.control.send("error \(api) 1 \(code)")
            notes.count("errors_pushed")
        }
        try await withFleet(members) {
            var dice = dice
            try await self.pause(4_000)
            for (api, codes) in Fault.errors {
                for code in codes {
                    try self.field.control.send("error \(api) \(dice.number(1...3)) \(code)")
                    self.notes.count("errors_pushed")
                    try await self.pause(dice.number(100...350))
                }
            }
            // What was not asked for stays pushed, and would meet those who drain.
            for (api, _) in Fault.errors { try self.field.control.send("error \(api) 0 0") }
        }
    }

    // MARK: Processes

    func descriptors() async throws {
        try await withFleet(Array(fleet.dropLast())) {
            for limit in [8, 12, 16, 24, 32, 48, 64, 127, 128] {
                let worker = try await self.field.start(
                    "w2",
                    partitions: self.shares[2].1,
                    wrapper: ["/bin/sh", "-c", "ulimit -n \(limit); exec \"$@\"", "sh"]
                )
                // With enough it works; with too few it says so and ends at once, and does not crash. 127: the system could
                // not even load it.
                if limit < 128 {
                    await worker.wait(milliseconds: 15_000) { $0 == .exited(2) || $0 == .exited(127) }
                    if worker.state == .exited(2), worker.said.contains("may open \(limit) files") {
                        self.notes.count("starved_workers")
                    } else if worker.state != .exited(127) {
                        self.notes.complain("with \(limit) open files the worker is \(worker.state)")
                    }
                } else if await worker.waitUntilAtWork(milliseconds: 15_000) {
                    self.notes.count("sated_workers")
                }
                self.judge(worker, isExpectedToDie: false, mayEndWith: [2, 127])
                await worker.end()
            }
        }
    }

    func frozen(_ dice: inout Dice) async throws {
        for _ in 0..<3 {
            var sleepers: [WorkerProcess] = []
            for member in fleet { sleepers.append(try await member.start(field)) }
            try await pause(1_500 + dice.number(0...300))
            for sleeper in sleepers { sleeper.signal(SIGSTOP) }
            var successors: [WorkerProcess] = []
            for (index, member) in fleet.enumerated() {
                successors.append(try await field.start("t\(index)", partitions: member.partitions))
            }
            for successor in successors { await successor.waitUntilAtWork(milliseconds: Matrix.takeoverMilliseconds) }
            try await pause(1_000)
            for sleeper in sleepers { sleeper.signal(SIGCONT) }
            try await pause(1_500)
            notes.count("takeovers")
            for worker in sleepers + successors { judge(worker, isExpectedToDie: false) }
            for worker in sleepers + successors { await worker.end() }
        }
    }
}
