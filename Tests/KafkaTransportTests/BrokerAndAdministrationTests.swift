import EmbeddedServices
import Foundation
import KafkaTransport
import Orchestration
import Testing

@Suite(.timeLimit(.minutes(2))) struct BrokerAndAdministrationTests {
    @Test func `topics are listed, and missing ones named`() async throws {
        let broker = try TestBroker(topics: "orders:3,bills:1")
        let administration = try KafkaAdministration(broker.configuration())
        #expect(
            try await administration.listTopics() == [
                KafkaTopic("bills", partitions: 1), KafkaTopic("orders", partitions: 3),
            ]
        )
        #expect(try await administration.missingTopics(of: ["x", "orders", "y"]) == ["x", "y"])
        try broker.control.send("topic x 2")
        #expect(try await administration.missingTopics(of: ["x", "orders", "y"]) == ["y"])
    }

    @Test func `brokers that create no topics on request are told apart`() async throws {
        let broker = try TestBroker.shared.get()
        var configuration = try broker.configuration()
        configuration.answerLimitMilliseconds = 1_000
        let administration = try KafkaAdministration(configuration)
        // What exists is not ordered again.
        try await administration.createTopics([KafkaTopic("first", partitions: 1)])
        let error = await #expect(throws: TransportError.self) {
            try await administration.createTopics([KafkaTopic("new", partitions: 2)])
        }
        #expect(error?.reason.contains("do not create topics on request") == true)
        #expect(error?.reason.contains("new") == true)
    }

    @Test func `brokers that cannot be reached list no topics`() async throws {
        var configuration = try KafkaConfiguration(brokers: "127.0.0.1:1", groupID: "g")
        configuration.answerLimitMilliseconds = 300
        let administration = try KafkaAdministration(configuration)
        let error = await #expect(throws: TransportError.self) { try await administration.listTopics() }
        #expect(error?.reason.contains("Connection refused") == true)
    }

    @Test func `brokers that do not speak the protocol asked for are told apart from brokers that are away`()
        async throws
    {
        let broker = try TestBroker.shared.get()
        let file = FileManager.default.temporaryDirectory.appending(path: "tls-\(UUID().uuidString).properties").path
        try Data("security.protocol=ssl\n".utf8).write(to: URL(fileURLWithPath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        var configuration = try KafkaConfiguration(brokers: broker.bootstrap, groupID: "g", propertiesFile: file)
        configuration.answerLimitMilliseconds = 1_000
        let administration = try KafkaAdministration(configuration)
        let error = await #expect(throws: TransportError.self) { try await administration.listTopics() }
        #expect(error?.reason.contains("last connection error") == true)
        #expect(error?.reason.contains("SSL") == true)
    }

    @Test(arguments: ["sideways", "rtt x", "rtt -1", "topic x 0", "topic x 9999999", "error 0 1", "error 0 -1 6", ""])
    func `the broker's control refuses what it does not know`(command: String) throws {
        let broker = try TestBroker.shared.get()
        #expect(throws: TransportError.self) { try broker.control.send(command) }
    }

    @Test(arguments: [
        [], ["--address-file"], ["--address-file", "/nowhere/at/all"], ["--speed", "9"],
        ["--address-file", "/tmp/x", "--topics", "a"], ["--address-file", "/tmp/x", "--topics", "a:0"],
    ])
    func `a broker that cannot start says why and ends with 2`(arguments: [String]) throws {
        let log = FileManager.default.temporaryDirectory.appending(path: "broker-\(UUID().uuidString)").path
        let process = try ChildProcess([TestBroker.executable, "broker"] + arguments, environment: [:], logFile: log)
        #expect(process.wait() == 2)
        #expect(try String(contentsOfFile: log, encoding: .utf8).hasPrefix("genesis: "))
        try FileManager.default.removeItem(atPath: log)
    }

    @Test func `the broker ends with 0 on SIGTERM`() throws {
        let broker = try TestBroker()
        broker.process.signal(SIGTERM)
        #expect(broker.process.wait() == 0)
    }
}
