package import Orchestration

/// Some of all events, in the order of their positions.
package struct EventPage: Sendable {
    package var events: [DomainEvent]
    /// Who is still writing events and keeps the reader from going on; nil when nobody does.
    package var heldUpBy: String?
}

extension PostgresQueries {
    /// How long a page waits for transactions that are writing events, and how often it looks.
    package static let writersPatience = Interval.seconds(1)
    static let writersLookInterval = Interval.milliseconds(10)

    /// The events behind a position, none left out and in order, however late their transactions commit.
    ///
    /// Positions are given out before their transactions commit, so a lower one may become visible later. Whoever has
    /// been given one holds the table's lock for writers until his transaction ends. So: first it is seen how far the
    /// events reach, then who holds that lock; when all of those have ended, nothing can come up to there any more.
    /// Transactions that write other tables hold nobody up, and a rolled back one leaves a gap that is passed.
    ///
    /// - Parameter since: only events that happened then or later.
    /// - Throws: `.refused` on a standby, which knows nothing of the primary's transactions.
    package func allEvents(
        after position: Int64,
        since: Instant? = nil,
        limit: Int,
        patience: Interval = writersPatience
    ) async throws(StoreError) -> EventPage {
        let reach = Step(Self.reach) {
            $0.add(position)
            $0.add(since)
            $0.add(limit)
        }
        let reached = try await pool.rows(reach) { row throws(StoreError) in
            (end: try row.optional(Int64.self), isStandby: try row.value(Bool.self))
        }.first
        if reached?.isStandby == true {
            throw .refused(reason: "all events are read from the primary: a standby does not know who is still writing")
        }
        guard let end = reached?.end else { return EventPage(events: []) }
        if let writer = try await awaitWriters(patience) { return EventPage(events: [], heldUpBy: writer) }
        let read = Step(Self.upTo) {
            $0.add(position)
            $0.add(since)
            $0.add(limit)
            $0.add(end)
        }
        return EventPage(events: try await pool.rows(read, EventsTable.read))
    }

    /// Waits until all who are writing events now have ended; names one that has not after so long.
    private func awaitWriters(_ patience: Interval) async throws(StoreError) -> String? {
        let deadline = ContinuousClock.now + .microseconds(patience.microseconds)
        var writers = try await currentWriters()
        while let first = writers.first {
            if ContinuousClock.now >= deadline { return first.value }
            try? await Task.sleep(for: .microseconds(Self.writersLookInterval.microseconds))
            if Task.isCancelled { return first.value }
            let current = try await currentWriters()
            writers = writers.filter { current[$0.key] != nil }
        }
        return nil
    }

    /// Transactions by their virtual ids, which are never given twice, with words for a person.
    private func currentWriters() async throws(StoreError) -> [String: String] {
        let rows = try await pool.rows(Step(Self.writers)) { row throws(StoreError) in
            (key: try row.value(String.self), words: try row.value(String.self))
        }
        return Dictionary(rows.map { ($0.key, $0.words) }) { first, _ in first }
    }

    private static let condition = """
        global_position > $1::bigint AND ($2::timestamptz IS NULL OR occurred_at >= $2)
        """

    private static let reach = Statement(
        "all_events_reach",
        """
        SELECT max(global_position), pg_is_in_recovery() FROM (
            SELECT global_position FROM domain_events WHERE \(condition) ORDER BY global_position LIMIT $3::bigint
        ) AS page
        """
    )

    private static let upTo = Statement(
        "all_events",
        """
        SELECT \(EventsTable.columns) FROM domain_events WHERE \(condition) AND global_position <= $4::bigint
        ORDER BY global_position LIMIT $3::bigint
        """
    )

    /// INSERT takes this lock before it takes a position, and the transaction keeps it to its end, also a prepared one.
    private static let writers = Statement(
        "all_events_writers",
        """
        SELECT l.virtualtransaction, coalesce('process ' || l.pid, 'a prepared transaction')
            || coalesce(' (' || nullif(a.application_name, '') || ')', '')
            || coalesce(' since ' || to_char(a.xact_start AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), '')
        FROM pg_locks l LEFT JOIN pg_stat_activity a ON a.pid = l.pid
        WHERE l.locktype = 'relation' AND l.mode = 'RowExclusiveLock' AND l.granted
            AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
            AND l.relation = 'domain_events'::regclass
        """
    )
}
