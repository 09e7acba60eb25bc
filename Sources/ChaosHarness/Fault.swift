internal import EmbeddedServices
internal import Glibc
internal import KafkaTransport

/// What is done to a worker that stands still at a failpoint, before it goes on.
package enum Fault: String, CaseIterable, Sendable {
    /// It dies there.
    case kill
    /// It stands still for a while.
    case pause
    /// Another worker takes its partitions over, then it wakes.
    case takeover
    /// PostgreSQL ends its connections.
    case backend
    /// PostgreSQL crashes and recovers.
    case postgres
    /// The broker goes away, and comes back.
    case broker
    /// The broker does what it is asked, and its answer comes too late.
    case ack
    /// The broker answers the next requests with errors.
    case error

    var action: String { self == .kill ? "kill" : "stop" }

    /// Slow enough that there is a time between a record's arrival at the broker and its acknowledgement.
    static let roundTrip = "rtt 10"

    /// What happens while the workers stand still; `takeover` is the volley's own business.
    func strike(_ workers: [WorkerProcess], in round: Round, _ dice: inout Dice) async throws {
        let field = round.field
        switch self {
        case .kill, .takeover: break
        case .pause: try await Task.sleep(for: .milliseconds(dice.number(100...1_000)))
        case .backend: for worker in workers { try field.terminateConnections(of: worker.name) }
        case .postgres: try field.arena.cluster.crash()
        case .broker: try field.control.send("down")
        case .ack: try field.control.send("rtt 2500")
        case .error: for _ in 0..<dice.number(1...3) { try field.control.send(Self.errorCommand(&dice)) }
        }
    }

    /// Ends what lasts, once the workers have gone on.
    func recover(in round: Round, _ dice: inout Dice) async throws {
        switch self {
        case .broker:
            try await Task.sleep(for: .milliseconds(dice.number(100...500)))
            try round.field.control.send("up")
        case .ack:
            try await Task.sleep(for: .milliseconds(dice.number(1_100...1_600)))
            try round.field.control.send(Self.roundTrip)
        case .kill, .pause, .takeover, .backend, .postgres, .error: break
        }
    }

    /// Requests by API key, and errors that a broker in trouble gives to them; -195 cuts the connection.
    static let errors: [(api: Int, codes: [Int])] = [
        (0, [3, 5, 6, 7, 19, 20, -195]),  // Produce
        (1, [3, 6, 7, 9, -195]),  // Fetch
        (2, [3, 6, 7, -195]),  // ListOffsets
        (3, [5, 7, -195]),  // Metadata
        (8, [7, 14, 15, 16, -195]),  // OffsetCommit
        (9, [7, 14, 16, -195]),  // OffsetFetch
        (10, [14, 15, -195]),  // FindCoordinator
        (11, [14, 15, 16, -195]),  // JoinGroup
        (12, [15, 16, 27, -195]),  // Heartbeat
        (13, [15, 16, -195]),  // LeaveGroup
        (14, [15, 16, 27, -195]),  // SyncGroup
        (18, [7, -195]),  // ApiVersions
        (22, [7, 14, 15, -195]),  // InitProducerId
    ]

    static func errorCommand(_ dice: inout Dice) -> String {
        let (api, codes) = dice.pick(errors)
        return "error \(api) \(dice.number(1...4)) \(dice.pick(codes))"
    }
}
