internal import Glibc
package import Orchestration
internal import Threads

/// What clients did and saw, one JSON object per line, for the checker.
///
/// Every line has `at` (microseconds of one monotonic clock, at the moment the line was written) and `kind`:
/// - `offered`: about to be sent. `via` (`kafka` or `inbox`), `copy` (from 1), `message_id`, `session_id`, `tenant_id`,
///   `type`, `topic`. Written before the first byte leaves.
/// - `acknowledged`: Kafka has taken the record, or the row is committed. Same members. From now on it must not be lost.
/// - `poison`: a record that no worker can read was acknowledged; `topic`, `tag` (text that its bytes hold).
/// - `answered`: a record on the events topic that names the command as its cause was read by the client: `message_id` (of the
///   command), `session_id`, `type` (of the event), `version` (nil for a notice).
/// - `fault`: something was done to the fleet; `what`.
package final class History: Sendable {
    package let path: String
    private let descriptor: Int32
    private let lock = Locked(())

    package init(path: String) throws {
        self.path = path
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw ChaosFailure("cannot write \(path)") }
    }

    deinit { close(descriptor) }

    package func write(_ kind: String, _ members: JSONObject) {
        var object: JSONObject = ["at": .int(Int(MonotonicClock.microseconds())), "kind": .string(kind)]
        for member in members { object[member.key] = member.value }
        let bytes = Array((JSONValue.object(object).text + "\n").utf8)
        lock.withLock { _ in _ = Glibc.write(descriptor, bytes, bytes.count) }
    }
}

package enum MonotonicClock {
    package static func microseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000
    }
}
