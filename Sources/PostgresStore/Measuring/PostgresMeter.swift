package import Orchestration

/// What `genesis bench` asks a database; each question is one short transaction.
package struct PostgresMeter: Sendable {
    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// The sum of the next offsets of a topic's partitions: how many of its records are committed.
    package func recordsCommitted(topic: String) async throws(StoreError) -> Int {
        try await number(MeterStatements.committed, topic)
    }

    package func outboxIsEmpty() async throws(StoreError) -> Bool { try await number(MeterStatements.unsent) == 0 }

    /// Rows published, and the time from the first mark to the last.
    package func published() async throws(StoreError) -> (rows: Int, during: Interval) {
        (try await number(MeterStatements.sent), Interval(microseconds: Int64(try await number(MeterStatements.span))))
    }

    /// Transactions that have written something since the cluster was made; those that only read are not in it.
    package func writingTransactions() async throws(StoreError) -> Int { try await number(MeterStatements.writing) }

    /// Bytes of write-ahead log since the cluster was made.
    package func walBytes() async throws(StoreError) -> Int { try await number(MeterStatements.wal) }

    /// Rows of the tables that a command writes.
    package func rows() async throws(StoreError) -> [String: Int] {
        let pairs = try await pool.rows(Step(MeterStatements.counts)) { row throws(StoreError) in
            (try row.value(String.self), try row.value(Int.self))
        }
        return Dictionary(pairs) { first, _ in first }
    }

    /// The server's version and the settings that decide about speed and durability.
    package func settings() async throws(StoreError) -> [String: String] {
        let pairs = try await pool.rows(Step(MeterStatements.settings)) { row throws(StoreError) in
            (try row.value(String.self), try row.value(String.self))
        }
        return Dictionary(pairs) { first, _ in first }
    }

    /// How long one-row transactions take, one after another on one connection.
    package func singleCommits(_ count: Int) async throws(StoreError) -> [Interval] {
        try await pool.run { connection throws(StoreError) in
            try connection.script("CREATE TABLE IF NOT EXISTS bench_commits (n bigint, t text)")
            var times: [Interval] = []
            times.reserveCapacity(count)
            for index in 0..<max(0, count) {
                let began = ContinuousClock.now
                // A statement alone is a transaction; nothing around it is measured.
                _ = try connection.steps([
                    Step(MeterStatements.one) {
                        $0.add(index)
                        $0.add("one row")
                    }
                ])
                let (seconds, attoseconds) = (ContinuousClock.now - began).components
                times.append(Interval(microseconds: seconds * 1_000_000 + attoseconds / 1_000_000_000_000))
            }
            try connection.script("DROP TABLE bench_commits")
            return times
        }
    }

    /// Writes the batches' rows as the worker does, one transaction each; for rows that a scenario begins with.
    package func fill(_ batches: [CommitBatch]) async throws(StoreError) {
        let store = PostgresStore(pool: pool)
        for batch in batches { try await store.commit(batch) }
    }

    /// How long it takes only to read what is to be sent, `batch` rows at a time in order, with nothing made of it.
    package func readOutbox(batch: Int) async throws(StoreError) -> Duration {
        let began = ContinuousClock.now
        var last: Int64? = 0
        while let after = last {
            let step = Step(MeterStatements.read) {
                $0.add(after)
                $0.add(max(1, batch))
            }
            last = try await pool.rows(step) { row throws(StoreError) in try row.value(Int64.self) }.last
        }
        return ContinuousClock.now - began
    }

    /// How long it takes only to mark the rows as SENT, `batch` at a time, with nothing read and nothing sent.
    package func mark(_ ids: [EventID], batch: Int) async throws(StoreError) -> Duration {
        let began = ContinuousClock.now
        var rest = ids[...]
        while !rest.isEmpty {
            let step = Step(MeterStatements.mark) { $0.column(Array(rest.prefix(max(1, batch)))) { $0 } }
            rest = rest.dropFirst(max(1, batch))
            try await pool.run { connection throws(StoreError) in _ = try connection.transaction([step]) }
        }
        return ContinuousClock.now - began
    }

    private func number(_ statement: Statement, _ argument: String? = nil) async throws(StoreError) -> Int {
        let step = Step(statement) { parameters in
            if let argument { parameters.add(argument) }
        }
        return try await pool.rows(step) { row throws(StoreError) in try row.value(Int.self) }.first ?? 0
    }
}

private enum MeterStatements {
    static let committed = Statement(
        "meter_committed",
        "SELECT coalesce(sum(next_offset), 0)::bigint FROM kafka_positions WHERE topic = $1::text"
    )
    static let unsent = Statement(
        "meter_unsent",
        "SELECT count(*) FROM (SELECT 1 FROM event_outbox WHERE status <> 'SENT' LIMIT 1) AS o"
    )
    static let sent = Statement("meter_sent", "SELECT count(*) FROM event_outbox WHERE status = 'SENT'")
    static let span = Statement(
        "meter_span",
        """
        SELECT coalesce(extract(epoch FROM max(published_at) - min(published_at)) * 1000000, 0)::bigint
        FROM event_outbox
        """
    )
    static let writing = Statement(
        "meter_writing",
        "SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint"
    )
    static let wal = Statement("meter_wal", "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint")
    static let counts = Statement(
        "meter_counts",
        """
        SELECT 'command_inbox', count(*) FROM command_inbox
        UNION ALL SELECT 'genesis_sessions', count(*) FROM genesis_sessions
        UNION ALL SELECT 'domain_events', count(*) FROM domain_events
        UNION ALL SELECT 'async_tasks', count(*) FROM async_tasks
        UNION ALL SELECT 'flow_resume_handles', count(*) FROM flow_resume_handles
        UNION ALL SELECT 'event_outbox', count(*) FROM event_outbox
        """
    )
    static let settings = Statement(
        "meter_settings",
        """
        SELECT name, setting || coalesce(unit, '') FROM pg_settings WHERE name IN (
            'server_version', 'fsync', 'synchronous_commit', 'full_page_writes', 'wal_sync_method', 'shared_buffers',
            'max_wal_size', 'max_connections'
        )
        """
    )
    static let read = Statement(
        "meter_read",
        """
        SELECT o.position, o.id, o.topic, o.partition_key, o.headers, o.payload FROM event_outbox o
        WHERE o.position > $1::bigint AND o.status = 'PENDING' ORDER BY o.position LIMIT $2::bigint
        """
    )
    static let mark = Statement(
        "meter_mark",
        "UPDATE event_outbox SET status = 'SENT', published_at = clock_timestamp() WHERE id = ANY ($1::uuid[])"
    )
    static let one = Statement("meter_one", "INSERT INTO bench_commits (n, t) VALUES ($1::bigint, $2::text)")
}
