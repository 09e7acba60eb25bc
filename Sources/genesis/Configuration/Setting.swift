/// What can be configured. Each setting has a variable, a flag, a name in the configuration file and a meaning.
enum Setting: String, CaseIterable, Sendable {
    case databaseURL = "DATABASE_URL"
    case kafkaBrokers = "KAFKA_BROKERS"
    case kafkaProperties = "KAFKA_PROPERTIES"
    case groupID = "GROUP_ID"
    case workflows = "WORKFLOWS"
    case migrations = "MIGRATIONS"
    case node = "NODE"
    case tenant = "TENANT"
    case logLevel = "LOG_LEVEL"
    case logFormat = "LOG_FORMAT"
    case prepareStatements = "PREPARE_STATEMENTS"
    case durability = "DURABILITY"
    case secrets = "SECRETS"
    case httpHosts = "HTTP_HOSTS"
    case tasksMax = "TASKS_MAX"
    case tasksPerTenant = "TASKS_PER_TENANT"
    case tasksPerUser = "TASKS_PER_USER"

    var variable: String { "GENESIS_\(rawValue)" }
    /// `--database-url`
    var flag: String { rawValue.lowercased().split(separator: "_").joined(separator: "-") }
    /// `database_url`
    var key: String { rawValue.lowercased() }

    var option: CommandSpecification.Option {
        .init(name: flag, valueName: valueName, summary: "\(meaning) [\(variable)]")
    }

    /// Names the configuration file.
    static let fileOption = CommandSpecification.Option(
        name: "config",
        valueName: "FILE",
        summary: "A file of `name: value` lines, e.g. `database_url: …`. [\(fileVariable)]"
    )
    static let fileVariable = "GENESIS_CONFIG"

    /// May hold a password and is shown without it.
    var mayHoldSecret: Bool { self == .databaseURL }

    private var valueName: String {
        switch self {
        case .databaseURL: "URL"
        case .kafkaBrokers: "HOST:PORT,…"
        case .kafkaProperties: "FILE"
        case .workflows, .migrations, .secrets: "FOLDER"
        case .httpHosts: "HOST[:PORT],…"
        case .tasksMax, .tasksPerTenant, .tasksPerUser: "N"
        case .groupID, .node, .tenant: "NAME"
        case .logLevel: "LEVEL"
        case .logFormat: "FORMAT"
        case .prepareStatements: "on|off"
        case .durability: "required|any"
        }
    }

    private var meaning: String {
        switch self {
        case .databaseURL: "PostgreSQL: a libpq connection string or URI."
        case .kafkaBrokers: "Kafka: bootstrap servers."
        case .kafkaProperties: "A file of further librdkafka properties (security, tuning)."
        case .groupID: "Kafka consumer group of the worker; default genesis-worker."
        case .workflows: "Folder of workflow files; default beside the binary or in the source tree."
        case .migrations: "Folder of migrations; default beside the binary or in the source tree."
        case .node: "Name of this process in leases and logs; default host name and process id."
        case .tenant: "Tenant of messages that name none; default `default`."
        case .logLevel: "debug, info, warning or error; default info."
        case .logFormat: "json or text; default text on a terminal, else json."
        case .secrets: "Folder of files with header values for tasks of the executor `http`."
        case .httpHosts: "Hosts that tasks of the executor `http` may call; default any."
        case .tasksMax: "How many tasks this worker does itself at once; default 16."
        case .tasksPerTenant: "How many queued tasks of one tenant may run at once, in all workers; default any number."
        case .tasksPerUser: "How many queued tasks of one user may run at once, in all workers; default any number."
        case .prepareStatements: "on or off; off behind PgBouncer in transaction mode. Default on."
        case .durability:
            "required refuses a database that can lose commits (fsync=off, …); any is for tests. Default required."
        }
    }
}
