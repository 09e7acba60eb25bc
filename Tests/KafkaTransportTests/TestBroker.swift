import EmbeddedServices
import Foundation
import KafkaTransport
import Orchestration
import Synchronization
import Testing

/// An embedded broker in a process of its own, which ends with this one.
final class TestBroker: Sendable {
    /// For all tests that do not disturb it; they use topics and groups of their own.
    static let shared = Result { try TestBroker() }

    let bootstrap: String
    let control: BrokerControl
    let process: ChildProcess
    private let folder: String

    init(topics: String = "first:1") throws {
        folder = FileManager.default.temporaryDirectory.appending(path: "genesis-kafka-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        process = try ChildProcess(
            [
                Self.executable, "broker", "--topics", topics, "--address-file", "\(folder)/address",
                "--control-socket", "\(folder)/control",
            ],
            environment: [:],
            logFile: "\(folder)/log"
        )
        control = BrokerControl(socketPath: "\(folder)/control")
        let deadline = Date().addingTimeInterval(20)
        while !FileManager.default.fileExists(atPath: "\(folder)/address") {
            guard process.exitCode == nil, Date() < deadline else {
                let log = (try? String(contentsOfFile: "\(folder)/log", encoding: .utf8)) ?? ""
                throw TestFailure("the broker did not start: \(log)")
            }
            usleep(5_000)
        }
        bootstrap = try String(contentsOfFile: "\(folder)/address", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }

    deinit {
        process.stop()
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The program beside the test bundle.
    static var executable: String {
        let tests = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return tests.deletingLastPathComponent().appending(path: "genesis").path
    }

    /// A topic that no other test uses.
    func topic(partitions: Int = 1) throws -> String {
        let name = "topic-\(UUID().uuidString.lowercased())"
        try control.send("topic \(name) \(partitions)")
        return name
    }

    func configuration(
        group: String = "group-\(UUID().uuidString.lowercased())",
        sendLimitMilliseconds: Int = 20_000
    ) throws -> KafkaConfiguration {
        var configuration = try KafkaConfiguration(brokers: bootstrap, groupID: group)
        configuration.fetchWaitMilliseconds = 10
        // The embedded broker waits as long in each rebalance.
        configuration.sessionTimeoutMilliseconds = 4_000
        configuration.sendLimitMilliseconds = sendLimitMilliseconds
        return configuration
    }

    func source(
        _ topic: String,
        partitions: Int = 1,
        group: String? = nil,
        options: KafkaRecordSource.Options = .init()
    ) throws -> TestSource {
        let configuration = if let group { try configuration(group: group) } else { try configuration() }
        let all = (0..<partitions).map { TopicPartition(topic: topic, partition: $0) }
        return TestSource(try KafkaRecordSource(configuration, assigning: all, options: options))
    }

    /// Writes values `0`, `1`, … to one partition, by way of a topic's keys: all carry the same.
    func fill(_ topic: String, key: String = "k", count: Int, from first: Int = 0) async throws {
        let sink = try KafkaRecordSink(configuration())
        let records = (first..<first + count).map { number in
            OutgoingRecord(topic: topic, key: Array(key.utf8), value: Array(String(number).utf8))
        }
        let results = await sink.send(records)
        await sink.close()
        guard results.allSatisfy({ $0 == .sent }) else { throw TestFailure("not sent: \(results.prefix(3))") }
    }
}

/// A source and everything that it has said.
final class TestSource: Sendable {
    let source: KafkaRecordSource
    private let log = Mutex<(events: [SourceEvent], hasEnded: Bool)>(([], false))

    init(_ source: KafkaRecordSource) {
        self.source = source
        Task {
            while let event = await source.next() { log.withLock { $0.events.append(event) } }
            log.withLock { $0.hasEnded = true }
        }
    }

    var events: [SourceEvent] { log.withLock(\.events) }
    var hasEnded: Bool { log.withLock(\.hasEnded) }
    var batches: [RecordBatch] {
        events.compactMap { if case .batch(let batch) = $0 { batch } else { nil } }
    }
    var outages: [String] {
        events.compactMap { event in
            if case .brokersAway = event { return "away" }
            if case .brokersBack = event { return "back" }
            return nil
        }
    }
    var notices: [String] { events.compactMap { if case .notice(let notice) = $0 { notice } else { nil } } }
    var stops: [(TopicPartition, String)] {
        events.compactMap {
            if case .partitionStopped(let partition, let reason) = $0 { (partition, reason) } else { nil }
        }
    }
    var assignments: [(generation: Int, partitions: [TopicPartition])] {
        events.compactMap {
            if case .assigned(let generation, let partitions) = $0 { (generation, partitions) } else { nil }
        }
    }
    var revocations: [Int] {
        events.compactMap { if case .revoked(let generation) = $0 { generation } else { nil } }
    }

    /// Waits for the assignment and starts all its partitions at the same place.
    func start(at offset: StartOffset = .beginning, assignment number: Int = 1) async throws {
        try await eventually("assignment \(number)") { self.assignments.count >= number }
        let partitions = assignments[number - 1].partitions
        try await start(at: Dictionary(uniqueKeysWithValues: partitions.map { ($0, offset) }), assignment: number)
    }

    /// Waits for the assignment and starts each partition at its place.
    func start(at offsets: [TopicPartition: StartOffset], assignment number: Int = 1) async throws {
        try await eventually("assignment \(number)") { self.assignments.count >= number }
        await source.start(generation: assignments[number - 1].generation, at: offsets)
    }

    /// Answers `done` to each batch until so many records have come.
    func read(_ count: Int) async throws -> [IncomingRecord] {
        var handled = 0
        try await eventually("\(count) records") {
            let batches = self.batches
            for batch in batches[handled...] { await self.source.done(batch) }
            handled = batches.count
            return batches.reduce(0) { $0 + $1.records.count } >= count
        }
        return batches.flatMap(\.records)
    }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Waits until the condition holds, and fails when it does not in time.
func eventually(_ what: String, seconds: Double = 30, _ condition: () async throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(seconds)
    while try await !condition() {
        guard ContinuousClock.now < deadline else { throw TestFailure("not within \(seconds) s: \(what)") }
        try await Task.sleep(for: .milliseconds(2))
    }
}

func text(_ record: IncomingRecord) -> String { String(decoding: record.value ?? [], as: UTF8.self) }
