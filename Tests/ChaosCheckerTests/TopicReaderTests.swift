import EmbeddedServices
import Foundation
import KafkaTransport
import Orchestration
import Testing

@testable import ChaosChecker

@Suite struct TopicReaderTests {
    @Test func `every record of every partition is read, with its key, headers and bytes`() async throws {
        let broker = try await Broker(topics: "one:3,two:1")
        defer { broker.process.stop() }
        let sink = try KafkaRecordSink(KafkaConfiguration(brokers: broker.address, groupID: "g"))
        let records = (0..<300).map { (number: Int) -> OutgoingRecord in
            let text = RecordHeader(name: "h", value: Array("ä\(number)".utf8))
            let key: [UInt8]? = number == 7 ? nil : Array("k\(number)".utf8)
            let value: [UInt8] = [0, 255, UInt8(number & 255)]
            let bytes = RecordHeader(name: "h", value: [255])
            return OutgoingRecord(
                topic: number % 3 == 0 ? "two" : "one",
                key: key,
                value: value,
                headers: [text, bytes]
            )
        }
        #expect(await sink.send(records).allSatisfy { $0 == .sent })
        await sink.close()
        let read = try TopicReader.read(brokers: broker.address, topics: ["one", "two"])
        #expect(read.count == 300)
        #expect(Set(read.map { "\($0.topic)/\($0.partition)/\($0.offset)" }).count == 300)
        #expect(Set(read.map(\.partition)) == [0, 1, 2])
        let seventh = try #require(read.first { $0.key == nil })
        #expect(seventh.value == [0, 255, 7])
        #expect(seventh.headers.map(\.name) == ["h", "h"])
        #expect(seventh.headers[0].value == Array("ä7".utf8))
        #expect(throws: CheckFailure.self) { try TopicReader.read(brokers: broker.address, topics: ["three"]) }
    }

    @Test func `a run whose first records are gone cannot be judged`() async throws {
        let broker = try await Broker(topics: "one:1")
        defer { broker.process.stop() }
        let sink = try KafkaRecordSink(KafkaConfiguration(brokers: broker.address, groupID: "g"))
        // The embedded broker keeps 5 MiB of a partition.
        for _ in 0..<8 {
            let value = [UInt8](repeating: 65, count: 900_000)
            _ = await sink.send([OutgoingRecord(topic: "one", key: nil, value: value)])
        }
        await sink.close()
        #expect(throws: CheckFailure.self) { try TopicReader.read(brokers: broker.address, topics: ["one"]) }
    }
}

/// An embedded broker of a test's own.
private struct Broker {
    let process: ChildProcess
    let address: String

    init(topics: String) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "genesis-topics-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let genesis = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            .appending(path: "genesis").path
        process = try ChildProcess(
            [genesis, "broker", "--topics", topics, "--address-file", "\(folder)/address"],
            environment: [:],
            logFile: "\(folder)/log"
        )
        let deadline = ContinuousClock.now + .seconds(20)
        while !FileManager.default.fileExists(atPath: "\(folder)/address"), ContinuousClock.now < deadline {
            try await Task.sleep(for: .milliseconds(5))
        }
        address = try String(contentsOfFile: "\(folder)/address", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}
