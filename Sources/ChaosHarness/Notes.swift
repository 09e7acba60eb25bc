internal import Threads

/// Counts and complaints of a round under way.
package final class Notes: Sendable {
    private let counts = Locked<[String: Int]>([:])
    private let complaints = Locked<[String]>([])

    package func count(_ name: String, _ number: Int = 1) { counts.withLock { $0[name, default: 0] += number } }

    /// Keeps the largest number that was noted.
    package func maximum(_ name: String, _ number: Int) {
        counts.withLock { $0[name] = max($0[name, default: 0], number) }
    }

    package func complain(_ text: String) { complaints.withLock { $0.append(text) } }

    package var allCounts: [String: Int] { counts.withLock { $0 } }
    package var allComplaints: [String] { complaints.withLock { $0 } }
}
