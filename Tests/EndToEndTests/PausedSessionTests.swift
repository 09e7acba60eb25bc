import EmbeddedServices
import Foundation
import Orchestration
import PostgresStore
import Testing

/// What a paused session keeps and how it goes on; reminders and a result that is too large: all on the real parts.
@Suite(.serialized) struct PausedSessionTests {
    private static let workflow = """
        workflow: genesis
        version: 1.0.0
        setup:
          actions:
            pauseSession: { session: pause }
            unpauseSession: { session: unpause }
          actors:
            Writer.Draft.Generation: { topic: genesis.writer.tasks, timeouts: {}, retry: { maxAttempts: 1 } }
        machine:
          id: m
          initial: WORLDVIEW
          context: { editors: [ann] }
          on:
            Command.Genesis.Session.Pause: { actions: pauseSession }
            Command.Genesis.Session.Unpause: { actions: unpauseSession }
          states:
            WORLDVIEW:
              initial: generating
              states:
                generating: { invoke: { src: Writer.Draft.Generation, onDone: asking, onError: asking } }
                asking:
                  meta: { park: { expires: P7D, reminders: [PT0.5S], allowed: .context.editors } }
                  on:
                    Command.Genesis.Session.Theme.Request: revised
                    Command.Genesis.Session.Theme.Confirm: '#m.HASTY'
                revised:
                  meta: { park: { expires: P7D } }
                  on: { Command.Genesis.Session.Theme.Confirm: '#m.DONE' }
            HASTY: { type: final, tags: [abandoned] }
            DONE: { type: final }
        """

    private func started(_ fleet: Fleet) async throws -> (SessionID, AsyncTask) {
        let session = Fleet.newSession()
        try await fleet.genesis("sessions", "start", "--id", session.description, "--user", "ann").requireSuccess()
        return (session, try #require(try await fleet.queries.tasks(session: session, limit: 1).first))
    }

    /// The agent's result, as a record.
    private func finish(_ task: AsyncTask, _ output: JSONValue, in fleet: Fleet) async throws {
        let body: JSONObject = [
            "event_id": JSONValue(MessageID(derivedFrom: task.id.description, "result")),
            "event_type": "Writer.Draft.Generated", "aggregate_id": JSONValue(task.sessionID),
            "payload": ["task_id": JSONValue(task.id), "attempt": 1, "output": output],
        ]
        try await fleet.send([
            OutgoingRecord(
                topic: "genesis.writer.events",
                key: Array(task.sessionID.description.utf8),
                value: JSONValue.object(body).utf8Bytes
            )
        ])
    }

    @Test func `a paused session keeps what it can apply, and applies it in the order in which it came`() async throws {
        let fleet = try await Fleet(partitions: 1, workflow: Self.workflow)
        let worker = try fleet.worker()
        let (session, task) = try await started(fleet)
        let id = session.description
        try await fleet.genesis("sessions", "pause", id).requireSuccess()
        try await finish(task, [:], in: fleet)
        try await eventually("the result is kept") {
            try await fleet.queries.commands(session: session, limit: 9).contains { $0.verdict == .buffered }
        }
        for type in ["Theme.Request", "Theme.Confirm"] {
            let refused = try await fleet.genesis("sessions", "reply", id, type, "--user", "zed")
            #expect(refused.code == 1)
            #expect(refused.output.contains("not_allowed"), "\(refused.output)")
            let kept = try await fleet.genesis("sessions", "reply", id, type, "--user", "ann")
            try kept.requireSuccess()
            #expect(kept.output.contains("buffered"), "\(kept.output)")
        }
        #expect(try await fleet.queries.session(session)?.status == .paused)
        try await fleet.genesis("sessions", "unpause", id).requireSuccess()
        // In another order the confirmation would have come first.
        #expect(try await fleet.queries.session(session)?.status == .completed)
        let verdicts = try await fleet.queries.commands(session: session, limit: 9).map(\.verdict)
        #expect(verdicts.count { $0 == .notAllowed } == 2)
        #expect(verdicts.count { $0 == .accepted } == verdicts.count - 2)
        try await fleet.verify(session)
        worker.stop()
    }

    @Test func `a reminder is said once, published, and shown as the worker's`() async throws {
        let fleet = try await Fleet(partitions: 1, workflow: Self.workflow)
        let worker = try fleet.worker()
        let (session, task) = try await started(fleet)
        try await finish(task, [:], in: fleet)
        let type = "Genesis.Session.WaitReminder"
        try await eventually("the reminder has been published") {
            try await fleet.sql(
                "SELECT count(*) FROM event_outbox o JOIN domain_events e ON e.event_id = o.id WHERE o.status = 'SENT' "
                    + "AND e.event_type = '\(type)'"
            ) == "1"
        }
        let wait = try #require(try await fleet.wait(of: session))
        #expect(wait.nextReminderAt == nil)
        let said = try await fleet.queries.events(of: session).filter { $0.eventType == type }
        #expect(said.map { $0.payload["correlation_id"].string } == [wait.correlationID])
        let shown = try await fleet.genesis("sessions", "show", session.description).output
        let line = try #require(shown.split(separator: "\n").first { $0.contains("WaitReminder") })
        #expect(line.hasSuffix("worker"), "\(line)")
        try await fleet.verify(session)
        worker.stop()
    }

    @Test func `a result above the limit costs the attempt, with the limit and its size`() async throws {
        let fleet = try await Fleet(partitions: 1, workflow: Self.workflow)
        let worker = try fleet.worker()
        let (session, task) = try await started(fleet)
        // 512 KiB and a byte, as compact JSON.
        let bytes = 512 * 1_024 + 1
        try await finish(task, ["t": .string(String(repeating: "a", count: bytes - 8))], in: fleet)
        _ = try #require(try await fleet.wait(of: session))
        let ended = try #require(try await fleet.queries.task(task.id))
        #expect(ended.status == .failed)
        #expect(ended.errorData["code"] == "OUTPUT_TOO_LARGE")
        let shown = try await fleet.genesis("tasks", "show", task.id.description).output
        #expect(shown.contains("the result has 524289 bytes, the limit is 524288"), "\(shown)")
        try await fleet.verify(session)
        worker.stop()
    }
}
