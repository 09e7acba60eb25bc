internal import EmbeddedServices
internal import Glibc
internal import Orchestration
internal import Threads

/// Starts the parts of a development environment in order, watches them, and stops all of them.
actor DevelopmentSupervisor {
    /// How long the broker may take until it can be reached.
    static let brokerStartLimit = Interval.seconds(15)
    static let watchInterval = Interval.milliseconds(200)
    /// The pause before a part that died is started again; so that one that cannot live does not spin.
    static let restartPause = Interval.seconds(1)
    /// Partitions of each topic; more would only cost start-up time here.
    static let partitions = 4
    /// How long a child may take to drain before it is killed.
    static let stopGraceSeconds = 25

    /// For the embedded broker alone: it answers a waiting fetch only when its time is over, a rebalance takes as long as
    /// a member may be silent, and a join that it has forgotten is tried again after the time between two polls.
    static let kafkaProperties = """
        fetch.wait.max.ms=10
        session.timeout.ms=4000
        heartbeat.interval.ms=500
        max.poll.interval.ms=30000

        """

    private let surroundings: Surroundings
    private let folder: String
    private let lock: FolderLock
    private let agentDelay: Interval
    private let workflowsFolder: String
    private let migrationsFolder: String
    private let topics: [String]
    /// Brokers that were named, instead of one of our own; and the file with their properties.
    private let givenBrokers: String?
    private let givenProperties: String?
    private let stopper = WorkerThread()

    private var database: (any DevelopmentDatabase)?
    private var broker: ChildProcess?
    private var children: [(name: String, arguments: [String], process: ChildProcess)] = []
    private var environment: [String: String] = [:]
    private var brokerAddress = ""

    /// - Throws: exit code 1 when another environment runs in this folder.
    init(invocation: Invocation, agentDelay: Interval) throws {
        surroundings = invocation.surroundings
        let folder = FilePath.join(surroundings.workingDirectory, DevelopmentEnvironment.folderName)
        self.folder = folder
        self.agentDelay = agentDelay
        let configuration = try Configuration(invocation)
        workflowsFolder = try configuration.path(.workflows)
        migrationsFolder = try configuration.path(.migrations)
        topics = Topics.needed(by: try Wiring.workflows(configuration))
        // Named on the command line only: what the environment holds may be meant for somebody else.
        givenBrokers = invocation.value(Setting.kafkaBrokers.flag)
        givenProperties = try givenBrokers.flatMap { _ in
            try invocation.value(Setting.kafkaProperties.flag).map { _ in try configuration.path(.kafkaProperties) }
        }
        try TextFile.makeFolder(folder)
        try TextFile.makeFolder(FilePath.join(folder, "logs"))
        guard let lock = try FolderLock(path: DevelopmentEnvironment.lock(in: folder)) else {
            throw CommandFailure.notSo("a `genesis dev` is running in this folder already; stop it first, or use it")
        }
        self.lock = lock
    }

    /// Starts everything; a signal that comes meanwhile ends it between two steps.
    func start(unless isCancelled: @Sendable () -> Bool) async throws {
        let began = Surroundings.now()
        func step(_ what: String) throws {
            if isCancelled() { throw CommandFailure.notSo("stopped while starting") }
            say(what)
        }
        try step("starting PostgreSQL in .genesis/postgres")
        let database = try await Wiring.developmentDatabase(folder: folder)
        self.database = database
        environment = surroundings.environment.filter { !$0.key.hasPrefix("GENESIS_") }
        environment[Setting.databaseURL.variable] = database.url
        environment[Setting.workflows.variable] = workflowsFolder
        environment[Setting.migrations.variable] = migrationsFolder
        for setting in [Setting.secrets, .httpHosts, .tasksMax, .tasksPerTenant, .tasksPerUser] {
            environment[setting.variable] = surroundings.environment[setting.variable]
        }
        environment[Setting.logLevel.variable] = surroundings.environment[Setting.logLevel.variable]
        let configuration = try configuration()
        for name in try await Wiring.migrations(configuration).up() { say("migrated: \(name)") }

        try step(givenBrokers.map { "using the brokers \($0)" } ?? "starting the broker")
        if let givenBrokers { try await use(givenBrokers) } else { try await useOwnBroker() }

        try step("starting worker and demo agent")
        try launch("worker", ["worker"])
        try launch("agent", ["agent", "--demo", "--delay", agentDelay.description])
        try DevelopmentEnvironment(
            folder: folder,
            settings: environmentSettings(database.url)
        ).write()
        say("ready after \((Surroundings.now() - began).milliseconds) ms")
    }

    /// Starts worker and agent again when they die; throws when PostgreSQL or the broker has died.
    ///
    /// Returns false when cancelled: that alone ends nothing.
    func watch() async throws -> Bool {
        while !Task.isCancelled {
            try? await Task.sleep(for: .microseconds(Self.watchInterval.microseconds))
            if let code = broker?.exitCode {
                throw CommandFailure.unavailable("the broker has ended with code \(code); see .genesis/logs/broker.log")
            }
            if let database, !database.isRunning {
                throw CommandFailure.unavailable("PostgreSQL has ended; see .genesis/logs/postgres.log")
            }
            for index in children.indices {
                guard let code = children[index].process.exitCode else { continue }
                let (name, arguments, _) = children[index]
                say("the \(name) has ended with code \(code); starting it again (see .genesis/logs/\(name).log)")
                try? await Task.sleep(for: .microseconds(Self.restartPause.microseconds))
                if Task.isCancelled { return false }
                children[index].process = try process(name, arguments)
            }
        }
        return false
    }

    /// Stops all that was started, the last first.
    func stop() async {
        unlink(DevelopmentEnvironment.file(in: folder))
        guard database != nil || broker != nil || !children.isEmpty else { return }
        say("stopping")
        let processes = children.reversed().map(\.process) + [broker].compactMap(\.self)
        let database = database
        _ = await stopper.run {
            for process in processes { process.stop(graceSeconds: Self.stopGraceSeconds) }
            database?.stop()
        }
        children = []
        broker = nil
        self.database = nil
        stopper.stop()
        say("stopped")
    }

    func printAddresses() {
        guard let database else { return }
        var table = Table("WHAT", "WHERE")
        table.add("PostgreSQL", database.url)
        table.add("Kafka", brokerAddress)
        table.add("logs", FilePath.join(folder, "logs"))
        surroundings.output.write("\n" + table.text(width: nil))
        surroundings.output.line(
            "\nTry `genesis sessions list` in another terminal in this folder; Ctrl-C stops it all."
        )
    }

    private func say(_ text: String) { surroundings.output.line("dev: \(text)") }

    /// The configuration as the children will see it.
    private func configuration() throws -> Configuration {
        var inner = surroundings
        inner.environment = environment
        return try Configuration(Invocation(path: [], positionals: [:], options: [:], surroundings: inner))
    }

    private func useOwnBroker() async throws {
        brokerAddress = try await startBroker()
        environment[Setting.kafkaBrokers.variable] = brokerAddress
        let properties = FilePath.join(folder, "kafka.properties")
        try TextFile.replace(properties, with: Self.kafkaProperties)
        environment[Setting.kafkaProperties.variable] = properties
        // A new broker has no old records: positions in the old ones would point at nothing.
        let queries = try await Wiring.queries(try configuration())
        try await queries.forgetPositions()
        await queries.close()
    }

    private func use(_ brokers: String) async throws {
        brokerAddress = brokers
        environment[Setting.kafkaBrokers.variable] = brokers
        environment[Setting.kafkaProperties.variable] = givenProperties
        for name in try await Wiring.createTopics(topics, partitions: Self.partitions, configuration()) {
            say("created: \(name)")
        }
    }

    /// What other commands in this folder find.
    private func environmentSettings(_ databaseURL: String) -> [Setting: String] {
        var settings: [Setting: String] = [.databaseURL: databaseURL]
        for setting in [Setting.kafkaBrokers, .kafkaProperties] { settings[setting] = environment[setting.variable] }
        return settings
    }

    private func startBroker() async throws -> String {
        let file = FilePath.join(folder, "broker.address")
        unlink(file)
        let list = topics.map { "\($0):\(Self.partitions)" }.joined(separator: ",")
        let process = try process("broker", ["broker", "--address-file", file, "--topics", list])
        broker = process
        let end = Surroundings.now() + Self.brokerStartLimit
        while !TextFile.exists(file) {
            if let code = process.exitCode {
                throw CommandFailure.unavailable(
                    "the broker did not start (code \(code)); see .genesis/logs/broker.log"
                )
            }
            guard Surroundings.now() < end else {
                throw CommandFailure.unavailable("the broker was not there after \(Self.brokerStartLimit)")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
        return String(try TextFile.read(file).prefix { !$0.isWhitespace })
    }

    private func launch(_ name: String, _ arguments: [String]) throws {
        children.append((name, arguments, try process(name, arguments)))
    }

    private func process(_ name: String, _ arguments: [String]) throws -> ChildProcess {
        var variables = environment
        variables[Setting.node.variable] = "dev-\(name)"
        return try ChildProcess(
            [surroundings.executable] + arguments,
            environment: variables,
            logFile: FilePath.join(folder, "logs/\(name).log")
        )
    }
}
