package import Orchestration

/// What the command line asks the database: rows as they are, newest first unless said otherwise.
package struct PostgresQueries: Sendable {
    let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// - Parameter after: the last session of the page before.
    package func sessions(
        status: SessionStatus? = nil,
        user: String? = nil,
        after: GenesisSession? = nil,
        limit: Int
    ) async throws(StoreError) -> [GenesisSession] {
        let step = Step(QueryStatements.sessions) {
            $0.add(status?.rawValue)
            $0.add(user)
            $0.add(after?.createdAt)
            $0.add(after?.id)
            $0.add(limit)
        }
        return try await pool.rows(step, SessionsTable.read)
    }

    /// Sessions with an incident, and those that wait for a task to be retried; reads all open waits.
    package func sessionsInNeed(
        status: SessionStatus? = nil,
        user: String? = nil,
        limit: Int
    ) async throws(StoreError) -> [GenesisSession] {
        let step = Step(QueryStatements.sessionsInNeed) {
            $0.add(status?.rawValue)
            $0.add(user)
            $0.add(SessionMessages.retryTask)
            $0.add(limit)
        }
        return try await pool.rows(step, SessionsTable.read)
    }

    package func session(_ id: SessionID) async throws(StoreError) -> GenesisSession? {
        try await pool.rows(Step(QueryStatements.session) { $0.add(id) }, SessionsTable.read).first
    }

    /// In order of version, from the one after `version`.
    package func events(of session: SessionID, after version: Int = 0) async throws(StoreError) -> [DomainEvent] {
        let step = Step(QueryStatements.events) {
            $0.add(DomainEvent.aggregateType)
            $0.add(session)
            $0.add(version)
        }
        return try await pool.rows(step, EventsTable.read)
    }

    package func handles(
        session: SessionID? = nil,
        status: HandleStatus? = nil,
        openOnly: Bool = false,
        limit: Int
    ) async throws(StoreError) -> [ResumeHandle] {
        let step = Step(QueryStatements.handles) {
            $0.add(session)
            $0.add(status?.rawValue)
            $0.add(openOnly ? 1 : 0)
            $0.add(limit)
        }
        return try await pool.rows(step, HandlesTable.read)
    }

    package func handle(_ id: HandleID) async throws(StoreError) -> ResumeHandle? {
        try await pool.rows(Step(QueryStatements.handle) { $0.add(id) }, HandlesTable.read).first
    }

    /// The newest wait that a reply with this correlation names.
    package func handle(correlation: TenantKey) async throws(StoreError) -> ResumeHandle? {
        let step = Step(QueryStatements.handleByCorrelation) {
            $0.add(correlation.tenantID)
            $0.add(correlation.key)
        }
        return try await pool.rows(step, HandlesTable.read).first
    }

    package func tasks(
        session: SessionID? = nil,
        status: TaskStatus? = nil,
        limit: Int
    ) async throws(StoreError) -> [AsyncTask] {
        let step = Step(QueryStatements.tasks) {
            $0.add(session)
            $0.add(status?.rawValue)
            $0.add(limit)
        }
        return try await pool.rows(step, TasksTable.read)
    }

    package func task(_ id: TaskID) async throws(StoreError) -> AsyncTask? {
        try await pool.rows(Step(QueryStatements.task) { $0.add(id) }, TasksTable.read).first
    }

    package func outbox(status: OutboxStatus? = nil, limit: Int) async throws(StoreError) -> [OutboxMessage] {
        let step = Step(QueryStatements.outbox) {
            $0.add(status?.rawValue)
            $0.add(limit)
        }
        return try await pool.rows(step, OutboxTable.read)
    }

    /// For each topic and status the number of rows and the time of the oldest.
    package func outboxStatistics() async throws(StoreError) -> [OutboxCount] {
        try await pool.rows(Step(QueryStatements.outboxStatistics)) { row throws(StoreError) in
            OutboxCount(
                topic: try row.value(),
                status: try row.word(),
                count: try row.value(),
                oldest: try row.optional()
            )
        }
    }

    package func deadLetters(limit: Int) async throws(StoreError) -> [DeadLetter] {
        try await pool.rows(Step(QueryStatements.deadLetters) { $0.add(limit) }, DeadLettersTable.read)
    }

    package func deadLetter(_ id: DeadLetterID) async throws(StoreError) -> DeadLetter? {
        try await pool.rows(Step(QueryStatements.deadLetter) { $0.add(id) }, DeadLettersTable.read).first
    }

    package func command(_ id: MessageID) async throws(StoreError) -> InboxCommand? {
        try await pool.rows(Step(QueryStatements.command) { $0.add(id) }, InboxTable.read).first
    }

    package func command(key: TenantKey) async throws(StoreError) -> InboxCommand? {
        let step = Step(QueryStatements.commandByKey) {
            $0.add(key.tenantID)
            $0.add(key.key)
        }
        return try await pool.rows(step, InboxTable.read).first
    }

    package func commands(session: SessionID? = nil, limit: Int) async throws(StoreError) -> [InboxCommand] {
        let step = Step(QueryStatements.commands) {
            $0.add(session)
            $0.add(limit)
        }
        return try await pool.rows(step, InboxTable.read)
    }

    /// Commands and replies that changed nothing, newest first.
    package func refused(session: SessionID? = nil, limit: Int) async throws(StoreError) -> [InboxCommand] {
        let step = Step(QueryStatements.refused) {
            $0.add(session)
            $0.add(limit)
            $0.add(SessionMessages.commandPrefix)
        }
        return try await pool.rows(step, InboxTable.read)
    }

    /// What agents and operators said about a task, newest first.
    package func commands(about task: AsyncTask, limit: Int) async throws(StoreError) -> [InboxCommand] {
        let step = Step(QueryStatements.commandsAboutTask) {
            $0.add(task.sessionID)
            $0.add(task.id.description)
            $0.add(limit)
        }
        return try await pool.rows(step, InboxTable.read)
    }

    /// Hands a command to the workers: an inbox row in RECEIVED without verdict; times are the database's.
    ///
    /// A second one of the type in the session, or with the same key, is `.duplicate`.
    package func insert(_ command: InboxCommand) async throws(StoreError) {
        let step = Step(QueryStatements.insertCommand) {
            $0.add(command.id)
            $0.add(command.tenantID)
            $0.add(command.sessionID)
            $0.add(command.aggregateType)
            $0.add(command.commandType)
            $0.add(command.idempotencyKey)
            $0.add(command.payload)
            $0.add(command.correlationID)
            $0.add(command.causationID)
            $0.add(command.userID)
            $0.add(command.metadata)
            $0.add(command.source)
            $0.add(command.status.rawValue)
        }
        try await pool.run { connection throws(StoreError) in _ = try connection.transaction([step]) }
    }

    /// What keeps the command from being inserted: the row with its key, or one of its type that is still pending.
    package func earlier(than command: InboxCommand) async throws(StoreError) -> InboxCommand? {
        let step = Step(QueryStatements.earlierCommand) {
            $0.add(command.tenantID)
            $0.add(command.idempotencyKey)
            $0.add(command.sessionID)
            $0.add(command.commandType)
        }
        return try await pool.rows(step, InboxTable.read).first
    }

    package func sessionCounts() async throws(StoreError) -> [SessionStatus: Int] {
        let pairs = try await pool.rows(Step(QueryStatements.sessionCounts)) { row throws(StoreError) in
            (try row.word(SessionStatus.self), try row.value(Int.self))
        }
        return Dictionary(pairs) { _, last in last }
    }

    /// Forgets the positions in all clusters; for a broker that has forgotten its records.
    package func forgetPositions() async throws(StoreError) {
        try await pool.run { connection throws(StoreError) in
            _ = try connection.transaction([Step(PositionsTable.forget)])
        }
    }

    /// Where each partition is, who owns it, and which stand still.
    package func positions() async throws(StoreError) -> [OwnedPosition] {
        try await pool.rows(Step(PositionsTable.all), PositionsTable.read)
    }

    /// Sets the position of a partition that has stopped; nil is the beginning. Its owner takes it up from there.
    ///
    /// - Returns: the row before; nothing has changed unless it has a stop reason. Nil when there is none.
    package func resetPosition(
        cluster: String,
        partition: TopicPartition,
        to offset: Int64?,
        by name: String
    ) async throws(StoreError) -> OwnedPosition? {
        let step = Step(PositionsTable.reset) {
            $0.add(cluster)
            $0.add(partition.topic)
            $0.add(partition.partition)
            $0.add(offset)
            $0.add(OwnedPosition.operatorMark + name)
        }
        return try await pool.rows(step, PositionsTable.read).first
    }

    /// Settings of the server with which a commit it has answered can be lost, such as `fsync=off`; empty when durable.
    package func lossySettings() async throws(StoreError) -> [String] {
        try await pool.rows(
            Step(
                Statement(
                    "lossy_settings",
                    """
                    SELECT name || '=' || setting FROM pg_settings
                    WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit') AND setting = 'off' ORDER BY name
                    """
                )
            )
        ) { row throws(StoreError) in try row.value(String.self) }
    }

    package func close() { pool.close() }

    func run<Result: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) throws(StoreError) -> Result
    ) async throws(StoreError) -> Result {
        try await pool.run(body)
    }
}

/// How many outbox rows of a topic are in a status, and the oldest of them.
package struct OutboxCount: Equatable, Sendable {
    package var topic: String
    package var status: OutboxStatus
    package var count: Int
    package var oldest: Instant?
}
