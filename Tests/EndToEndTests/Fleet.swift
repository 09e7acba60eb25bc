import EmbeddedServices
import Foundation
import KafkaTransport
import Orchestration
import PostgresStore
import Testing

/// Real parts for one test: a database, an embedded broker, and workers and agents as processes.
final class Fleet: Sendable {
    /// One PostgreSQL cluster for the whole run.
    private static let cluster = Result {
        try PostgresCluster.start(folder: temporaryFolder("postgres"), durability: .fast)
    }

    static let topics = [
        "genesis.session.commands", "genesis.session.events", "genesis.outline.tasks", "genesis.outline.events",
        "genesis.world.tasks", "genesis.world.events", "genesis.character.tasks", "genesis.character.events",
        "genesis.plot.tasks", "genesis.plot.events", "genesis.writer.tasks", "genesis.writer.events",
    ]

    let folder = temporaryFolder("fleet")
    let databaseURL: String
    let brokers: String
    /// Nil when the brokers were given.
    let broker: ChildProcess?
    let control: BrokerControl
    let queries: PostgresQueries
    let sink: KafkaRecordSink
    let configuration: KafkaConfiguration

    /// Of the workers; brokers may serve several fleets.
    let group = "e2e-\(UUID().uuidString.lowercased())"
    /// Where the workflow files are.
    let workflows: String

    /// - Parameters:
    ///   - workflow: the only workflow, instead of those of the product.
    ///   - given: brokers to use instead of an embedded one; the topics are created there.
    ///   - isWithoutDeadLetterTopics: the embedded brokers have no `.dlq`.
    init(
        partitions: Int = 2,
        workflow: String? = nil,
        brokers given: RealBrokers? = nil,
        isWithoutDeadLetterTopics: Bool = false
    ) async throws {
        workflows = workflow == nil ? Self.root.appending(path: "Workflows").path : "\(folder)/workflows"
        if let workflow {
            try FileManager.default.createDirectory(atPath: workflows, withIntermediateDirectories: true)
            try workflow.write(toFile: "\(workflows)/test.yaml", atomically: true, encoding: .utf8)
        }
        let name = "e2e_" + UUID().uuidString.lowercased().replacing("-", with: "_")
        let cluster = try Self.cluster.get()
        let administration = PostgresQueries(
            pool: try PostgresPool(connectionString: cluster.connectionString(), size: 1)
        )
        try await administration.createDatabaseIfMissing(name)
        administration.close()
        databaseURL = cluster.connectionString(database: name)

        control = BrokerControl(socketPath: "\(folder)/control")
        let properties: String
        if let given {
            (broker, brokers, properties) = (nil, given.addresses, given.properties)
        } else {
            (broker, brokers) = try await Self.embeddedBroker(
                folder,
                partitions,
                isWithoutDeadLetterTopics: isWithoutDeadLetterTopics
            )
            // It answers an empty fetch only at its end, and rebalances as slowly as members may be silent.
            properties = "fetch.wait.max.ms=10\nsession.timeout.ms=4000\nheartbeat.interval.ms=500\n"
        }
        try (properties + "message.max.bytes=4000000\nmessage.timeout.ms=10000\n")
            .write(toFile: "\(folder)/kafka.properties", atomically: true, encoding: .utf8)
        configuration = try KafkaConfiguration(
            brokers: brokers,
            groupID: "test",
            propertiesFile: "\(folder)/kafka.properties"
        )
        sink = try KafkaRecordSink(configuration)
        queries = PostgresQueries(pool: try PostgresPool(connectionString: databaseURL, size: 2))
        try await genesis("migrate", "up").requireSuccess()
        if given != nil { try await genesis("topics", "create", "--partitions", "\(partitions)").requireSuccess() }
    }

    private static func embeddedBroker(
        _ folder: String,
        _ partitions: Int,
        isWithoutDeadLetterTopics: Bool
    ) async throws -> (ChildProcess, String) {
        let address = "\(folder)/broker.address"
        let copies = isWithoutDeadLetterTopics ? [] : topics.map { $0 + ".dlq" }
        let list = (topics + copies).map { "\($0):\(partitions)" }.joined(separator: ",")
        let broker = try ChildProcess(
            [
                executable, "broker", "--address-file", address, "--topics", list, "--control-socket",
                "\(folder)/control",
            ],
            environment: [:],
            logFile: "\(folder)/broker.log"
        )
        try await eventually("the broker has an address") { FileManager.default.fileExists(atPath: address) }
        let brokers = try String(contentsOfFile: address, encoding: .utf8)
        return (broker, brokers.trimmingCharacters(in: .whitespacesAndNewlines))
    }

    deinit {
        queries.close()
        broker?.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The program beside the test bundle.
    static var executable: String {
        URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "genesis").path
    }

    private static func temporaryFolder(_ kind: String) -> String {
        let path = "/tmp/genesis-e2e-\(kind)-\(UUID().uuidString.prefix(8).lowercased())"
        try? FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }

    func environment(node: String = "cli") -> [String: String] {
        [
            "PATH": "/usr/bin:/bin", "GENESIS_DATABASE_URL": databaseURL, "GENESIS_KAFKA_BROKERS": brokers,
            "GENESIS_KAFKA_PROPERTIES": "\(folder)/kafka.properties", "GENESIS_NODE": node,
            "GENESIS_WORKFLOWS": workflows, "GENESIS_GROUP_ID": group,
            "GENESIS_MIGRATIONS": Self.root.appending(path: "Migrations").path, "GENESIS_LOG_FORMAT": "json",
            "GENESIS_DURABILITY": "any",
        ]
    }

    // MARK: Processes

    /// PgBouncer in transaction mode before the database, and how to reach that through it.
    func pooler(servers: Int, port: Int) async throws -> (process: ChildProcess, url: String) {
        let pooler = try TransactionPooler(before: databaseURL, connections: servers, port: port, folder: folder)
        let process = try pooler.start()
        let url = pooler.connectionString(database: String(databaseURL.split(separator: "dbname=").last ?? ""))
        let queries = PostgresQueries(pool: try PostgresPool(connectionString: url, size: 1, prepareStatements: false))
        try await eventually("the pooler answers") { (try? await queries.sessions(limit: 1)) != nil }
        queries.close()
        return (process, url)
    }

    func worker(_ node: String = "worker", changing variables: [String: String] = [:]) throws -> ChildProcess {
        try ChildProcess(
            [Self.executable, "worker"],
            environment: environment(node: node).merging(variables) { $1 },
            logFile: "\(folder)/\(node).log"
        )
    }

    func agent(delay: String = "PT0S", failRate: String = "0") throws -> ChildProcess {
        try ChildProcess(
            [Self.executable, "agent", "--demo", "--delay", delay, "--fail-rate", failRate, "--seed", "1"],
            environment: environment(node: "agent"),
            logFile: "\(folder)/agent.log"
        )
    }

    struct Ended {
        var code: Int32
        var output: String

        var json: JSONValue {
            get throws { try JSONText.parse(output.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }
        var lines: [JSONValue] {
            get throws { try output.split(separator: "\n").map { try JSONText.parse(String($0), limits: .stored) } }
        }

        /// The first line that is JSON; a refusal's sentence stands beside it.
        var firstJSON: JSONValue? {
            output.split(separator: "\n").first { $0.hasPrefix("{") }.flatMap {
                try? JSONText.parse(Array($0.utf8), limits: .stored)
            }
        }

        func requireSuccess() throws {
            guard code == 0 else { throw Failure("exit code \(code): \(output)") }
        }
    }

    /// Runs one command to its end; its standard output and error together.
    @discardableResult
    func genesis(_ arguments: String..., changing variables: [String: String] = [:]) async throws -> Ended {
        let log = "\(folder)/\(UUID().uuidString).out"
        let process = try ChildProcess(
            [Self.executable] + arguments,
            environment: environment().merging(variables) { $1 },
            logFile: log
        )
        try await eventually("`genesis \(arguments.joined(separator: " "))` ends") { process.exitCode != nil }
        let output = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        return Ended(code: process.exitCode ?? -1, output: output)
    }

    /// Plain SQL, as somebody else's program.
    @discardableResult
    func sql(_ statement: String) async throws -> String {
        let log = "\(folder)/\(UUID().uuidString).sql"
        let process = try ChildProcess(
            ["/usr/bin/env", "psql", databaseURL, "-X", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement],
            environment: environment(),
            logFile: log
        )
        try await eventually("psql ends") { process.exitCode != nil }
        let output = (try? String(contentsOfFile: log, encoding: .utf8)) ?? ""
        guard process.exitCode == 0 else { throw Failure("psql: \(output)") }
        return output.trimmingCharacters(in: .whitespacesAndNewlines)
    }

    func log(_ name: String) -> String { (try? String(contentsOfFile: "\(folder)/\(name).log", encoding: .utf8)) ?? "" }

    // MARK: Kafka

    /// A command as another client would produce it.
    func produce(
        _ type: String,
        to session: SessionID,
        _ payload: JSONValue = [:],
        id: MessageID = MessageID(UUID().uuidString) ?? MessageID(high: 0, low: 0),
        correlation: String? = nil,
        key: String? = nil
    ) async throws {
        var body: JSONObject = [
            "command_id": JSONValue(id), "command_type": .string("Command.Genesis.Session." + type),
            "aggregate_id": JSONValue(session), "payload": payload, "user_id": "ann",
        ]
        if let correlation { body["correlation_id"] = .string(correlation) }
        if let key { body["idempotency_key"] = .string(key) }
        try await send([
            OutgoingRecord(
                topic: "genesis.session.commands",
                key: Array(session.description.utf8),
                value: JSONValue.object(body).utf8Bytes
            )
        ])
    }

    func send(_ records: [OutgoingRecord]) async throws {
        let results = await sink.send(records)
        guard results.allSatisfy({ $0 == .sent }) else { throw Failure("not sent: \(results)") }
    }

    /// After so long a topic has given all it will.
    static let readLimit = Duration.seconds(20)

    /// Everything that a topic holds now.
    func records(of topic: String, partitions: Int = 2, atLeast count: Int) async throws -> [IncomingRecord] {
        let source = try KafkaRecordSource(
            configuration,
            assigning: (0..<partitions).map { TopicPartition(topic: topic, partition: $0) }
        )
        let reading = Task {
            var records: [IncomingRecord] = []
            while let event = await source.next() {
                switch event {
                case .assigned(let generation, let assigned):
                    await source.start(
                        generation: generation,
                        at: Dictionary(uniqueKeysWithValues: assigned.map { ($0, StartOffset.beginning) })
                    )
                case .batch(let batch):
                    records += batch.records
                    await source.done(batch)
                    if records.count >= count { return records }
                case .revoked, .partitionStopped, .brokersAway, .brokersBack, .notice, .fatal: break
                }
            }
            return records
        }
        let limit = Task {
            try await Task.sleep(for: Self.readLimit)
            await source.close()
        }
        let records = await reading.value
        limit.cancel()
        await source.close()
        return records
    }

    // MARK: Sessions

    static func newSession() -> SessionID { SessionID(UUID().uuidString) ?? SessionID(high: 0, low: 0) }

    /// The open wait of the session, once there is one; nil when the session has ended.
    func wait(of session: SessionID, after last: HandleID? = nil) async throws -> ResumeHandle? {
        var found: ResumeHandle?
        try await eventually("session \(session) waits or has ended") {
            found = try await queries.handles(session: session, openOnly: true, limit: 5)
                .first { $0.status == .waiting && $0.id != last }
            if found != nil { return true }
            return try await queries.session(session)?.status.hasEnded == true
        }
        return found
    }

    /// Starts a session and answers all its waits, each reply sent twice, up to the end.
    func play(_ session: SessionID) async throws {
        let start = MessageID(derivedFrom: "start", session.description)
        for _ in 1...2 { try await produce("Start", to: session, ["seed": "a lighthouse"], id: start) }
        var last: HandleID?
        while let wait = try await wait(of: session, after: last) {
            last = wait.id
            let (type, payload) = Self.reply(to: wait)
            let id = MessageID(derivedFrom: "reply", wait.id.description)
            for _ in 1...2 { try await produce(type, to: session, payload, id: id, correlation: wait.correlationID) }
        }
    }

    private static func reply(to wait: ResumeHandle) -> (String, JSONValue) {
        let state = (wait.taskName ?? "").split(separator: ".").map(String.init)
        switch (state.dropFirst().first ?? "", state.last ?? "") {
        case (_, "needsHelp"): return ("Task.Retry", [:])
        case ("CONCEPT_SELECTION", _):
            return wait.draft == 1
                ? ("Seed.Request", ["feedback": "darker"]) : ("Concept.Confirm", ["concept_ids": ["c1"]])
        case ("STORY_CONCEPTION", _): return ("Theme.Confirm", ["note": "good"])
        case ("WORLDVIEW", _): return ("World.Confirm", [:])
        case ("CHARACTERS", _): return ("Character.Confirm", [:])
        case ("PLOT_OUTLINE", "readyToFinish"): return ("Finish", [:])
        default: return ("Plot.Confirm", [:])
        }
    }

    /// The row is the fold of its events, and nothing is left open in an ended session.
    func verify(_ session: SessionID) async throws {
        let verified = try await genesis("sessions", "verify", session.description)
        #expect(verified.code == 0, "\(verified.output)")
        let row = try #require(try await queries.session(session))
        if row.status.hasEnded {
            #expect(try await queries.handles(session: session, openOnly: true, limit: 10).isEmpty)
            #expect(try await queries.tasks(session: session, limit: 100).allSatisfy { !$0.status.isOpen })
        }
    }
}

struct Failure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Waits until the condition holds, and fails when it does not in time.
func eventually(_ what: String, seconds: Double = 60, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw Failure("not within \(seconds) s: \(what)") }
        try await Task.sleep(for: .milliseconds(5))
    }
}
