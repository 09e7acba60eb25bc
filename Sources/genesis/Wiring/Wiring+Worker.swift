internal import KafkaTransport
internal import Orchestration
internal import PostgresStore
internal import WorkerRuntime

extension Wiring {
    /// Connections of one worker: batches of several partitions, the poller, the sweeper and the relay side by side.
    static let workerConnections = 6

    /// Joins the parts to a worker and runs it until a signal.
    static func runWorker(_ configuration: Configuration) async throws {
        let log = configuration.log
        let signals = TerminationSignals()
        let workflows = try workflows(configuration)
        try await migrator(configuration).requireCurrent()
        let kafka = try kafka(configuration)
        try await requireTopics(of: workflows, kafka)

        let pool = try PostgresPool(
            connectionString: try configuration.required(.databaseURL),
            size: workerConnections,
            prepareStatements: configuration.preparesStatements
        )
        defer { pool.close() }
        let store = PostgresStore(pool: pool)
        let catalog = WorkflowCatalog(reader: workflowReader(lenient: false), store: store)
        try await catalog.adopt(workflows)

        var settings = WorkerSettings(node: configuration.node)
        settings.defaultTenant = configuration.tenant
        settings.commandsTopic = Topics.commands
        settings.eventsTopic = Topics.events
        let source = try KafkaRecordSource(kafka, topics: [Topics.commands, Topics.events] + catalog.answersTopics)
        let worker = Worker(
            settings: settings,
            store: store,
            source: source,
            sink: try KafkaRecordSink(kafka),
            catalog: catalog,
            log: log
        )
        do {
            try await worker.run { await signals.arrival() }
        } catch let failure as WorkerFailure {
            throw CommandFailure.unavailable(failure.description)
        }
    }

    private static func requireTopics(of workflows: [Workflow], _ kafka: KafkaConfiguration) async throws {
        let missing = try await KafkaAdministration(kafka).missingTopics(of: Topics.needed(by: workflows))
        guard missing.isEmpty else {
            throw CommandFailure.unavailable(
                "Kafka has no topic \(missing.joined(separator: ", ")); run `genesis topics create`"
            )
        }
    }
}
