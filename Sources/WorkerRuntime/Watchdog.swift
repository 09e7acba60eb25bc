internal import Orchestration
internal import Threads

/// Finds work that is under way and does not get anywhere: a program that never ends, a lock that is never given.
///
/// On a thread of its own, because a handler that keeps the processor keeps it from tasks too. An empty worker has no
/// work under way and an absent database is no stall: neither is ever found.
final class Watchdog: Sendable {
    /// The share of the limit after which it looks again.
    private static let looksPerLimit: Int64 = 20

    private struct Work {
        var name: String
        var since: ContinuousClock.Instant
    }

    private struct State {
        var works: [Int: Work] = [:]
        var next = 0
        var hasEnded = false
    }

    private let state = Locked(State())
    private let limit: Interval

    init(limit: Interval) { self.limit = limit }

    /// Work begins; the number is for `end`.
    func begin(_ name: String) -> Int {
        state.withLock { state in
            state.next += 1
            state.works[state.next] = Work(name: name, since: .now)
            return state.next
        }
    }

    /// The database is away: its time does not count.
    func excuse(_ work: Int) { state.withLock { $0.works[work]?.since = .now } }

    func end(_ work: Int) { state.withLock { $0.works[work] = nil } }

    /// Looks until `stop`; says what has stalled, once.
    func start(_ onStall: @escaping @Sendable (String) -> Void) {
        startThread { [self] in
            let pause = UInt32(clamping: max(1_000, min(limit.microseconds / Self.looksPerLimit, 1_000_000)))
            while !state.withLock(\.hasEnded) {
                if let name = stalled(at: .now) {
                    onStall(
                        "\(name) has committed nothing for \(limit) although the database answers; ending, so that "
                            + "others take over"
                    )
                    return
                }
                sleepMicroseconds(pause)
            }
        }
    }

    func stop() { state.withLock { $0.hasEnded = true } }

    /// The work that has got nowhere for the limit, nil when there is none.
    func stalled(at now: ContinuousClock.Instant) -> String? {
        let oldest = now - .microseconds(limit.microseconds)
        return state.withLock { state in state.works.values.filter { $0.since < oldest }.map(\.name).min() }
    }
}
