internal import EmbeddedServices
internal import Glibc
internal import KafkaTransport

/// A tmpfs of a few megabytes; only root may mount one.
struct SmallDisk: Sendable {
    let path: String
    static var isPossible: Bool { geteuid() == 0 }

    init(path: String, megabytes: Int) throws {
        self.path = path
        try Files.makeFolder(path)
        try Shell.run("mount -t tmpfs -o size=\(megabytes)m,mode=0755 tmpfs '\(path)'")
    }

    /// Not a byte is left.
    func fill() { try? Shell.run("cat /dev/zero > '\(path)/filler' 2>/dev/null; true") }

    func free() { unlink("\(path)/filler") }

    func unmount() { try? Shell.run("umount -l '\(path)'") }
}

enum Shell {
    /// Runs a line of shell to its end.
    static func run(_ line: String) throws {
        let process = try ChildProcess(
            ["/bin/sh", "-c", line],
            environment: ["PATH": "/usr/sbin:/usr/bin:/sbin:/bin"],
            logFile: "/dev/null"
        )
        let code = process.wait()
        guard code == 0 else { throw ChaosFailure("`\(line)` ended with \(code)") }
    }
}

extension Scenario {
    /// Gives the cluster a small disk for its tables or for its WAL, and takes it away again.
    func withSmallDisk(
        _ arena: Arena,
        _ body: (SmallDisk) async throws -> RoundReport
    ) async throws -> RoundReport {
        let disk = try SmallDisk(path: "\(arena.folder)/disk", megabytes: self == .walFull ? 80 : 300)
        let cluster = arena.cluster
        let (data, aside) = (cluster.dataFolder, "\(cluster.dataFolder)-moved")
        cluster.stop()
        let what = self == .walFull ? "\(data)/pg_wal" : "\(data)/base"
        try Shell.run(
            "mv '\(what)' '\(aside)' && cp -a '\(aside)' '\(disk.path)/moved' && ln -s '\(disk.path)/moved' '\(what)'"
        )
        try cluster.crash()
        defer {
            disk.free()
            cluster.stop()
            try? Shell.run("rm '\(what)' && cp -a '\(disk.path)/moved' '\(what)' && rm -r '\(aside)'")
            try? cluster.crash()
            disk.unmount()
        }
        return try await body(disk)
    }
}

extension Round {
    func diskFull(_ disk: SmallDisk) async throws {
        try await withFleet(fleet) {
            try await Task.sleep(for: .milliseconds(2_000))
            disk.fill()
            try await Task.sleep(for: .milliseconds(6_000))
            disk.free()
            try await Task.sleep(for: .milliseconds(2_000))
        }
        for name in ["w0", "w1", "w2"] {
            let text = (try? Files.read("\(field.folder)/\(name).log")) ?? ""
            notes.count("disk_full_answers", text.split(separator: "\n").count { $0.contains("53100") })
        }
    }

    /// How long a server without room for its WAL is given to end, in microseconds; it first tries to recover.
    private static let serverDeathLimit: Int64 = 20_000_000

    func walFull(_ disk: SmallDisk) async throws {
        let cluster = field.arena.cluster
        try await withFleet(fleet) {
            try await Task.sleep(for: .milliseconds(2_000))
            disk.fill()
            let began = MonotonicClock.microseconds()
            while cluster.isRunning, MonotonicClock.microseconds() - began < Self.serverDeathLimit {
                _ = try? self.field.database.rows("SELECT pg_switch_wal()")
                try await Task.sleep(for: .milliseconds(100))
            }
            if !cluster.isRunning { self.notes.count("server_deaths") }
            try await Task.sleep(for: .milliseconds(2_000))
            disk.free()
            try cluster.crash()
            try await Task.sleep(for: .milliseconds(2_000))
        }
    }

    /// Between workers and server a pooler that gives each transaction another connection.
    func bouncer(_ dice: inout Dice) async throws {
        let pooler = try TransactionPooler(
            before: field.arena.cluster.connectionString(),
            connections: 5,
            port: 20_000 + dice.number(0...20_000),
            folder: field.folder
        )
        let members = fleet.map { member in
            Member(
                name: member.name,
                partitions: member.partitions,
                database: pooler.connectionString(database: field.databaseName),
                variables: ["GENESIS_PREPARE_STATEMENTS": "off"]
            )
        }
        let first = try pooler.start()
        try await Task.sleep(for: .milliseconds(300))
        try await withFleet(members) {
            try await Task.sleep(for: .milliseconds(6_000))
            first.stop(graceSeconds: 1)
            try await Task.sleep(for: .milliseconds(700))
            let second = try pooler.start()
            try await Task.sleep(for: .milliseconds(6_000))
            second.stop(graceSeconds: 1)
        }
    }
}
