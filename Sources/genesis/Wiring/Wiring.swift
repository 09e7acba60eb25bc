internal import Glibc
internal import KafkaTransport
internal import Orchestration
internal import PostgresStore
internal import WorkerRuntime
internal import WorkflowFiles

/// Where the parts of the first floor meet: the only place that names them all.
enum Wiring {
    static func kafka(_ configuration: Configuration, group: String? = nil) throws -> KafkaConfiguration {
        let properties = configuration.value(.kafkaProperties) == nil ? nil : try configuration.path(.kafkaProperties)
        return try KafkaConfiguration(
            brokers: try configuration.required(.kafkaBrokers),
            groupID: try group ?? configuration.required(.groupID),
            propertiesFile: properties
        )
    }

    static func differences(row: GenesisSession, events: [DomainEvent]) -> [String] {
        SessionFold.differences(between: row, and: events)
    }

    /// All workflows of the folder in force; a file with an error is wrong configuration.
    static func workflows(_ configuration: Configuration) throws -> [Workflow] {
        let folder = try configuration.path(.workflows)
        let reader = workflowReader(lenient: false)
        return try TextFile.names(in: folder).filter { name in
            // The format's own JSON Schema lies beside the workflows.
            [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) } && !name.hasSuffix(".schema.json")
        }.map { name in
            let path = FilePath.join(folder, name)
            let (workflow, findings) = reader.read(source: try TextFile.read(path), file: path)
            if let workflow { return workflow }
            let first = findings.first { $0.severity == .error }
            throw CommandFailure.usage(first?.description ?? "\(path) is not a workflow")
        }
    }

    static func runWorker(_ configuration: Configuration) async throws {
        let workflows = try workflows(configuration)
        let kafka = try kafka(configuration)
        let migrator = try Migrator(
            connectionString: configuration.required(.databaseURL),
            folder: configuration.path(.migrations)
        )
        try await migrator.requireCurrent()
        migrator.close()
        let pool = try pool(configuration, size: workerConnections)
        defer { pool.close() }
        let store = planted(PostgresStore(pool: pool), node: configuration.node)
        var settings = WorkerSettings(node: configuration.node)
        settings.defaultTenant = configuration.tenant
        let catalog = WorkflowCatalog(reader: workflowReader(lenient: false), store: store)
        try await catalog.adopt(workflows)
        let topics = [settings.commandsTopic, settings.eventsTopic] + (await catalog.answersTopics)
        let missing = try await KafkaAdministration(kafka).missingTopics(of: topics)
        guard missing.isEmpty else {
            throw CommandFailure.usage(
                "Kafka has no topic \(missing.joined(separator: ", ")); `genesis topics create` creates what is missing"
            )
        }
        let signals = TerminationSignals()
        let worker = Worker(
            settings: settings,
            store: store,
            source: try source(kafka, topics),
            sink: planted(try KafkaRecordSink(kafka)),
            catalog: catalog,
            log: configuration.log
        )
        let (log, limit) = (configuration.log, settings.drainLimit)
        try await worker.run {
            await signals.arrival()
            // Whatever hangs then (a database that does not answer, a broker that is away) is a new start's business:
            // nothing is lost by leaving it.
            Task.detached {
                try? await Task.sleep(for: .microseconds(limit.microseconds))
                log.error("not drained in time, leaving", LogField("limit", limit))
                _exit(ExitCode.unavailable.rawValue)
            }
        }
    }

    private static func source(_ kafka: KafkaConfiguration, _ topics: [String]) throws -> KafkaRecordSource {
        #if DEBUG || CHAOS
            // Of each topic the partitions of these numbers, without a group: a first join takes seconds.
            if let text = getenv("GENESIS_CHAOS_PARTITIONS").map({ String(cString: $0) }) {
                let numbers = text.split(separator: ",").compactMap { Int($0) }
                let partitions = topics.flatMap { topic in
                    numbers.map { TopicPartition(topic: topic, partition: $0) }
                }
                return try KafkaRecordSource(kafka, assigning: partitions)
            }
        #endif
        return try KafkaRecordSource(kafka, topics: topics)
    }

    static func xstateMachine(source: String, file: String) throws -> String {
        do throws(WorkflowFinding) {
            return try XStateExport.machine(source: source, file: file)
        } catch {
            throw CommandFailure.notSo(error.description)
        }
    }

    static func workflowReader(lenient: Bool) -> any WorkflowReader { WorkflowFileReader(lenient: lenient) }
}
