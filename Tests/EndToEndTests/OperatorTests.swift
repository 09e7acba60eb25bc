import EmbeddedServices
import Foundation
import Orchestration
import PostgresStore
import Testing

/// The command line as a person at a second terminal uses it.
@Suite(.serialized) struct OperatorTests {
    @Test func `an operator ends a task that no agent takes, and sees who ended the wait`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let worker = try fleet.worker()
        let session = Fleet.newSession()
        let id = session.description
        try await fleet.genesis("sessions", "start", "--id", id, "--user", "ann").requireSuccess()
        let task = try #require(try await fleet.genesis("tasks", "list", "--json").lines.first?["id"].string)

        try await fleet.genesis("tasks", "retry", task, "--reason", "hangs").requireSuccess()
        let misfit = try await fleet.genesis("tasks", "complete", task, "--output", "[1]")
        #expect(misfit.code == 1)
        #expect(misfit.output.contains("must be object, not array"))
        try await fleet.genesis("tasks", "complete", task, "--output", #"{"concepts":[]}"#, "--user", "eve")
            .requireSuccess()
        let late = try await fleet.genesis("tasks", "skip", task)
        #expect(late.code == 1)
        #expect(late.output.contains("wrong_stage"))
        let events = try await fleet.queries.events(of: session)
        #expect(events.map(\.eventType).contains("Genesis.Session.Task.Completed"))
        #expect(events.first { $0.eventType == "Genesis.Session.Task.Completed" }?.userID == "eve")

        let open = try await fleet.wait(of: session)
        let handle = try #require(open)
        #expect(handle.nextReminderAt != nil)
        // From the reply's name to the wait, and from the session to both.
        let named = try await fleet.genesis("handles", "explain", handle.correlationID, "--json").json
        #expect(named["handle_id"].string == handle.id.description)
        let strange = ["GENESIS_TENANT": "other"]
        #expect(try await fleet.genesis("handles", "explain", handle.correlationID, changing: strange).code == 1)
        let shown = try await fleet.genesis("sessions", "show", id).output
        #expect(shown.contains("handle \(handle.id)"), "\(shown)")
        try await fleet.genesis("sessions", "pause", id).requireSuccess()
        for text in [
            try await fleet.genesis("handles", "list").output, try await fleet.genesis("sessions", "show", id).output,
        ] {
            #expect(text.contains("paused, ") && text.contains(" left"), "\(text)")
            #expect(text.contains(handle.correlationID), "\(text)")
        }
        try await fleet.genesis("sessions", "unpause", id).requireSuccess()
        try await fleet.genesis("sessions", "abandon", id, "--user", "ann").requireSuccess()
        #expect(!(try await fleet.genesis("handles", "list", "--all").output.contains("in 7d")))
        let explained = try await fleet.genesis("handles", "explain", handle.id.description, "--json").json
        #expect(explained["winner"].string == "Command.Genesis.Session.Abandon")
        #expect(explained["competitors"].array?.map { $0["verdict"].string } == ["accepted", "void"])
        let text = try await fleet.genesis("handles", "explain", handle.id.description)
        #expect(text.output.contains("The wait was ended by Abandon."))
        try await fleet.verify(session)
        worker.stop()
    }

    @Test func `a task that was begun anew can be begun anew once more`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let worker = try fleet.worker()
        let session = Fleet.newSession()
        try await fleet.genesis("sessions", "start", "--id", session.description).requireSuccess()
        func open() async throws -> String {
            try #require(
                try await fleet.genesis("tasks", "list", "--status", "PENDING", "--json").lines.first?["id"].string
            )
        }
        let first = try await open()
        try await fleet.genesis("tasks", "cancel", first).requireSuccess()
        try await fleet.genesis("tasks", "retry", first).requireSuccess()
        let second = try await open()
        #expect(second != first)
        // The first retry is pending as long as its task is open, and this one is about that task.
        try await fleet.genesis("tasks", "retry", second).requireSuccess()
        #expect(try await fleet.sql("SELECT attempt FROM async_tasks WHERE id = '\(second)'") == "2")
        worker.stop()
    }

    @Test func `sessions that need help are found, those of each tenant`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let worker = try fleet.worker()
        let (stuck, busy) = (Fleet.newSession(), Fleet.newSession())
        let other = ["GENESIS_TENANT": "other"]
        try await fleet.genesis("sessions", "start", "--id", stuck.description, changing: other).requireSuccess()
        try await fleet.genesis("sessions", "start", "--id", busy.description).requireSuccess()
        #expect(try await fleet.genesis("sessions", "list", "--needs-help").output.contains("No session needs help."))
        #expect(try await fleet.genesis("sessions", "list").output.contains("TENANT"))
        let task = try #require(try await fleet.queries.tasks(session: stuck, limit: 1).first)
        let shown = try await fleet.genesis("sessions", "show", stuck.description).output
        #expect(shown.contains("task \(task.id)"), "\(shown)")
        try await fleet.genesis("tasks", "cancel", task.id.description, changing: other).requireSuccess()
        let inNeed = try await fleet.genesis("sessions", "list", "--needs-help", "--json").lines
        #expect(inNeed.map { $0["id"].string } == [stuck.description])
        #expect(!(try await fleet.genesis("sessions", "list", "--needs-help").output.contains("TENANT")))
        worker.stop()
    }

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

    @Test func `a dead letter is published again from the command line, once`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let worker = try fleet.worker()
        try await fleet.produce("Nonsense.Do", to: Fleet.newSession())
        try await eventually("there is a dead letter") { try await fleet.queries.deadLetters(limit: 9).count == 1 }
        let letter = try #require(try await fleet.queries.deadLetters(limit: 9).first)
        let id = letter.id.description

        #expect(try await fleet.genesis("dead-letters", "requeue").code == 2)
        #expect(try await fleet.genesis("dead-letters", "requeue", id, "--all").code == 2)
        #expect(try await fleet.genesis("dead-letters", "requeue", "--all", "--reason", "invalid_json").code == 0)
        #expect(try await fleet.queries.deadLetter(letter.id)?.requeuedAt == nil)
        let done = try await fleet.genesis("dead-letters", "requeue", id, "--json")
        try done.requireSuccess()
        #expect(try done.json["requeued"].int == 1)
        let records = try await fleet.records(of: "genesis.session.commands", partitions: 1, atLeast: 2)
        #expect(records.map(\.value) == [letter.recordValue, letter.recordValue])
        #expect(records.map(\.key) == [letter.recordKey, letter.recordKey])
        let second = try await fleet.genesis("dead-letters", "requeue", id)
        #expect(second.code == 1)
        #expect(second.output.contains("already"))
        try await eventually("it is set aside again") { try await fleet.queries.deadLetters(limit: 9).count == 2 }

        let listed = try await fleet.genesis("outbox", "list", "--status", "sent", "--json").lines
        let sent = try #require(listed.first?["id"].string)
        #expect(listed.first?["skipped"] == false)
        #expect(try await fleet.genesis("outbox", "requeue", sent).code == 1)
        #expect(try await fleet.genesis("outbox", "skip", sent).code == 2)
        let refused = try await fleet.genesis("outbox", "skip", sent, "--reason", "enough")
        #expect(refused.code == 1)
        #expect(refused.output.contains("is SENT, not DEAD"))
        try await fleet.genesis("outbox", "requeue", "--dead").requireSuccess()
        worker.stop()
    }
}
