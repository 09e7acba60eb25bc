import EmbeddedServices
import Foundation
import Orchestration
import PostgresStore
import Testing

/// The command line as a person at a second terminal uses it.
@Suite(.serialized) struct OperatorTests {
    @Test func `a session is started, shown, answered, paused and abandoned from the command line`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let worker = try fleet.worker()
        let agent = try fleet.agent()
        let session = Fleet.newSession()
        let id = session.description

        let started = try await fleet.genesis(
            "sessions",
            "start",
            "--id",
            id,
            "--user",
            "ann",
            "--input",
            #"{"seed":"sea"}"#
        )
        try started.requireSuccess()
        #expect(started.output.contains("accepted"))
        _ = try await fleet.wait(of: session)

        #expect(try await fleet.genesis("sessions", "list", "--json").lines.map { $0["id"].string } == [id])
        let shown = try await fleet.genesis("sessions", "show", id)
        #expect(shown.output.contains("CONCEPT_SELECTION"))
        #expect(shown.output.contains("Concept.Confirm"))
        #expect(try await fleet.genesis("handles", "list", "--json").lines.first?["status"].string == "WAITING")
        #expect(try await fleet.genesis("tasks", "list", "--json").lines.first?["status"].string == "COMPLETED")

        let refused = try await fleet.genesis("sessions", "reply", id, "Concept.Confirm", "--payload", "{}")
        #expect(refused.code == 1)
        #expect(refused.output.contains("invalid"))
        let accepted = try await fleet.genesis(
            "sessions",
            "reply",
            id,
            "Concept.Confirm",
            "--payload",
            #"{"concept_ids":["c1"]}"#,
            "--json"
        )
        try accepted.requireSuccess()
        #expect(try accepted.json["command"]["verdict"].string == "accepted")
        #expect(try accepted.json["session"]["current_stage"].string == "STORY_CONCEPTION")

        try await fleet.genesis("sessions", "pause", id).requireSuccess()
        #expect(try await fleet.queries.session(session)?.status == .paused)
        try await fleet.genesis("sessions", "unpause", id).requireSuccess()
        try await fleet.genesis("sessions", "abandon", id, "--reason", "enough").requireSuccess()
        #expect(try await fleet.queries.session(session)?.status == .abandoned)
        #expect(try await fleet.genesis("sessions", "abandon", id).code == 1)
        try await fleet.verify(session)
        #expect(try await fleet.genesis("sessions", "show", Fleet.newSession().description).code == 1)
        worker.stop()
        agent.stop()
    }
}
