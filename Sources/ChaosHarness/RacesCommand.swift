internal import EmbeddedServices
internal import Glibc
internal import WaitRaces

/// `chaos races [--pair NAME] [--count N] [--seed N]`: timed races for one wait, on a PostgreSQL of its own.
enum RacesCommand {
    static let countDefault = 10_000

    /// - Returns: whether every pair was proved: no fault, and winners on both sides.
    static func run(_ call: ChaosCall) async throws -> Bool {
        let (count, seed) = (try call.number("count", default: countDefault), try call.seed())
        let pairs = try call.text("pair").map { name in
            guard let pair = RacePair(rawValue: name) else {
                throw ChaosFailure("--pair takes one of " + RacePair.allCases.map(\.rawValue).joined(separator: ", "))
            }
            return [pair]
        }
        let folder = "/tmp/genesis-races-\(getpid())"
        let cluster = try PostgresCluster.start(folder: folder, durability: .fast)
        defer {
            cluster.stop()
            let remove = try? ChildProcess(["/bin/rm", "-rf", folder], environment: [:], logFile: "/dev/null")
            _ = remove?.wait()
        }
        let races = try await WaitRaces.onNewDatabase(
            of: cluster,
            migrations: "Migrations",
            workflow: "Workflows/genesis.yaml",
            seed: seed
        )
        defer { races.close() }
        say("races: seed \(seed), \(count) of each pair")
        var isProof = true
        for pair in pairs ?? RacePair.allCases {
            let result = try await races.run(pair, count: count)
            say("races: \(result.line)")
            for fault in result.faults { say("races: FAULT \(fault)") }
            for vacuity in result.vacuities { say("races: VACUOUS \(pair.rawValue): \(vacuity)") }
            isProof = isProof && result.isProof
        }
        say(isProof ? "races: every wait had one end" : "races: NOT PROVED; repeat with --seed \(seed)")
        return isProof
    }
}
