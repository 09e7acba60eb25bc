internal import Orchestration
internal import Threads

/// Counts what a committer says when it must decide again.
final class ConflictCounter: LogSink {
    private let number = Locked(0)

    var count: Int { number.withLock { $0 } }

    func write(_ level: LogLevel, _ message: String, _ fields: [LogField]) {
        if message.hasPrefix("conflict") { number.withLock { $0 += 1 } }
    }
}

/// Set once, by one task for another.
final class Flag: Sendable {
    private let value = Locked(false)

    var isUp: Bool { value.withLock { $0 } }
    func raise() { value.withLock { $0 = true } }
}
