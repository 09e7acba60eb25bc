internal import EmbeddedServices
internal import Failpoints
internal import Glibc
internal import KafkaTransport

/// `faults`: everything that can be away, slow, full, frozen or doubled, one scenario after another.
package enum Scenario: String, CaseIterable, Sendable {
    /// Members of a group come and go every two seconds.
    case rebalances
    /// Members lose their partitions at a failpoint, with each fault.
    case revocations
    /// Two fleets with different group ids on one database, by mistake.
    case fleets
    /// Two workers with one name, by mistake: two relays believe that they own the same lanes.
    case namesakes
    /// PostgreSQL ends connections all the time.
    case backends
    /// PostgreSQL crashes all the time.
    case crashes
    /// No broker for ten seconds.
    case outage
    /// Errors to every kind of request.
    case errors
    /// The disk of PostgreSQL's tables is full for a while.
    case diskFull
    /// The disk of PostgreSQL's WAL is full, which ends the server.
    case walFull
    /// PgBouncer in transaction mode between the workers and PostgreSQL, restarted once.
    case bouncer
    /// All connections that PostgreSQL allows are taken.
    case connections
    /// A worker that may open few files.
    case descriptors
    /// A whole fleet stands still, and wakes beside its successors.
    case frozen

    /// The scenarios that need a disk of their own.
    var needsSmallDisk: Bool { self == .diskFull || self == .walFull }

    var properties: [String] { self == .revocations ? ["socket.timeout.ms=1000"] : [] }

    /// What must have happened, or the scenario has proved nothing.
    var guards: [String] {
        switch self {
        case .rebalances: ["partition_takeovers", "memberships"]
        case .revocations: Fault.allCases.map { Matrix.cell(.partitionsRevoked, $0) }
        case .fleets: ["fenced", "partition_takeovers"]
        case .namesakes: ["resent_records"]
        case .backends, .crashes, .bouncer: ["reconnects"]
        case .connections: ["refused_connections", "reconnects"]
        case .outage: ["broker_outages", "broker_returns"]
        case .errors: ["errors_pushed", "kafka_notices"]
        case .diskFull: ["disk_full_answers"]
        case .walFull: ["server_deaths"]
        case .descriptors: ["starved_workers", "sated_workers"]
        case .frozen: ["takeovers", "fenced"]
        }
    }

    package func round(seed: UInt64, arena: Arena, keepsFolder: Bool = false) async throws -> RoundReport {
        if self == .bouncer, !TransactionPooler.isInstalled {
            // `make setup` installs it, so its absence is a fault and not a reason to skip.
            let missing = "PgBouncer is not installed (make setup)"
            return RoundReport(scenario: rawValue, seed: seed, violations: [missing], folder: "")
        }
        guard needsSmallDisk else { return try await round(seed, arena, keepsFolder, nil) }
        guard SmallDisk.isPossible else {
            let missing = "only root can mount a small disk: run it as root"
            return RoundReport(scenario: rawValue, seed: seed, violations: [missing], folder: "")
        }
        return try await withSmallDisk(arena) { try await round(seed, arena, keepsFolder, $0) }
    }

    private func round(_ seed: UInt64, _ arena: Arena, _ keepsFolder: Bool, _ disk: SmallDisk?) async throws
        -> RoundReport
    {
        var load = Clients.Load()
        load.sessionsPerSecond = 6
        return try await Round.run(
            rawValue,
            seed: seed,
            arena: arena,
            load: load,
            properties: properties,
            keepsFolder: keepsFolder,
            mustCount: guards
        ) { round, dice in
            switch self {
            case .rebalances: try await round.rebalances(&dice)
            case .revocations:
                for (number, fault) in Fault.allCases.enumerated() {
                    for pass in 0..<Matrix.passesMax {
                        let group = "revocations-\(number)-\(pass)"
                        if try await GroupVolley(round: round, fault: fault, group: group).fire(&dice) > 0 { break }
                    }
                }
            case .fleets: try await round.fleets(&dice)
            case .namesakes: try await round.namesakes()
            case .backends: try await round.backends(&dice)
            case .crashes: try await round.crashes(&dice)
            case .outage: try await round.outage()
            case .errors: try await round.errors(&dice)
            case .diskFull: if let disk { try await round.diskFull(disk) }
            case .walFull: if let disk { try await round.walFull(disk) }
            case .bouncer: try await round.bouncer(&dice)
            case .connections: try await round.connections()
            case .descriptors: try await round.descriptors()
            case .frozen: try await round.frozen(&dice)
            }
        }
    }
}
