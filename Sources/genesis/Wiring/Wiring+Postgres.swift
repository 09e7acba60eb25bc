internal import EmbeddedServices
internal import Orchestration
internal import PostgresStore

extension Wiring {
    /// Connections of one worker: batches of several partitions, poller, sweeper and relay side by side.
    static let workerConnections = 6
    /// Connections of a command: it asks one question after another.
    static let commandConnections = 1

    static func pool(_ configuration: Configuration, size: Int) throws -> PostgresPool {
        try PostgresPool(
            connectionString: configuration.required(.databaseURL),
            size: size,
            prepareStatements: configuration.value(.prepareStatements) != "off"
        )
    }

    static func queries(_ configuration: Configuration) async throws -> any SessionQueries {
        let migrator = try Migrator(
            connectionString: configuration.required(.databaseURL),
            folder: configuration.path(.migrations)
        )
        defer { migrator.close() }
        try await migrator.requireCurrent()
        return DatabaseQueries(pool: try pool(configuration, size: commandConnections))
    }

    static func migrations(_ configuration: Configuration) throws -> any SchemaMigrations {
        try DatabaseMigrations(
            migrator: Migrator(
                // Printing the SQL needs no database, so none need be named for it.
                connectionString: configuration.value(.databaseURL) ?? "",
                folder: configuration.path(.migrations)
            ),
            isNamed: configuration.value(.databaseURL) != nil
        )
    }

    static let developmentDatabaseName = "genesis"

    static func developmentDatabase(folder: String) async throws -> any DevelopmentDatabase {
        do {
            let cluster = try PostgresCluster.start(
                folder: FilePath.join(folder, "postgres"),
                durability: .durable,
                tcp: true
            )
            let administration = try PostgresPool(connectionString: cluster.connectionString(), size: 1)
            defer { administration.close() }
            try await PostgresQueries(pool: administration).createDatabaseIfMissing(developmentDatabaseName)
            return RunningCluster(cluster: cluster)
        } catch let failure as PostgresCluster.Failure {
            throw CommandFailure.unavailable(failure.description)
        }
    }
}

private struct RunningCluster: DevelopmentDatabase {
    let cluster: PostgresCluster

    var url: String { cluster.connectionString(database: Wiring.developmentDatabaseName) }
    var isRunning: Bool { cluster.isRunning }
    func stop() { cluster.stop() }
}

private struct DatabaseMigrations: SchemaMigrations {
    let migrator: Migrator
    let isNamed: Bool

    private func requireDatabase() throws {
        guard isNamed else { throw CommandFailure.usage("GENESIS_DATABASE_URL is not set; which database is meant?") }
    }

    func up() async throws -> [String] {
        try requireDatabase()
        return try await migrator.up()
    }

    func down(count: Int) async throws -> [String] {
        try requireDatabase()
        return try await migrator.down(count: count)
    }

    func status() async throws -> [MigrationStatus] {
        try requireDatabase()
        return try await migrator.status().map {
            MigrationStatus(name: $0.name, state: $0.state.rawValue, appliedAt: $0.appliedAt?.description)
        }
    }

    func verify() async throws -> [SchemaObject] {
        try requireDatabase()
        try await migrator.requireCurrent()
        return try await migrator.verify().map { SchemaObject(kind: $0.kind, name: $0.name, isPresent: $0.isPresent) }
    }

    func sql() async throws -> String { migrator.dumpSQL() }
}

private struct DatabaseQueries: SessionQueries {
    let rows: PostgresQueries
    let store: any Store

    init(pool: PostgresPool) {
        rows = PostgresQueries(pool: pool)
        store = PostgresStore(pool: pool)
    }

    func setDefinition(_ hash: String, isEnabled: Bool) async throws(StoreError) -> Bool {
        try await rows.setDefinition(hash, isEnabled: isEnabled)
    }
    func liveSessions(on hash: String, after last: SessionID?, limit: Int) async throws(StoreError) -> [SessionID] {
        try await rows.liveSessions(on: hash, after: last, limit: limit)
    }
    func sessions(status: SessionStatus?, user: String?, limit: Int) async throws(StoreError) -> [GenesisSession] {
        try await rows.sessions(status: status, user: user, limit: limit)
    }
    func sessionsInNeed(status: SessionStatus?, user: String?, limit: Int) async throws(StoreError) -> [GenesisSession]
    {
        try await rows.sessionsInNeed(status: status, user: user, limit: limit)
    }
    func session(_ id: SessionID) async throws(StoreError) -> GenesisSession? { try await rows.session(id) }
    func events(of session: SessionID) async throws(StoreError) -> [DomainEvent] { try await rows.events(of: session) }
    func allEvents(after position: Int64, since: Instant?, limit: Int) async throws(StoreError) -> AllEvents {
        let page = try await rows.allEvents(after: position, since: since, limit: limit)
        return AllEvents(events: page.events, heldUpBy: page.heldUpBy)
    }
    func handles(session: SessionID?, openOnly: Bool, limit: Int) async throws(StoreError) -> [ResumeHandle] {
        try await rows.handles(session: session, openOnly: openOnly, limit: limit)
    }
    func handle(_ id: HandleID) async throws(StoreError) -> ResumeHandle? { try await rows.handle(id) }
    func handle(correlation: TenantKey) async throws(StoreError) -> ResumeHandle? {
        try await rows.handle(correlation: correlation)
    }
    func tasks(session: SessionID?, status: TaskStatus?, limit: Int) async throws(StoreError) -> [AsyncTask] {
        try await rows.tasks(session: session, status: status, limit: limit)
    }
    func task(_ id: TaskID) async throws(StoreError) -> AsyncTask? { try await rows.task(id) }
    func outbox(status: OutboxStatus?, limit: Int) async throws(StoreError) -> [OutboxMessage] {
        try await rows.outbox(status: status, limit: limit)
    }
    func outboxStatistics() async throws(StoreError) -> [OutboxStatistic] {
        try await rows.outboxStatistics().map {
            OutboxStatistic(topic: $0.topic, status: $0.status, count: $0.count, oldest: $0.oldest)
        }
    }
    func deadLetters(limit: Int) async throws(StoreError) -> [DeadLetter] { try await rows.deadLetters(limit: limit) }
    func deadLetter(_ id: DeadLetterID) async throws(StoreError) -> DeadLetter? { try await rows.deadLetter(id) }
    func insert(_ command: InboxCommand) async throws(StoreError) { try await rows.insert(command) }
    func earlier(than command: InboxCommand) async throws(StoreError) -> InboxCommand? {
        try await rows.earlier(than: command)
    }
    func commands(session: SessionID, limit: Int) async throws(StoreError) -> [InboxCommand] {
        try await rows.commands(session: session, limit: limit)
    }
    func refused(session: SessionID?, limit: Int) async throws(StoreError) -> [InboxCommand] {
        try await rows.refused(session: session, limit: limit)
    }
    func commands(about task: AsyncTask, limit: Int) async throws(StoreError) -> [InboxCommand] {
        try await rows.commands(about: task, limit: limit)
    }
    func command(_ id: MessageID) async throws(StoreError) -> InboxCommand? { try await rows.command(id) }
    func liveVersions() async throws(StoreError) -> [LiveVersion] {
        try await rows.liveVersions().map {
            LiveVersion(name: $0.name, version: $0.version, hash: $0.hash, sessions: $0.sessions)
        }
    }
    func liveStates(workflow: String) async throws(StoreError) -> [String: Int] {
        try await rows.liveStates(workflow: workflow)
    }
    func forgetPositions() async throws(StoreError) { try await rows.forgetPositions() }
    func positions() async throws(StoreError) -> [OwnedPosition] { try await rows.positions() }
    func resetPosition(
        cluster: String,
        partition: TopicPartition,
        to offset: Int64?,
        by name: String
    ) async throws(StoreError) -> OwnedPosition? {
        try await rows.resetPosition(cluster: cluster, partition: partition, to: offset, by: name)
    }
    func requeueDeadLetters(_ ids: [DeadLetterID], again: Bool, tenantID: String, by name: String) async throws -> Int {
        switch try await rows.requeueDeadLetters(ids, again: again, tenantID: tenantID, by: name) {
        case .done(let count): return count
        case .unknown(let id): throw CommandFailure.notSo("there is no dead letter \(id); nothing was requeued")
        case .already(let id, let time, let name):
            throw CommandFailure.notSo(
                "dead letter \(id) was requeued by \(name ?? "a newer worker") at \(time) already; nothing was requeued "
                    + "(--again does it once more)"
            )
        }
    }
    func requeueWaitingDeadLetters(
        reason: DeadLetter.Reason?,
        tenantID: String,
        by name: String
    ) async throws(StoreError) -> Int {
        var total = 0
        while true {
            let count = try await rows.requeueWaitingDeadLetters(reason: reason, tenantID: tenantID, by: name)
            total += count
            if count < PostgresQueries.requeueBatchMax { return total }
        }
    }
    func importOutbox(
        from table: String,
        _ defaults: OlderOutboxRow.Defaults,
        isRehearsal: Bool
    ) async throws(StoreError) -> OutboxImport {
        let count = try await rows.importOutbox(from: table, defaults, isRehearsal: isRehearsal)
        return OutboxImport(read: count.read, imported: count.imported, known: count.known, refused: count.refused)
    }
    func requeueOutbox(_ ids: [EventID], by name: String) async throws(StoreError) -> [EventID: OutboxStatus] {
        try await rows.requeueOutbox(ids, by: name)
    }
    func requeueDeadOutbox(by name: String) async throws(StoreError) -> Int {
        try await rows.requeueDeadOutbox(by: name)
    }
    func skipOutbox(_ id: EventID, by name: String, reason: String) async throws(StoreError) -> OutboxStatus? {
        try await rows.skipOutbox(id, by: name, reason: reason)
    }
    func close() async { rows.close() }
}
