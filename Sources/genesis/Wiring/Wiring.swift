internal import Glibc
internal import HTTPTasks
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

    /// Those of the topics that were missing, now created.
    static func createTopics(
        _ names: [String],
        partitions: Int,
        _ configuration: Configuration
    ) async throws -> [String] {
        let administration = try KafkaAdministration(try kafka(configuration))
        let missing = try await administration.missingTopics(of: names)
        try await administration.createTopics(missing.map { KafkaTopic($0, partitions: partitions) })
        return missing
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
        try OpenFiles.require(OpenFiles.workerMin)
        let workflows = try workflows(configuration)
        var kafka = try kafka(configuration)
        let migrator = try Migrator(
            connectionString: configuration.required(.databaseURL),
            folder: configuration.path(.migrations)
        )
        try await migrator.requireCurrent()
        migrator.close()
        let pool = try pool(configuration, size: workerConnections)
        defer { pool.close() }
        try await requireDurability(pool, configuration)
        let store = planted(PostgresStore(pool: pool), node: configuration.node)
        var settings = WorkerSettings(node: configuration.node)
        settings.defaultTenant = configuration.tenant
        settings.tasksMax = configuration.count(.tasksMax) ?? settings.tasksMax
        settings.tasksPerTenant = configuration.count(.tasksPerTenant)
        settings.tasksPerUser = configuration.count(.tasksPerUser)
        let catalog = WorkflowCatalog(reader: workflowReader(lenient: false), store: store)
        try await catalog.adopt(workflows)
        let topics = [settings.commandsTopic, settings.eventsTopic] + (await catalog.answersTopics)
        let known = try await KafkaAdministration(kafka).listTopics()
        let missing = topics.filter { name in !known.contains { $0.name == name } }
        guard missing.isEmpty else {
            throw CommandFailure.usage(
                "Kafka has no topic \(missing.joined(separator: ", ")), or does not show it to this user; "
                    + "`genesis topics create` creates what is missing"
            )
        }
        let copies = topics.map { $0 + Topics.deadLetterSuffix }
        let without = copies.filter { name in !known.contains { $0.name == name } }
        if !without.isEmpty {
            configuration.log.warning(
                "Kafka lacks topics for dead letters, which are kept in the table only until `genesis topics create`",
                LogField("topics", without.joined(separator: " "))
            )
        }
        kafka.partitionsMax = known.filter { topics.contains($0.name) }.reduce(0) { $0 + $1.partitions }
        let signals = TerminationSignals()
        let worker = Worker(
            settings: settings,
            store: store,
            source: try source(kafka, topics, factsOn: settings.eventsTopic),
            sink: planted(try KafkaRecordSink(kafka)),
            catalog: catalog,
            caller: try httpClient(configuration),
            log: configuration.log
        )
        let (log, limit) = (configuration.log, settings.drainLimit)
        try await worker.run(
            until: {
                await signals.arrival()
                // Whatever hangs then (a database that does not answer, a broker that is away) is a new start's business:
                // nothing is lost by leaving it.
                Task.detached {
                    try? await Task.sleep(for: .microseconds(limit.microseconds))
                    log.error("not drained in time, leaving", LogField("limit", limit))
                    _exit(ExitCode.unavailable.rawValue)
                }
            },
            onStall: { reason in
                log.error("stalled", LogField("reason", reason))
                _exit(ExitCode.unavailable.rawValue)
            }
        )
    }

    /// Kafka must not hold what the database may forget.
    private static func requireDurability(_ pool: PostgresPool, _ configuration: Configuration) async throws {
        let settings = try await PostgresQueries(pool: pool).lossySettings()
        guard !settings.isEmpty else { return }
        let list = settings.joined(separator: ", ")
        guard configuration.value(.durability) == "any" else {
            throw CommandFailure.usage(
                "the database may lose what it has committed (\(list)), and Kafka would then hold events that never were; "
                    + "set these on, or \(Setting.durability.variable)=any for data that nobody wants back"
            )
        }
        configuration.log.warning("the database may lose what it has committed", LogField("settings", list))
    }

    private static func httpClient(_ configuration: Configuration) throws -> HTTPClient {
        let folder = configuration.value(.secrets) == nil ? nil : try configuration.path(.secrets)
        do throws(HTTPFailure) {
            return try HTTPClient(
                hosts: HTTPHosts(configuration.value(.httpHosts)),
                secrets: SecretFiles(folder: folder)
            )
        } catch {
            throw CommandFailure.unavailable(error.message)
        }
    }

    private static func source(
        _ kafka: KafkaConfiguration,
        _ topics: [String],
        factsOn eventsTopic: String
    ) throws -> KafkaRecordSource {
        var options = KafkaRecordSource.Options()
        options.skimmedTopics = [eventsTopic]
        #if DEBUG || CHAOS
            // Of each topic the partitions of these numbers, without a group: a first join takes seconds.
            if let text = getenv("GENESIS_CHAOS_PARTITIONS").map({ String(cString: $0) }) {
                let numbers = text.split(separator: ",").compactMap { Int($0) }
                let partitions = topics.flatMap { topic in
                    numbers.map { TopicPartition(topic: topic, partition: $0) }
                }
                return try KafkaRecordSource(kafka, assigning: partitions, options: options)
            }
        #endif
        return try KafkaRecordSource(kafka, topics: topics, options: options)
    }

    static func xstateMachine(source: String, file: String) throws -> String {
        do throws(WorkflowFinding) {
            return try XStateExport.machine(source: source, file: file)
        } catch {
            throw CommandFailure.notSo(error.description)
        }
    }

    static func migrationMap(
        _ source: String,
        file: String
    ) throws -> (map: MigrationMap, expressions: any ExpressionEvaluator) {
        do throws(WorkflowFinding) {
            return try MigrationMapReader.read(source, file: file)
        } catch {
            throw CommandFailure.usage(error.description)
        }
    }

    static func workflowReader(lenient: Bool) -> any WorkflowReader { WorkflowFileReader(lenient: lenient) }
}
