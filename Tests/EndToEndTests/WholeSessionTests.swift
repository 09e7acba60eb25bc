import EmbeddedServices
import Foundation
import Orchestration
import OrchestrationTesting
import PostgresStore
import Testing

/// Whole sessions on real parts: PostgreSQL, the Kafka protocol, workers and agents as processes.
@Suite(.serialized) struct WholeSessionTests {
    @Test func `records of any Kafka client drive a session through six stages`() async throws {
        let fleet = try await Fleet()
        let worker = try fleet.worker()
        let agent = try fleet.agent()
        let session = Fleet.newSession()
        try await fleet.play(session)

        let row = try #require(try await fleet.queries.session(session))
        #expect(row.status == .completed)
        #expect(row.currentStage == .finished)
        #expect(row.novelID != nil)
        #expect(row.confirmedData.object?.keys == ["characters", "concepts", "plot", "theme", "world"])
        try await fleet.verify(session)

        // What is on Kafka is what is in the database, once each and in order, with the promised headers.
        let events = try await fleet.queries.events(of: session)
        let records = try await fleet.records(of: "genesis.session.events", atLeast: events.count)
        let published = records.filter { $0.header("aggregate_version") != nil }
        #expect(published.map { $0.header("event_type") } == events.map(\.eventType))
        #expect(published.map { $0.header("aggregate_version") } == events.map { "\($0.aggregateVersion)" })
        for (record, event) in zip(published, events) {
            #expect(record.key == Array(session.description.utf8))
            #expect(record.header("ce_id") == event.eventID.description)
            #expect(record.header("correlation_id") == event.correlationID)
            let body = try JSONText.parse(record.value ?? [])
            #expect(body["event_id"].string == event.eventID.description)
            #expect(body["payload"] == event.payload)
        }

        worker.signal(SIGTERM)
        #expect(worker.wait() == 0)
        agent.stop()
    }

    @Test func `a worker that is killed again and again loses nothing and does nothing twice`() async throws {
        let seed = TestSeed.draw()
        let fleet = try await Fleet()
        let agent = try fleet.agent(delay: "PT0.05S", failRate: "0.1")
        let sessions = (0..<6).map { _ in Fleet.newSession() }
        let killing = Task {
            var dice = seed
            for round in 0..<4 {
                let worker = try fleet.worker("killed-\(round)")
                dice = dice &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                // Time to rebalance (the embedded broker takes as long as a member may be silent), then a random moment.
                try await Task.sleep(for: .milliseconds(5_000 + Int(dice >> 33) % 2_000))
                worker.signal(SIGKILL)
                _ = worker.wait()
            }
            return try fleet.worker("last")
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for session in sessions { group.addTask { try await fleet.play(session) } }
            try await group.waitForAll()
        }
        let last = try await killing.value
        for session in sessions {
            #expect(try await fleet.queries.session(session)?.status == .completed, "seed \(seed)")
            try await fleet.verify(session)
            let stages = try await fleet.queries.events(of: session).map(\.eventType).filter {
                $0.hasSuffix("onfirmed")
            }
            #expect(
                stages.map { $0.split(separator: ".").dropFirst(2).joined(separator: ".") } == [
                    "ConceptConfirmed", "Theme.Confirmed", "World.Confirmed", "Character.Confirmed", "Plot.Confirmed",
                ],
                "seed \(seed)"
            )
        }
        last.stop()
        agent.stop()
    }

    @Test func `two workers share the sessions, and one goes on when the other is gone`() async throws {
        let fleet = try await Fleet()
        let agent = try fleet.agent()
        let first = try fleet.worker("first")
        let second = try fleet.worker("second")
        let sessions = (0..<4).map { _ in Fleet.newSession() }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for session in sessions.prefix(2) { group.addTask { try await fleet.play(session) } }
            try await group.waitForAll()
        }
        first.signal(SIGTERM)
        #expect(first.wait() == 0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for session in sessions.suffix(2) { group.addTask { try await fleet.play(session) } }
            try await group.waitForAll()
        }
        for session in sessions { try await fleet.verify(session) }
        second.stop()
        agent.stop()
    }
}

extension IncomingRecord {
    func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
    }
}
