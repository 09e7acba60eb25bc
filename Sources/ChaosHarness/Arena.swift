internal import ChaosChecker
package import EmbeddedServices
internal import Glibc
package import KafkaTransport
internal import Orchestration

/// What all rounds share: one PostgreSQL cluster with a migrated template database, and where the programs lie.
package final class Arena: Sendable {
    package static let partitionsDefault = 4
    static let template = "chaos_template"
    static let topics = [
        "genesis.session.commands", "genesis.session.events", "genesis.outline.tasks", "genesis.outline.events",
        "genesis.world.tasks", "genesis.world.events", "genesis.character.tasks", "genesis.character.events",
        "genesis.plot.tasks", "genesis.plot.events", "genesis.writer.tasks", "genesis.writer.events",
    ]

    package let folder: String
    package let genesis: String
    package let root: String
    package let cluster: PostgresCluster

    /// - Parameters:
    ///   - genesis: the program under test; a build for development or chaos.
    ///   - root: the folder that holds `Workflows` and `Migrations`.
    package init(folder: String, genesis: String, root: String, settings: [String] = []) throws {
        (self.folder, self.genesis, self.root) = (folder, genesis, root)
        try Files.makeFolder(folder)
        cluster = try PostgresCluster.start(
            folder: "\(folder)/postgres",
            durability: .crashSafe,
            tcp: true,
            // WAL that is kept for reuse would be room on a full disk.
            settings: ["max_wal_size=256MB", "checkpoint_timeout=5min", "wal_recycle=off"] + settings
        )
        let database = Database(cluster.connectionString())
        try database.rows("DROP DATABASE IF EXISTS \(Self.template)")
        try database.rows("CREATE DATABASE \(Self.template)")
        let migration = try ChildProcess(
            [genesis, "migrate", "up"],
            environment: [
                "GENESIS_DURABILITY": "any", "GENESIS_DATABASE_URL": cluster.connectionString(database: Self.template),
                "GENESIS_MIGRATIONS": "\(root)/Migrations",
            ],
            logFile: "\(folder)/migrate.log"
        )
        guard migration.wait() == 0 else { throw ChaosFailure("the migrations failed; see \(folder)/migrate.log") }
        try ChaosChecker.watch(databaseURL: cluster.connectionString(database: Self.template))
    }

    package func close() { cluster.stop() }
}

/// One round's own parts: a database, a broker in a process of its own, a folder, and what workers are started with.
package final class Field: Sendable {
    package let arena: Arena
    package let name: String
    package let folder: String
    package let databaseName: String
    package let databaseURL: String
    package let database: Database
    package let brokers: String
    package let control: BrokerControl
    private let controlSocket: String
    package let partitions: Int
    package let configuration: KafkaConfiguration
    private let broker: ChildProcess

    /// - Parameter properties: further lines of the workers' kafka.properties.
    package init(
        _ arena: Arena,
        name: String,
        partitions: Int = Arena.partitionsDefault,
        properties: [String] = []
    ) async throws {
        (self.arena, self.name, self.partitions) = (arena, name, partitions)
        folder = "\(arena.folder)/\(name)"
        try Files.makeFolder(folder)
        try Files.makeFolder("\(folder)/workflows")
        try Files.write("\(folder)/workflows/chaos.yaml", ChaosWorkflow.source)
        try Files.write("\(folder)/workflows/genesis.yaml", try Files.read("\(arena.root)/Workflows/genesis.yaml"))
        databaseName = "chaos_" + name.lowercased().map { $0.isLetter || $0.isNumber ? String($0) : "_" }.joined()
        let administration = Database(arena.cluster.connectionString())
        try administration.rows("DROP DATABASE IF EXISTS \(databaseName) WITH (FORCE)")
        try administration.rows("CREATE DATABASE \(databaseName) TEMPLATE \(Arena.template)")
        databaseURL = arena.cluster.connectionString(database: databaseName)
        database = Database(databaseURL)

        let address = "\(folder)/broker.address"
        unlink(address)
        let list = (Arena.topics + Arena.topics.map { "\($0).dlq" }).map { "\($0):\(partitions)" }
        // A Unix socket's path has 107 bytes at most.
        controlSocket = "/tmp/chaos-\(getpid())-\(databaseName.suffix(40))"
        broker = try ChildProcess(
            [
                arena.genesis, "broker", "--address-file", address, "--topics", list.joined(separator: ","),
                "--control-socket", controlSocket,
            ],
            environment: [:],
            logFile: "\(folder)/broker.log"
        )
        control = BrokerControl(socketPath: controlSocket)
        for _ in 0..<1_000 where access(address, F_OK) != 0 { try await Task.sleep(for: .milliseconds(5)) }
        brokers = String(try Files.read(address).prefix { !$0.isWhitespace })
        try Files.write("\(folder)/kafka.properties", (Self.properties + properties).joined(separator: "\n") + "\n")
        try Files.write("\(folder)/clients.properties", Self.properties.joined(separator: "\n") + "\n")
        configuration = try KafkaConfiguration(
            brokers: brokers,
            groupID: "chaos-clients",
            propertiesFile: "\(folder)/clients.properties"
        )
    }

    /// The embedded broker answers an empty fetch only at its end, and does not compare an idempotent producer's
    /// sequence numbers. So when it makes up an error for a request that it has not kept, while a later one for the same
    /// partition succeeds, librdkafka rightly takes the first as kept: with one request at a time there is no later one.
    private static let properties = [
        "fetch.wait.max.ms=10", "session.timeout.ms=4000", "heartbeat.interval.ms=500", "reconnect.backoff.ms=20",
        "reconnect.backoff.max.ms=200", "max.in.flight.requests.per.connection=1",
    ]

    /// - Parameters:
    ///   - node: its name in leases, positions and PostgreSQL's list of connections.
    ///   - partitions: what it reads without a group; nil: it joins the group.
    package func start(
        _ node: String,
        partitions numbers: [Int]?,
        failpoints: String = "",
        group: String = "genesis-worker",
        database url: String? = nil,
        variables: [String: String] = [:],
        wrapper: [String] = []
    ) async throws -> WorkerProcess {
        var environment = [
            "PATH": "/usr/bin:/bin", "GENESIS_DURABILITY": "any",
            "GENESIS_DATABASE_URL": "\(url ?? databaseURL) application_name=\(node)",
            "GENESIS_KAFKA_BROKERS": brokers, "GENESIS_KAFKA_PROPERTIES": "\(folder)/kafka.properties",
            "GENESIS_WORKFLOWS": "\(folder)/workflows", "GENESIS_MIGRATIONS": "\(arena.root)/Migrations",
            "GENESIS_NODE": node, "GENESIS_LOG_FORMAT": "json", "GENESIS_LOG_LEVEL": "debug", "GENESIS_GROUP_ID": group,
        ]
        if let numbers { environment["GENESIS_CHAOS_PARTITIONS"] = numbers.map(String.init).joined(separator: ",") }
        if !failpoints.isEmpty { environment["GENESIS_FAILPOINT"] = failpoints }
        return try await WorkerProcess.start(
            name: node,
            arguments: wrapper + [arena.genesis, "worker"],
            environment: environment.merging(Controls.variables) { $1 }.merging(variables) { $1 },
            logFile: "\(folder)/\(node).log"
        )
    }

    /// Ends all connections of a worker, or one in so many of them.
    func terminateConnections(of node: String, share: Int = 1) throws {
        try database.rows(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE application_name = '\(node)' AND datname = current_database() AND pid % \(share) = 0
            """
        )
    }

    package func endBroker() { broker.signal(SIGKILL) }

    /// How the broker's process ended, with its last words; nil while it lives.
    var brokerEnd: String? {
        guard let code = broker.exitCode else { return nil }
        let words = (try? Files.read("\(folder)/broker.log").split(separator: "\n").last).map { ": \($0)" } ?? ""
        return "the embedded broker ended itself (\(code))\(words)"
    }

    /// Everything healthy again.
    package func heal() {
        for command in ["up", "rtt 0"] { try? control.send(command) }
    }

    package func close(keeping: Bool) {
        database.close()
        broker.stop(graceSeconds: 1)
        unlink(controlSocket)
        let administration = Database(arena.cluster.connectionString())
        if !keeping {
            _ = try? administration.rows("DROP DATABASE IF EXISTS \(databaseName) WITH (FORCE)")
            Files.remove(folder)
        }
    }
}
