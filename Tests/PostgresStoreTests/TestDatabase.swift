import EmbeddedServices
import Foundation
import Orchestration
import Testing

@testable import PostgresStore

/// One cluster per test run, one template migrated once, a database per test made from it.
enum TestCluster {
    /// How many migrations the folder has.
    static var migrationCount: Int {
        (try? FileManager.default.contentsOfDirectory(atPath: migrations))?.count { $0.hasSuffix(".up.sql") } ?? 0
    }
    static let migrations = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Migrations").path()

    static let shared: Result<PostgresCluster, any Error> = Result {
        sweep()
        return try PostgresCluster.start(folder: "\(folderPrefix)\(getpid())", durability: .fast)
    }

    private static let folderPrefix = "/tmp/genesis-tests-"

    /// Removes the folders of earlier runs, whose servers ended with them.
    private static func sweep() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/tmp")) ?? []
        for path in names.map({ "/tmp/" + $0 }) where path.hasPrefix(folderPrefix) {
            let isAlive = Int32(path.dropFirst(folderPrefix.count)).map { kill($0, 0) == 0 || errno == EPERM } ?? true
            if !isAlive { try? FileManager.default.removeItem(atPath: path) }
        }
    }

    static func ping(_ pool: PostgresPool) async throws {
        try await pool.run { connection throws(StoreError) in try connection.script("SELECT 1") }
    }

    private static let template = Task {
        let cluster = try shared.get()
        try await script("CREATE DATABASE template_genesis", cluster.connectionString())
        let migrator = try Migrator(
            connectionString: cluster.connectionString(database: "template_genesis"),
            folder: migrations
        )
        _ = try await migrator.up()
        migrator.close()
        // The connection ends on its thread; a template must have none.
        try await script(
            "ALTER DATABASE template_genesis ALLOW_CONNECTIONS false",
            cluster.connectionString()
        )
        try await script(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'template_genesis'",
            cluster.connectionString()
        )
    }

    static func script(_ sql: String, _ connectionString: String) async throws {
        let pool = try PostgresPool(connectionString: connectionString, size: 1)
        defer { pool.close() }
        try await pool.run { connection throws(StoreError) in try connection.script(sql) }
    }

    /// The connection string of a new database: empty, or with the whole schema.
    static func database(migrated: Bool = true) async throws -> String {
        let cluster = try shared.get()
        try await template.value
        let name = "t_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
        let source = migrated ? "template_genesis" : "template0"
        try await script("CREATE DATABASE \(name) TEMPLATE \(source)", cluster.connectionString())
        return cluster.connectionString(database: name)
    }
}

/// A database with the schema, and a store on it.
struct TestDatabase {
    let connectionString: String
    let pool: PostgresPool
    let store: PostgresStore
    let queries: PostgresQueries

    init(prepareStatements: Bool = true) async throws {
        connectionString = try await TestCluster.database()
        pool = try PostgresPool(connectionString: connectionString, size: 4, prepareStatements: prepareStatements)
        store = PostgresStore(pool: pool)
        queries = PostgresQueries(pool: pool)
    }

    func script(_ sql: String) async throws {
        try await pool.run { connection throws(StoreError) in try connection.script(sql) }
    }

    /// The first column of all rows, which must be text.
    func texts(_ sql: String) async throws -> [String] {
        try await pool.rows(Step(Statement("test_\(abs(sql.hashValue))", sql))) { row throws(StoreError) in
            try row.value(String.self)
        }
    }
}

func randomID<Kind>(_ kind: Kind.Type = Kind.self) -> Identifier<Kind> {
    Identifier(high: .random(in: 0 ... .max), low: .random(in: 0 ... .max))
}

/// Rows with every property set.
enum Sample {
    static let time = Instant(microseconds: 1_790_000_000_123_456)

    static func session(_ id: SessionID, version: Int = 1) -> GenesisSession {
        GenesisSession(
            id: id,
            tenantID: "default",
            userID: "u1",
            status: .inProgress,
            currentStage: .worldview,
            confirmedData: ["a": .number(1.5e300)],
            novelID: randomID(),
            workflowName: "genesis",
            workflowVersion: "1",
            workflowHash: "h",
            state: ["ä": [true, nil, "x"]],
            nextTimerAt: time,
            correlationID: "c",
            version: version,
            createdAt: time,
            updatedAt: time
        )
    }

    static func event(_ id: SessionID, version: Int) -> DomainEvent {
        DomainEvent(
            eventID: EventID(derivedFrom: id.description, String(version)),
            tenantID: "default",
            aggregateID: id,
            aggregateVersion: version,
            eventType: "Genesis.Session.Started",
            payload: ["n": .int(version)],
            metadata: [:],
            stateChange: [:],
            correlationID: "c",
            causationID: randomID(),
            userID: nil,
            occurredAt: time,
            createdAt: time
        )
    }

    static func command(_ session: SessionID, type: String = "T", status: CommandStatus = .completed) -> InboxCommand {
        let id: MessageID = randomID()
        return InboxCommand(
            id: id,
            tenantID: "default",
            sessionID: session,
            commandType: type,
            idempotencyKey: id.description,
            payload: ["k": "v"],
            correlationID: "c",
            causationID: "x",
            userID: "u1",
            metadata: [:],
            source: "kafka",
            status: status,
            verdict: .staleAttempt,
            errorMessage: nil,
            retryCount: 0,
            createdAt: time,
            updatedAt: time,
            processedAt: time
        )
    }

    static func task(_ session: SessionID, progress: String) -> AsyncTask {
        AsyncTask(
            id: randomID(),
            tenantID: "default",
            sessionID: session,
            taskType: "T",
            actorID: "a",
            triggeredByCommandID: randomID(),
            correlationID: "c",
            status: .running,
            progress: Percentage(progress) ?? .zero,
            progressMessage: "m",
            progressDetails: [:],
            inputData: [:],
            resultData: nil,
            errorData: nil,
            executionNode: "n",
            attempt: 1,
            retryCount: 0,
            maxRetries: 3,
            deadlineAt: time,
            attemptDeadlineAt: time,
            totalDeadlineAt: time,
            startedAt: time,
            completedAt: nil,
            createdAt: time,
            updatedAt: time
        )
    }

    static func handle(_ session: SessionID, correlation: String, _ status: HandleStatus = .waiting) -> ResumeHandle {
        ResumeHandle(
            id: randomID(),
            tenantID: "default",
            sessionID: session,
            correlationID: correlation,
            flowRunID: "f",
            taskName: "t",
            resumeHandle: [:],
            status: status,
            draft: 2,
            resumePayload: nil,
            resumedBy: nil,
            timeoutSeconds: 5,
            contextData: [:],
            expiresAt: time,
            nextReminderAt: time,
            pausedAt: time,
            resumedAt: nil,
            createdAt: time,
            updatedAt: time
        )
    }

    static func outbox(key: String, topic: String = "t") -> OutboxMessage {
        OutboxMessage(
            id: randomID(),
            eventID: nil,
            tenantID: "default",
            topic: topic,
            partitionKey: key,
            headers: ["h": "v"],
            payload: ["p": 1],
            rawKey: [],
            rawValue: [0, 255],
            destinationTopics: [topic],
            schemaID: "s",
            createdAt: time
        )
    }

    static func commit(_ id: SessionID, from version: Int = 0) -> Commit {
        var commit = Commit(sessionID: id, tenantID: "default", expectedVersion: version)
        commit.session = session(id, version: version + 1)
        commit.events = [event(id, version: version + 1)]
        return commit
    }

    static func batch(_ commits: Commit...) -> CommitBatch {
        var batch = CommitBatch()
        batch.commits = commits
        return batch
    }
}

/// The case of the error a body throws, or nil.
func failure(_ body: () async throws -> Void) async -> String? {
    do {
        try await body()
        return nil
    } catch {
        return String(describing: error)
    }
}
