internal import Failpoints
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

    /// Requests by API key, and errors that a broker in trouble gives to them; -195 cuts the connection.
    private static let errors: [(api: Int, codes: [Int])] = [
        (0, [3, 5, 6, 7, 19, 20, -195]),  // Produce
        (1, [3, 6, 7, 9, -195]),  // Fetch
        (2, [3, 6, 7, -195]),  // ListOffsets
        (3, [5, 7, -195]),  // Metadata
        (8, [7, 14, 15, 16, -195]),  // OffsetCommit
        (10, [14, 15, -195]),  // FindCoordinator
        (18, [7, -195]),  // ApiVersions
        (22, [7, 14, 15, -195]),  // InitProducerId
    ]

    static func errorCommand(_ dice: inout Dice) -> String {
        let (api, codes) = dice.pick(errors)
        return "error \(api) \(dice.number(1...4)) \(dice.pick(codes))"
    }
}
