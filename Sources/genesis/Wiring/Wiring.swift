internal import KafkaTransport
internal import Orchestration

/// Where the parts of the first floor meet: the only place that names them all.
enum Wiring {
    static func kafka(
        _ configuration: Configuration,
        group: String? = nil
    ) throws -> KafkaConfiguration {
        let properties = configuration.value(.kafkaProperties) == nil ? nil : try configuration.path(.kafkaProperties)
        return try KafkaConfiguration(
            brokers: try configuration.required(.kafkaBrokers),
            groupID: try group ?? configuration.required(.groupID),
            propertiesFile: properties
        )
    }

    static func queries(_ configuration: Configuration) async throws -> any SessionQueries {
        _ = try configuration.required(.databaseURL)
        throw CommandFailure.unavailable("this build has no PostgreSQL store")
    }

    static func migrations(_ configuration: Configuration) throws -> any SchemaMigrations {
        _ = try configuration.required(.databaseURL)
        throw CommandFailure.unavailable("this build has no PostgreSQL store")
    }

    static func workflowReader(lenient: Bool) -> any WorkflowReader { MissingReader() }

    static func workflows(_ configuration: Configuration) throws -> [Workflow] {
        _ = try configuration.path(.workflows)
        throw CommandFailure.unavailable("this build has no reader of workflow files")
    }

    static func differences(row: GenesisSession, events: [DomainEvent]) -> [String] {
        events.map(\.aggregateVersion) == Array(1...max(1, row.version)) ? [] : ["the versions have gaps"]
    }

    static func developmentDatabase(folder: String) async throws -> any DevelopmentDatabase {
        throw CommandFailure.unavailable("this build has no PostgreSQL cluster")
    }

    static func runWorker(_ configuration: Configuration) async throws {
        throw CommandFailure.unavailable("this build has no worker")
    }
}

private struct MissingReader: WorkflowReader {
    func read(source: String, file: String) -> (workflow: Workflow?, findings: [WorkflowFinding]) { (nil, []) }
}
