internal import EmbeddedServices
internal import Glibc
internal import KafkaTransport
internal import Orchestration
internal import PostgresStore

/// Where a scenario runs: a database, brokers, and the worker as a process of its own, so that its CPU time is its own.
final class BenchEnvironment: Sendable {
    static let databaseName = "genesis"
    static let floorName = "genesis_floor"
    /// For what is written alone, beside the floor that does everything.
    static let rowsName = "genesis_floor_rows"
    static let partitionsDefault = 4
    /// How long any single step may take before the run counts as failed.
    static let stepLimit = Interval.seconds(300)
    static let brokerStartLimit = Interval.seconds(15)
    /// The embedded broker answers a waiting fetch only at its end: that is then its latency. Where latency is measured
    /// it is as short as can be; elsewhere that would cost every process a thousand empty answers a second.
    static let shortFetchWaitMilliseconds = 1
    static let fetchWaitMilliseconds = 10
    static let stopGraceSeconds = 10

    let kafka: KafkaConfiguration
    let workflows: [Workflow]
    let partitions: Int
    let fetchWaitMilliseconds: Int
    let pool: PostgresPool
    let meter: PostgresMeter
    /// Nil when a database was given, which holds one only.
    let floorPool: PostgresPool?
    let rowsPool: PostgresPool?
    let folder: String
    private let executable: String
    private let variables: [String: String]
    let cluster: PostgresCluster?
    let broker: ChildProcess?
    private let log: Terminal
    /// Whether the cluster belongs to another environment, which stops it.
    private let isPlace: Bool

    init(_ invocation: Invocation, measuresLatency: Bool) async throws {
        fetchWaitMilliseconds = measuresLatency ? Self.shortFetchWaitMilliseconds : Self.fetchWaitMilliseconds
        isPlace = false
        let configuration = try Configuration(invocation)
        let surroundings = invocation.surroundings
        (log, executable) = (surroundings.errors, surroundings.executable)
        partitions = try invocation.integer("partitions", in: 1...64) ?? Self.partitionsDefault
        workflows = try Wiring.workflows(configuration)
        var template = Array("/tmp/genesis-bench-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CommandFailure.unavailable("cannot make a folder in /tmp") }
        let folder = String(decoding: template.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        self.folder = folder
        chmod(folder, 0o755)
        let migrations = try configuration.path(.migrations)
        var variables = surroundings.environment.filter { !$0.key.hasPrefix("GENESIS_") }

        // A `genesis dev` that runs here is not meant: only what the command line or the environment names.
        let url = invocation.value(Setting.databaseURL.flag)
        let brokers = invocation.value(Setting.kafkaBrokers.flag)
        if let url {
            cluster = nil
            (floorPool, rowsPool) = (nil, nil)
            variables[Setting.databaseURL.variable] = url
        } else {
            let cluster = try PostgresCluster.start(folder: folder, durability: .durable, tcp: true)
            self.cluster = cluster
            let pool = try PostgresPool(connectionString: cluster.connectionString(), size: 1)
            for name in [Self.databaseName, Self.floorName, Self.rowsName] {
                try await PostgresQueries(pool: pool).createDatabaseIfMissing(name)
            }
            pool.close()
            variables[Setting.databaseURL.variable] = cluster.connectionString(database: Self.databaseName)
            var pools: [PostgresPool] = []
            for name in [Self.floorName, Self.rowsName] {
                let address = cluster.connectionString(database: name)
                try await Self.migrate(address, migrations)
                pools.append(try PostgresPool(connectionString: address, size: Wiring.workerConnections))
            }
            (floorPool, rowsPool) = (pools.first, pools.last)
        }
        let database = variables[Setting.databaseURL.variable] ?? ""
        try await Self.migrate(database, migrations)
        pool = try PostgresPool(connectionString: database, size: 2)
        meter = PostgresMeter(pool: pool)
        guard try await PostgresQueries(pool: pool).sessions(limit: 1).isEmpty else {
            throw CommandFailure.usage(
                "the database holds sessions; `genesis bench` writes much and wants an empty one"
            )
        }

        let properties = FilePath.join(folder, "kafka.properties")
        var lines = ""
        if let brokers {
            broker = nil
            variables[Setting.kafkaBrokers.variable] = brokers
            if let given = configuration.value(.kafkaProperties) { lines = try TextFile.read(given) }
        } else {
            lines = Self.brokerProperties(fetchWaitMilliseconds)
            let count = partitions
            let topics = Topics.needed(by: workflows).map { "\($0):\(count)" }
            let (process, address) = try await Self.startBroker(executable, topics, folder, variables)
            broker = process
            variables[Setting.kafkaBrokers.variable] = address
        }
        try TextFile.replace(properties, with: lines)
        variables[Setting.kafkaProperties.variable] = properties
        variables[Setting.workflows.variable] = try configuration.path(.workflows)
        variables[Setting.migrations.variable] = migrations
        variables[Setting.node.variable] = "bench"
        variables[Setting.logLevel.variable] = configuration.value(.logLevel)
        self.variables = variables
        kafka = try KafkaConfiguration(
            brokers: variables[Setting.kafkaBrokers.variable] ?? "",
            groupID: "genesis-bench",
            propertiesFile: properties
        )
    }

    /// Another database of the same cluster, with a broker of its own: a place where a worker finds other rows.
    private init(place name: String, of other: BenchEnvironment, _ cluster: PostgresCluster) async throws {
        isPlace = true
        (log, executable, partitions, workflows) = (other.log, other.executable, other.partitions, other.workflows)
        (self.cluster, floorPool, rowsPool) = (cluster, nil, nil)
        let folder = FilePath.join(other.folder, name)
        fetchWaitMilliseconds = other.fetchWaitMilliseconds
        self.folder = folder
        guard mkdir(folder, 0o755) == 0 else { throw CommandFailure.unavailable("cannot make the folder \(folder)") }
        try await PostgresQueries(pool: other.pool).createDatabaseIfMissing(name)
        let database = cluster.connectionString(database: name)
        try await Self.migrate(database, other.variables[Setting.migrations.variable] ?? "")
        pool = try PostgresPool(connectionString: database, size: 2)
        meter = PostgresMeter(pool: pool)
        var variables = other.variables
        variables[Setting.databaseURL.variable] = database
        let topics = Topics.needed(by: other.workflows).map { "\($0):\(other.partitions)" }
        let (process, address) = try await Self.startBroker(executable, topics, folder, variables)
        broker = process
        variables[Setting.kafkaBrokers.variable] = address
        let properties = FilePath.join(folder, "kafka.properties")
        try TextFile.replace(properties, with: Self.brokerProperties(fetchWaitMilliseconds))
        variables[Setting.kafkaProperties.variable] = properties
        self.variables = variables
        kafka = try KafkaConfiguration(brokers: address, groupID: "genesis-bench", propertiesFile: properties)
    }

    /// - Returns: nil when a database or brokers were given, which are one place only.
    func place(_ name: String) async throws -> BenchEnvironment? {
        guard let cluster, broker != nil else { return nil }
        return try await BenchEnvironment(place: name, of: self, cluster)
    }

    private static func brokerProperties(_ fetchWaitMilliseconds: Int) -> String {
        """
        fetch.wait.max.ms=\(fetchWaitMilliseconds)
        session.timeout.ms=4000
        heartbeat.interval.ms=500
        # The embedded broker keeps 5 MiB of each partition, however small they are.
        compression.type=lz4

        """
    }

    private static func startBroker(
        _ executable: String,
        _ topics: [String],
        _ folder: String,
        _ variables: [String: String]
    ) async throws -> (ChildProcess, address: String) {
        let file = FilePath.join(folder, "broker.address")
        let process = try ChildProcess(
            [executable, "broker", "--address-file", file, "--topics", topics.joined(separator: ",")],
            environment: variables,
            logFile: FilePath.join(folder, "broker.log")
        )
        try await eventually("the broker starts", within: brokerStartLimit) {
            TextFile.exists(file) || process.exitCode != nil
        }
        return (process, String(try TextFile.read(file).prefix { !$0.isWhitespace }))
    }

    /// Starts the worker, its log in the folder.
    func worker() throws -> ChildProcess {
        try ChildProcess([executable, "worker"], environment: variables, logFile: FilePath.join(folder, "worker.log"))
    }

    func stop(_ worker: ChildProcess) {
        if worker.exitCode == nil { worker.stop(graceSeconds: Self.stopGraceSeconds) }
    }

    /// Stops what was started here, and removes it.
    func close() {
        pool.close()
        floorPool?.close()
        rowsPool?.close()
        broker?.stop(graceSeconds: Self.stopGraceSeconds)
        if isPlace { return }
        cluster?.stop()
        let remove = try? ChildProcess(["/bin/rm", "-rf", folder], environment: [:], logFile: "/dev/null")
        _ = remove?.wait()
    }

    func say(_ text: String) { log.line("bench: \(text)") }

    var settings: JSONObject {
        [
            "database": cluster == nil ? "given" : "own", "broker": broker == nil ? "given" : "embedded",
            "partitions": .int(partitions), "fetch_wait_ms": broker == nil ? .null : .int(fetchWaitMilliseconds),
            "worker_connections": .int(Wiring.workerConnections),
            "workflow": .string(workflows.map { "\($0.name) \($0.version)" }.sorted().joined(separator: ", ")),
        ]
    }

    func versions() async throws -> (versions: JSONObject, settings: JSONValue) {
        var values = try await meter.settings()
        let version = values.removeValue(forKey: "server_version") ?? "unknown"
        var object = JSONObject()
        for (name, value) in values.sorted(by: { $0.key < $1.key }) { object[name] = .string(value) }
        return (["postgresql": .string(version)], .object(object))
    }

    /// Waits until the condition holds; the worker's last log line says why when it does not.
    func wait(
        _ what: String,
        worker: ChildProcess,
        every pause: Interval = .milliseconds(5),
        _ condition: () async throws -> Bool
    ) async throws {
        let file = FilePath.join(folder, "worker.log")
        do {
            try await Self.eventually(what, within: Self.stepLimit, every: pause) {
                if let code = worker.exitCode { throw CommandFailure.unavailable("the worker ended with code \(code)") }
                return try await condition()
            }
        } catch let failure as CommandFailure {
            let last = (try? TextFile.read(file))?.split(separator: "\n").last ?? ""
            throw CommandFailure(code: failure.code, message: "\(failure.message); its log ends: \(last)")
        }
    }

    private static func eventually(
        _ what: String,
        within limit: Interval,
        every pause: Interval = .milliseconds(5),
        _ condition: () async throws -> Bool
    ) async throws {
        let end = ContinuousClock.now + .microseconds(limit.microseconds)
        while try await !condition() {
            guard ContinuousClock.now < end else { throw CommandFailure.unavailable("not within \(limit): \(what)") }
            try await Task.sleep(for: .microseconds(pause.microseconds))
        }
    }

    private static func migrate(_ url: String, _ folder: String) async throws {
        let migrator = try Migrator(connectionString: url, folder: folder)
        defer { migrator.close() }
        _ = try await migrator.up()
    }
}
