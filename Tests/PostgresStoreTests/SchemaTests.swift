import EmbeddedServices
import Foundation
import Orchestration
import Testing

@testable import PostgresStore

@Suite struct SchemaTests {
    private static let catalog = """
        SELECT x FROM (
            SELECT 'class ' || relname || relkind::text AS x FROM pg_class WHERE relnamespace = 'public'::regnamespace
            UNION ALL SELECT 'type ' || typname FROM pg_type WHERE typnamespace = 'public'::regnamespace
            UNION ALL SELECT 'function ' || oid::regprocedure FROM pg_proc WHERE pronamespace = 'public'::regnamespace
        ) AS c ORDER BY x
        """

    private func columns(of value: Any) -> [String] {
        Mirror(reflecting: value).children.compactMap(\.label).map { name in
            name.replacing("ID", with: "Id").replacing("BC", with: "Bc")
                .reduce(into: "") { $0 += $1.isUppercase ? "_" + $1.lowercased() : String($1) }
        }
    }

    @Test func `a database that cannot hold every text gets no schema`() async throws {
        let cluster = try TestCluster.shared.get()
        try await TestCluster.script(
            "CREATE DATABASE latin1 ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' TEMPLATE template0",
            cluster.connectionString()
        )
        let migrator = try Migrator(
            connectionString: cluster.connectionString(database: "latin1"),
            folder: TestCluster.migrations
        )
        defer { migrator.close() }
        let fault = await failure { _ = try await migrator.up() }
        #expect(fault?.contains("encoding is LATIN1") == true, "\(fault ?? "")")
        let tables = try await migrator.status()
        #expect(tables.allSatisfy { $0.state == .pending })
    }

    @Test func `every model has exactly its table's columns`() async throws {
        let database = try await TestDatabase()
        let id: SessionID = randomID()
        let letter = DeadLetter(
            id: randomID(),
            clusterID: "c",
            topic: "t",
            partition: 0,
            recordOffset: 0,
            recordKey: nil,
            recordValue: nil,
            headers: [],
            reason: .refused,
            detail: "",
            createdAt: Sample.time
        )
        let position = OwnedPosition(
            clusterID: "",
            topic: "",
            partition: 0,
            nextOffset: nil,
            ownerEpoch: 0,
            ownerID: "",
            updatedAt: Sample.time
        )
        let definition = WorkflowDefinition(hash: "", name: "", version: "", source: "", createdAt: Sample.time)
        let models: [(String, Any)] = [
            ("genesis_sessions", Sample.session(id)), ("domain_events", Sample.event(id, version: 1)),
            ("command_inbox", Sample.command(id)), ("async_tasks", Sample.task(id, progress: "0")),
            ("flow_resume_handles", Sample.handle(id, correlation: "")), ("event_outbox", Sample.outbox(key: "")),
            ("dead_letters", letter), ("kafka_positions", position), ("workflow_definitions", definition),
        ]
        for (table, model) in models {
            let names = try await database.texts(
                "SELECT column_name::text FROM information_schema.columns WHERE table_name = '\(table)' "
                    + "AND table_schema = 'public' ORDER BY 1"
            )
            #expect(names == columns(of: model).sorted(), "\(table)")
        }
    }

    @Test func `every enum has exactly the catalog's words`() async throws {
        let database = try await TestDatabase()
        let enums: [String: [String]] = [
            "genesis_status": SessionStatus.allCases.map(\.rawValue),
            "genesis_stage": GenesisStage.allCases.map(\.rawValue),
            "command_status": CommandStatus.allCases.map(\.rawValue),
            "task_status": TaskStatus.allCases.map(\.rawValue),
            "outbox_status": OutboxStatus.allCases.map(\.rawValue),
            "handle_status": HandleStatus.allCases.map(\.rawValue),
            "reply_verdict": Verdict.allCases.map(\.rawValue),
        ]
        for (name, words) in enums {
            let found = try await database.texts(
                "SELECT enumlabel::text FROM pg_enum WHERE enumtypid = '\(name)'::regtype ORDER BY enumsortorder"
            )
            #expect(found == words, "\(name)")
        }
    }

    @Test func `up, down and up again leaves no trace`() async throws {
        let string = try await TestCluster.database(migrated: false)
        let pool = try PostgresPool(connectionString: string, size: 1)
        let look = { () async throws -> [String] in
            try await pool.rows(Step(Statement("catalog", Self.catalog))) { row throws(StoreError) in
                try row.value(String.self)
            }
        }
        let migrator = try Migrator(connectionString: string, folder: TestCluster.migrations)
        let before = try await look()
        #expect(await failure { try await migrator.requireCurrent() }?.contains("genesis migrate up") == true)
        let applied = try await migrator.up()
        #expect(applied.count == TestCluster.migrationCount)
        #expect(try await migrator.up() == [])
        let after = try await look()
        try await migrator.requireCurrent()
        #expect(try await migrator.verify().allSatisfy(\.isPresent))
        #expect(try await migrator.down(to: 0) == applied.reversed())
        #expect(try await look() == before)
        #expect(try await migrator.verify().allSatisfy { !$0.isPresent })
        _ = try await migrator.up()
        #expect(try await look() == after)
    }

    @Test func `two migrators at once share the work`() async throws {
        let string = try await TestCluster.database(migrated: false)
        let first = try Migrator(connectionString: string, folder: TestCluster.migrations)
        let second = try Migrator(connectionString: string, folder: TestCluster.migrations)
        async let one = first.up()
        async let two = second.up()
        #expect(try await (one + two).count == TestCluster.migrationCount)
    }

    @Test func `a changed migration and a newer schema are refused`() async throws {
        let database = try await TestDatabase()
        let migrator = try Migrator(connectionString: database.connectionString, folder: TestCluster.migrations)
        try await database.script("INSERT INTO genesis_migrations VALUES (9999, '9999_future', 'x')")
        #expect(await failure { _ = try await migrator.up() }?.contains("newer than this program") == true)
        #expect(await failure { try await migrator.requireCurrent() }?.contains("9999_future") == true)
        try await database.script("DELETE FROM genesis_migrations WHERE version = 9999")
        try await database.script("UPDATE genesis_migrations SET checksum = 'x' WHERE version = 2")
        #expect(await failure { _ = try await migrator.up() }?.contains("was changed") == true)
    }

    @Test func `every index says which question it answers`() async throws {
        let database = try await TestDatabase()
        let silent = try await database.texts(
            """
            SELECT c.relname::text FROM pg_class c
            WHERE c.relkind = 'i' AND c.relnamespace = 'public'::regnamespace
                AND obj_description(c.oid, 'pg_class') IS NULL
                AND NOT EXISTS (SELECT 1 FROM pg_constraint k WHERE k.conindid = c.oid)
            """
        )
        #expect(silent == [])
    }

    @Test func `events never change`() async throws {
        let database = try await TestDatabase()
        try await database.store.commit(Sample.batch(Sample.commit(randomID())))
        for sql in [
            "UPDATE domain_events SET payload = '{}'", "DELETE FROM domain_events", "TRUNCATE domain_events CASCADE",
        ] {
            #expect(await failure { try await database.script(sql) }?.contains("never change") == true, "\(sql)")
        }
    }

    @Test func `a row with three columns is a whole command, and command_box shows it`() async throws {
        let database = try await TestDatabase()
        let id: SessionID = randomID()
        try await database.script(
            "INSERT INTO command_inbox (session_id, command_type, payload) VALUES ('\(id)', 'A', '{}')"
        )
        let received = try await database.store.receivedCommands(limit: 5)
        #expect(received.map(\.idempotencyKey) == received.map(\.id.description))
        try await database.script(
            "INSERT INTO command_box (aggregate_id, command_type, status) VALUES ('\(id)', 'B', 'PENDING')"
        )
        #expect(try await database.store.receivedCommands(limit: 5).map(\.commandType) == ["A", "B"])
        #expect(try await database.texts("SELECT DISTINCT status FROM command_box") == ["PENDING"])
        #expect(
            await failure { try await database.script("UPDATE command_box SET status = 'COMPLETED'") }?
                .contains("UPDATE refused") == true
        )
        try await database.script("DELETE FROM command_box WHERE command_type = 'A'")
        #expect(try await database.store.receivedCommands(limit: 5).map(\.commandType) == ["B"])
        try await database.script("UPDATE command_inbox SET status = 'COMPLETED'")
        #expect(try await database.texts("SELECT (updated_at > created_at)::text FROM command_inbox") == ["true"])
    }

    @Test func `a row whose place is taken waits to be decided, and one that somebody failed does not`() async throws {
        let database = try await TestDatabase()
        let session: SessionID = randomID()
        var row = Sample.command(session, status: .received)
        row.verdict = nil
        try await database.queries.insert(row)
        var other = row
        (other.id, other.idempotencyKey) = (randomID(), "another")
        await #expect(throws: StoreError.self) { try await database.queries.insert(other) }
        let found = try #require(try await database.queries.earlier(than: other))
        #expect(found.id == row.id)
        try await database.queries.insert(other.behind(found))
        try await database.script(
            "INSERT INTO command_inbox (session_id, command_type, status) VALUES ('\(session)', 'F', 'FAILED')"
        )
        #expect(try await database.store.receivedCommands(limit: 9).map(\.id) == [row.id, other.id])
    }

    @Test func `what is past its time is found, oldest first`() async throws {
        let database = try await TestDatabase()
        let id: SessionID = randomID()
        var commit = Sample.commit(id)
        commit.session?.nextTimerAt = Instant(microseconds: 3)
        commit.handles = [Sample.handle(id, correlation: "w")]
        commit.handles[0].expiresAt = Instant(microseconds: 1)
        commit.handles[0].nextReminderAt = Instant(microseconds: 0)
        commit.tasks = [Sample.task(id, progress: "1")]
        commit.tasks[0].deadlineAt = Instant(microseconds: 2)
        try await database.store.commit(Sample.batch(commit))
        let due = try await database.store.dueInputs(limit: 10)
        #expect(
            due.map(\.kind) == [
                .reminder(commit.handles[0].id), .handle(commit.handles[0].id), .task(commit.tasks[0].id, attempt: 1),
                .timer,
            ]
        )
    }

    @Test func `every question has an answer on an empty database`() async throws {
        let database = try await TestDatabase()
        let queries = database.queries
        #expect(try await queries.sessions(limit: 1).isEmpty)
        #expect(try await queries.handles(openOnly: true, limit: 1).isEmpty)
        #expect(try await queries.tasks(limit: 1).isEmpty)
        #expect(try await queries.outboxStatistics().isEmpty)
        #expect(try await queries.deadLetters(limit: 1).isEmpty)
        #expect(try await queries.deadLetter(randomID()) == nil)
        #expect(try await queries.command(randomID()) == nil)
        #expect(try await queries.command(key: TenantKey(tenantID: "a", key: "b")) == nil)
        #expect(try await queries.commands(limit: 1).isEmpty)
        #expect(try await queries.sessionCounts().isEmpty)
        #expect(try await queries.handle(randomID()) == nil)
        var definition = WorkflowDefinition(
            hash: SHA256.hexadecimal(of: []),
            name: "n",
            version: "1",
            source: "s",
            createdAt: Sample.time
        )
        try await database.store.saveDefinition(definition)
        try await database.store.saveDefinition(definition)
        // The time is the database's.
        definition.createdAt = try #require(try await database.store.definition(hash: definition.hash)).createdAt
        #expect(try await queries.setDefinition(definition.hash, isEnabled: false))
        definition.isEnabled = false
        #expect(try await database.store.definition(hash: definition.hash) == definition)
        try await queries.insert(Sample.command(randomID(), status: .received))
        #expect(try await database.store.receivedCommands(limit: 1).count == 1)
        try await queries.forgetPositions()
    }
}
