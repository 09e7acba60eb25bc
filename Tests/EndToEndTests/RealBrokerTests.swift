import EmbeddedServices
import Foundation
import KafkaTransport
import Orchestration
import PostgresStore
import Testing

/// What the embedded broker cannot show, on the brokers that `GENESIS_TEST_BROKERS` names (`deploy/README.md`).
@Suite(.serialized, .enabled(if: RealBrokers.named != nil), .timeLimit(.minutes(10)))
struct RealBrokerTests {
    private static let partitions = 3
    private static let commands = "genesis.session.commands"

    /// A fleet on topics that hold nothing yet.
    private func fleet() async throws -> (Fleet, RealBrokers) {
        let brokers = try #require(RealBrokers.named)
        let old = try await Fleet(partitions: Self.partitions, brokers: brokers)
        try await brokers.delete(Fleet.topics + Fleet.topics.map { $0 + ".dlq" }, of: old)
        return (try await Fleet(partitions: Self.partitions, brokers: brokers), brokers)
    }

    @Test func `two workers play sessions, one is killed, the other goes on`() async throws {
        let (fleet, _) = try await fleet()
        let agent = try fleet.agent()
        let first = try fleet.worker("first")
        let second = try fleet.worker("second")
        let sessions = (0..<4).map { _ in Fleet.newSession() }
        let killing = Task {
            try await eventually("a session is under way") {
                try await fleet.queries.session(sessions[0])?.version ?? 0 > 3
            }
            first.signal(SIGKILL)
            _ = first.wait()
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for session in sessions { group.addTask { try await fleet.play(session) } }
            try await group.waitForAll()
        }
        try await killing.value
        for session in sessions {
            #expect(try await fleet.queries.session(session)?.status == .completed)
            try await fleet.verify(session)
        }
        second.signal(SIGTERM)
        #expect(second.wait() == 0)
        let third = try fleet.worker("third")
        let later = Fleet.newSession()
        try await fleet.play(later)
        #expect(!fleet.log("third").contains("partition stopped"))
        third.stop()
        agent.stop()
    }

    @Test func `a topic made anew stops its partitions until an operator has set them`() async throws {
        let (fleet, brokers) = try await fleet()
        let agent = try fleet.agent()
        let worker = try fleet.worker("before")
        try await fleet.play(Fleet.newSession())
        worker.stop()
        try await brokers.delete([Self.commands], of: fleet)
        try await fleet.genesis("topics", "create", "--partitions", "\(Self.partitions)").requireSuccess()

        let next = try fleet.worker("after")
        func stopped() async throws -> [String] {
            try await fleet.sql(
                "SELECT partition FROM kafka_positions WHERE topic = '\(Self.commands)' AND stop_reason IS NOT NULL"
            ).split(separator: "\n").map(String.init)
        }
        let read = try await fleet.sql(
            "SELECT count(*) FROM kafka_positions WHERE topic = '\(Self.commands)' AND next_offset IS NOT NULL"
        )
        try await eventually("the partitions have stopped") { try await "\(stopped().count)" == read }
        for partition in try await stopped() {
            try await fleet.genesis("topics", "reset-position", Self.commands, partition, "--to", "beginning", "--yes")
                .requireSuccess()
        }
        let session = Fleet.newSession()
        try await fleet.play(session)
        #expect(try await fleet.queries.session(session)?.status == .completed)
        next.stop()
        agent.stop()
    }

    @Test func `records come back as they were sent`() async throws {
        let (fleet, _) = try await fleet()
        let topic = "genesis.writer.tasks"
        let large = [UInt8](repeating: 65, count: 900_000)
        let sent = [
            OutgoingRecord(topic: topic, key: Array("k".utf8), value: nil),
            OutgoingRecord(topic: topic, key: Array("k".utf8), value: []),
            OutgoingRecord(
                topic: topic,
                key: Array("k".utf8),
                value: large,
                headers: [
                    RecordHeader("a", "1"), RecordHeader("a", "2"), RecordHeader(name: "none", value: nil),
                    RecordHeader(name: "bytes", value: [0, 255, 0]),
                ]
            ),
        ]
        #expect(await fleet.sink.send(sent) == [.sent, .sent, .sent])
        let records = try await fleet.records(of: topic, partitions: Self.partitions, atLeast: sent.count)
        #expect(records.map(\.value) == sent.map(\.value))
        #expect(records.map(\.headers) == sent.map(\.headers))
        #expect(records.map(\.offset) == [0, 1, 2])
    }
}
