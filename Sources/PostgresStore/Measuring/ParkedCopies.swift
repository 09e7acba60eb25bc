package import Orchestration

/// One session that waits, many times over: its rows as the worker wrote them, copied under other ids.
package struct ParkedCopies: Sendable {
    private let pool: PostgresPool
    private let template: SessionID

    package init(of template: SessionID, pool: PostgresPool) {
        self.template = template
        self.pool = pool
    }

    /// How many copies one statement makes; more at once gain nothing and hold more locks.
    static let chunk = 20_000

    /// Makes the copies with these numbers. Deadlines and reminders lie spread over a week, none within the next hour.
    ///
    /// Keys and indexes are made anew afterwards, and autovacuum and checkpoints wait: all that only saves time.
    package func make(_ numbers: Range<Int>) async throws {
        let (references, keys) = (try await removable(Self.references), try await removable(Self.keys))
        let indexes = try await removable(Self.indexes)
        for object in references + keys + indexes { try await script(object.removal) }
        for table in Self.tables { try await script(table.setUp(of: template)) }
        try await setWriteAheadLog("64GB")
        var copies: [String] = []
        for table in Self.tables {
            for start in stride(from: numbers.lowerBound, to: numbers.upperBound, by: Self.chunk) {
                copies.append(table.copy(from: start, to: min(start + Self.chunk, numbers.upperBound) - 1))
            }
        }
        try await scripts(copies)
        for table in Self.tables { try await script(table.cleanUp) }
        try await scripts((keys + indexes).map { "SET maintenance_work_mem = '256MB'; \($0.making)" })
        for object in references { try await script(object.making) }
        try await setWriteAheadLog(nil)
    }

    /// Only of a server of our own: no other lets us.
    private func setWriteAheadLog(_ size: String?) async throws(StoreError) {
        let rights = Statement("parked_rights", "SELECT rolsuper::text FROM pg_roles WHERE rolname = current_user")
        let isOurs = try await pool.rows(Step(rights)) { row throws(StoreError) in try row.value(String.self) }
        guard isOurs == ["true"] else { return }
        try await script("ALTER SYSTEM \(size.map { "SET max_wal_size = '\($0)'" } ?? "RESET max_wal_size")")
        try await script("SELECT pg_reload_conf()")
    }

    private static let names = "ANY ('{\(tables.map(\.name).joined(separator: ","))}')"
    private static let indexes = Statement(
        "parked_indexes",
        """
        SELECT 'DROP INDEX ' || i.indexname, i.indexdef FROM pg_indexes i
        WHERE i.schemaname = current_schema() AND i.tablename = \(names)
            AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conname = i.indexname)
        """
    )
    private static let keys = constraints(
        "parked_keys",
        "c.contype IN ('p', 'u') AND c.conrelid::regclass::text = \(names)"
    )
    private static let references = constraints(
        "parked_references",
        "c.contype = 'f' AND c.confrelid::regclass::text = \(names)"
    )

    private static func constraints(_ name: String, _ condition: String) -> Statement {
        Statement(
            name,
            """
            SELECT 'ALTER TABLE ' || t || ' DROP CONSTRAINT ' || conname,
                'ALTER TABLE ' || t || ' ADD CONSTRAINT ' || conname || ' ' || definition
            FROM (
                SELECT c.conrelid::regclass::text AS t, c.conname, pg_get_constraintdef(c.oid) AS definition
                FROM pg_constraint AS c WHERE \(condition)
            ) AS x
            """
        )
    }

    /// How something that only costs time while rows are copied is taken away, and made anew.
    private func removable(_ statement: Statement) async throws(StoreError) -> [(removal: String, making: String)] {
        try await pool.rows(Step(statement)) { row throws(StoreError) in
            (removal: try row.value(String.self), making: try row.value(String.self))
        }
    }

    /// What autovacuum does in time, and what the checkpointer does: a database gets so many waits over months.
    package func settle() async throws {
        try await scripts(Self.tables.map { "VACUUM (ANALYZE) \($0.name)" })
        try await script("CHECKPOINT")
    }

    /// Lets the deadlines of the copies pass, and takes that back.
    package func makeDue(_ numbers: Range<Int>) async throws(StoreError) { try await shift(numbers, "now()") }
    package func makeUndue(_ numbers: Range<Int>) async throws(StoreError) {
        try await shift(numbers, "now() + interval '7 days'")
    }

    /// How many of the copies still wait.
    package func waiting(_ numbers: Range<Int>) async throws(StoreError) -> Int {
        let sql = """
            SELECT count(*) FROM flow_resume_handles
            WHERE status = 'WAITING' AND id IN (\(Self.ids(template, numbers)))
            """
        let statement = Statement("parked_waiting_\(numbers.lowerBound)", sql)
        return try await pool.rows(Step(statement)) { row throws(StoreError) in
            try row.value(Int.self)
        }.first ?? 0
    }

    /// How long the sweeper's question takes, and how many rows it gets.
    package func sweeps(_ count: Int, limit: Int) async throws(StoreError) -> (times: [Interval], found: Int) {
        let store = PostgresStore(pool: pool)
        var (times, found): ([Interval], Int) = ([], 0)
        for _ in 0..<count {
            let began = ContinuousClock.now
            found = try await store.dueInputs(limit: limit).count
            let (seconds, attoseconds) = (ContinuousClock.now - began).components
            times.append(Interval(microseconds: seconds * 1_000_000 + attoseconds / 1_000_000_000_000))
        }
        return (times, found)
    }

    /// Connections of other programs to this database.
    package func connections() async throws(StoreError) -> Int {
        let sql = """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid()
            """
        return try await pool.rows(Step(Statement("parked_connections", sql))) { row throws(StoreError) in
            try row.value(Int.self)
        }.first ?? 0
    }

    private func shift(_ numbers: Range<Int>, _ time: String) async throws(StoreError) {
        try await script(
            """
            UPDATE flow_resume_handles SET expires_at = \(time)
            WHERE status = 'WAITING' AND id IN (\(Self.ids(template, numbers)))
            """
        )
    }

    private static func ids(_ template: SessionID, _ numbers: Range<Int>) -> String {
        """
        SELECT \(CopiedTable.identifier("id")) FROM flow_resume_handles AS r,
            generate_series(\(numbers.lowerBound), \(numbers.upperBound - 1)) AS n
        WHERE r.session_id = '\(template)'
        """
    }

    /// How many statements run side by side; no more than the pool has connections.
    private static let width = 2

    private func scripts(_ all: [String]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (place, sql) in all.enumerated() {
                if place >= Self.width { try await group.next() }
                group.addTask { try await script(sql) }
            }
            try await group.waitForAll()
        }
    }

    private func script(_ sql: String) async throws(StoreError) {
        try await pool.run { connection throws(StoreError) in try connection.script(sql) }
    }

    /// What a session that waits consists of; what has been published is no longer there.
    private static let tables = [
        CopiedTable("genesis_sessions", SessionsTable.columns, session: "id"),
        CopiedTable("flow_resume_handles", HandlesTable.columns, session: "session_id", own: ["id", "correlation_id"])
            .spreading(["expires_at", "next_reminder_at"]),
        CopiedTable("async_tasks", TasksTable.columns, session: "session_id", own: ["id"]),
        CopiedTable("command_inbox", InboxTable.columns, session: "session_id", own: ["id", "idempotency_key"]),
        CopiedTable("domain_events", EventsTable.columns, session: "aggregate_id", own: ["event_id"]),
    ]
}

/// How the rows of one table are copied.
private struct CopiedTable {
    let name: String
    private var columns: [String]
    private var values: [String: String]
    private let session: String

    /// - Parameters:
    ///   - session: the column that names the session.
    ///   - own: columns that are different in every row.
    init(_ name: String, _ columns: String, session: String, own: [String] = []) {
        self.name = name
        self.session = session
        self.columns = columns.split { $0 == "," || $0 == "\n" || $0 == " " }
            .map { String($0.prefix { $0 != ":" }) }
            // The database numbers these itself.
            .filter { $0 != "arrival" && $0 != "global_position" }
        values = [session: Self.sessionID]
        for column in own {
            values[column] = Self.identifier(column) + (column == "id" || column == "event_id" ? "" : "::text")
        }
    }

    func spreading(_ times: [String]) -> CopiedTable {
        var table = self
        for column in times { table.values[column] = "r.\(column) + (n % 600000) * interval '1 second'" }
        return table
    }

    static let sessionID = "md5('parked session ' || n)::uuid"
    static func identifier(_ column: String) -> String { "md5('parked ' || r.\(column) || n)::uuid" }

    /// What is copied stands alone meanwhile, or it would be looked for among all copies each time.
    func setUp(of template: SessionID) -> String {
        """
        CREATE TABLE \(original) AS SELECT * FROM \(name) WHERE \(session) = '\(template)';
        ALTER TABLE \(name) SET (autovacuum_enabled = off)
        """
    }

    var cleanUp: String { "DROP TABLE \(original); ALTER TABLE \(name) RESET (autovacuum_enabled)" }

    private var original: String { "parked_\(name)" }

    func copy(from first: Int, to last: Int) -> String {
        let selected = columns.map { values[$0] ?? "r.\($0)" }.joined(separator: ", ")
        return """
            SET synchronous_commit = off;
            INSERT INTO \(name) (\(columns.joined(separator: ", ")))
            SELECT \(selected) FROM \(original) AS r, generate_series(\(first), \(last)) AS n ORDER BY n;
            RESET synchronous_commit
            """
    }
}
