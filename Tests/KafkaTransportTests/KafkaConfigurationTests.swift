import CRdkafka
import Foundation
import Orchestration
import Testing

@testable import KafkaTransport

@Suite struct KafkaConfigurationTests {
    private func configuration(_ properties: String) throws -> KafkaConfiguration {
        let file = FileManager.default.temporaryDirectory.appending(path: "kafka-\(UUID().uuidString).properties").path
        try Data(properties.utf8).write(to: URL(fileURLWithPath: file))
        defer { try? FileManager.default.removeItem(atPath: file) }
        return try KafkaConfiguration(brokers: "localhost:9092", groupID: "g", propertiesFile: file)
    }

    private func problem(_ properties: String) -> String {
        do {
            _ = try configuration(properties)
            return "none"
        } catch let error as TransportError {
            return error.reason
        } catch {
            return "\(error)"
        }
    }

    @Test func `properties may be set, with comments, blanks and values that contain an equals sign`() throws {
        _ = try configuration(
            """
            # how to reach the cluster
            security.protocol = SASL_SSL
              sasl.mechanisms=PLAIN
            sasl.username=a
            sasl.password=b=c==

            max.in.flight.requests.per.connection=1
            """
        )
    }

    @Test func `an unknown property is named with its file and line`() {
        let problem = problem("client.rack=a\nno.such.property=x\n")
        #expect(problem.contains("line 2: `no.such.property`"))
    }

    @Test func `an invalid value is not repeated, it may be a secret`() {
        let problem = problem("security.protocol=hunter2\n")
        #expect(problem.contains("line 1") && problem.contains("`security.protocol`"))
        #expect(!problem.contains("hunter2"))
    }

    @Test func `a line without an equals sign is not repeated either`() {
        let problem = problem("\n\nhunter2\n")
        #expect(problem.contains("line 3") && !problem.contains("hunter2"))
    }

    @Test func `a property that is set twice is refused`() {
        let problem = problem("linger.ms=1\nlinger.ms=2\n")
        #expect(problem.contains("line 2") && problem.contains("line 1"))
    }

    @Test(arguments: [
        "enable.auto.commit=true", "auto.offset.reset=latest", "enable.idempotence=false", "group.protocol=consumer",
        "transactional.id=x", "delivery.report.only.error=true", "partitioner=random",
    ])
    func `a property that the guarantees rest on cannot be set`(line: String) {
        #expect(problem(line).contains("cannot be set"))
    }

    @Test(arguments: ["0", "60001", "-1", "soon"]) func `the brokers are waited for no longer than lanes are kept`(
        limit: String
    ) {
        #expect(problem("message.timeout.ms=\(limit)").contains("from 1 to 60000"))
        #expect(problem("delivery.timeout.ms=\(limit)").contains("from 1 to 60000"))
    }

    @Test func `heartbeats keep pace with the session timeout that a file asks for`() throws {
        let configuration = try configuration("session.timeout.ms=3000\n")
        #expect(try KafkaValue.of("heartbeat.interval.ms", configuration) == 1_000)
    }

    @Test func `a missing key, a missing file and a file that is not text are refused`() throws {
        #expect(problem("=x").contains("the key is missing"))
        #expect(throws: TransportError.self) {
            try KafkaConfiguration(brokers: "b", groupID: "g", propertiesFile: "/nowhere/kafka.properties")
        }
        let file = FileManager.default.temporaryDirectory.appending(path: "kafka-\(UUID().uuidString)").path
        try Data([0xff, 0xfe]).write(to: URL(fileURLWithPath: file))
        #expect(throws: TransportError.self) {
            try KafkaConfiguration(brokers: "b", groupID: "g", propertiesFile: file)
        }
        try FileManager.default.removeItem(atPath: file)
    }

    @Test func `settings that contradict each other are refused when the client is made`() throws {
        let configuration = try configuration("acks=1")
        #expect(throws: TransportError.self) { try KafkaRecordSink(configuration) }
    }

    @Test(arguments: ["", ",", "a:0", "a:70000", "a:b", "a:1,,b:2", ":9092", "a:9092, b:9092", "[::1]:x"])
    func `a broker list that names none is refused`(brokers: String) {
        #expect(throws: TransportError.self) { try KafkaConfiguration(brokers: brokers, groupID: "g") }
    }

    @Test(arguments: ["a", "a:1", "[::1]:9092", "[::1]", "a:9092,b:9093", "SASL_SSL://a:9092"])
    func `a broker list may be written in any usual way`(brokers: String) throws {
        _ = try KafkaConfiguration(brokers: brokers, groupID: "g")
    }

    @Test func `a group without a name is refused`() {
        #expect(throws: TransportError.self) { try KafkaConfiguration(brokers: "a", groupID: "") }
    }
}

/// What a consumer of a configuration is told.
enum KafkaValue {
    static func of(_ name: String, _ configuration: KafkaConfiguration) throws -> Int {
        let conf = try configuration.conf(for: .consumer)
        defer { rd_kafka_conf_destroy(conf) }
        var (text, size) = ([CChar](repeating: 0, count: 64), 64)
        #expect(rd_kafka_conf_get(conf, name, &text, &size) == RD_KAFKA_CONF_OK)
        let digits = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        return try #require(Int(String(decoding: digits, as: UTF8.self)))
    }
}
