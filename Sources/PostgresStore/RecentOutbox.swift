internal import Orchestration
internal import Threads

/// What the outbox rows hold that this process has committed and will most likely publish itself, so that they need not
/// be read back.
///
/// Which rows are due, and in which order, only the database says. A row is taken from here once: whoever needs it again
/// reads it. Of the two halves the newer is filled; when it is full it becomes the older, and what that held is forgotten.
final class RecentOutbox: Sendable {
    /// Of one half.
    static let rowsMax = 2_048
    /// Of one half, by the parameters of the statements that wrote the rows.
    static let bytesMax = 2 << 20

    private struct State {
        /// The lanes held, by number.
        var lanes: Set<Int> = []
        var newer: [EventID: OutboxMessage] = [:]
        var newerBytes = 0
        var older: [EventID: OutboxMessage] = [:]
    }

    private let state = Locked(State())

    /// From now on rows of these lanes are kept; those of others will be published by somebody else.
    func hold(_ lanes: [LaneLease]) {
        let numbers = Set(lanes.map(\.lane))
        state.withLock { state in
            guard state.lanes != numbers else { return }
            let isLosing = !state.lanes.isSubset(of: numbers)
            state.lanes = numbers
            if isLosing { (state.newer, state.newerBytes, state.older) = ([:], 0, [:]) }
        }
    }

    /// - Parameters:
    ///   - inserted: the rows that are new. One that was there, of another decision about the same message, stays as it is.
    ///   - bytes: what the statements that wrote them took.
    func keep(_ rows: [OutboxMessage], inserted: Set<EventID>, bytes: Int) {
        var inserted = inserted
        guard !rows.isEmpty, rows.count <= Self.rowsMax, bytes <= Self.bytesMax else { return }
        state.withLock { state in
            guard !state.lanes.isEmpty else { return }
            if state.newer.count + rows.count > Self.rowsMax || state.newerBytes + bytes > Self.bytesMax {
                (state.older, state.newer, state.newerBytes) = (state.newer, [:], 0)
            }
            state.newerBytes += bytes
            // Rows for several destinations are divided by the database, and what is due later may wait for long.
            for row in rows
            where inserted.remove(row.id) != nil && state.lanes.contains(row.lane) && row.destinationTopics.isEmpty
                && row.scheduledAt == nil
            {
                state.newer[row.id] = row
            }
        }
    }

    func take(_ ids: [EventID]) -> [EventID: OutboxMessage] {
        state.withLock { state in
            if state.newer.isEmpty, state.older.isEmpty { return [:] }
            var taken = [EventID: OutboxMessage](minimumCapacity: ids.count)
            for id in ids {
                taken[id] = state.newer.removeValue(forKey: id) ?? state.older.removeValue(forKey: id)
            }
            if state.newer.isEmpty { state.newerBytes = 0 }
            return taken
        }
    }
}
