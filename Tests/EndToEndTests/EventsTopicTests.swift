import EmbeddedServices
import Foundation
import Orchestration
import PostgresStore
import Testing

/// What other services put on the topic of session events, where our own facts are as well.
@Suite(.serialized) struct EventsTopicTests {
    private static let topic = "genesis.session.events"

    private func newID() -> JSONValue { .string(UUID().uuidString.lowercased()) }

    private func record(_ type: String, of session: SessionID, _ payload: JSONValue) -> OutgoingRecord {
        let body: JSONValue = [
            "event_id": newID(), "event_type": .string(type), "aggregate_type": "GenesisSession",
            "aggregate_id": JSONValue(session), "schema_version": 1, "payload": payload,
        ]
        return OutgoingRecord(topic: Self.topic, key: Array(session.description.utf8), value: body.utf8Bytes)
    }

    /// A command in the envelope of an event.
    private func received(
        _ command: String,
        of session: SessionID,
        for other: SessionID? = nil,
        id: JSONValue? = nil,
        schemaVersion: Int = 1
    ) -> OutgoingRecord {
        record(
            SessionMessages.commandReceived,
            of: session,
            [
                "command_id": id ?? newID(), "command_type": .string("Command.Genesis.Session." + command),
                "aggregate_id": JSONValue(other ?? session), "schema_version": .int(schemaVersion), "payload": [:],
            ]
        )
    }

    @Test func `commands in an envelope take effect once, what is wrong has its reason, and what is foreign is let be`()
        async throws
    {
        let fleet = try await Fleet(partitions: 1)
        let worker = try fleet.worker()
        let (first, newer, stranger, last) = (
            Fleet.newSession(), Fleet.newSession(), Fleet.newSession(), Fleet.newSession()
        )
        let id = newID()
        try await fleet.send([
            record("Novel.Printed", of: stranger, ["copies": 3]),
            received("Start", of: first, id: id),
            // Another event about the same command.
            received("Start", of: first, id: id),
            received("Start", of: stranger, for: Fleet.newSession()),
            received("Dance", of: stranger),
            received("Start", of: newer, schemaVersion: 9),
            OutgoingRecord(topic: Self.topic, key: Array(stranger.description.utf8), value: Array("{".utf8)),
            received("Start", of: last),
        ])
        try await eventually("the last session has begun") { try await fleet.queries.session(last) != nil }
        #expect(try await fleet.queries.events(of: first).filter { $0.eventType.hasSuffix("Started") }.count == 1)
        #expect(
            try await fleet.sql("SELECT id FROM command_inbox WHERE session_id = '\(first)'") == id.string
        )
        let letters = try await fleet.queries.deadLetters(limit: 9).sorted { $0.recordOffset < $1.recordOffset }
        #expect(letters.map(\.reason) == [.keyMismatch, .unknownType, .needsNewerWorker, .invalidJSON])
        #expect(letters.allSatisfy { $0.topic == Self.topic })
        #expect(letters.map(\.sessionID) == [nil, nil, newer, nil])
        for session in [newer, stranger] { #expect(try await fleet.queries.session(session) == nil) }
        #expect(try await fleet.sql("SELECT count(*) FROM command_inbox WHERE session_id = '\(stranger)'") == "0")
        worker.stop()
    }
}
