import EmbeddedServices
import Foundation
import Orchestration
import PostgresStore
import Testing

/// What agents say, in time and late, right and wrong, on the real parts; and the four limits of a silent one.
@Suite(.serialized) struct TaskAnswerTests {
    private static let answers = "genesis.writer.events"

    private func say(
        _ type: String,
        _ fields: JSONObject,
        to session: SessionID,
        in fleet: Fleet,
        id: MessageID = MessageID(UUID().uuidString) ?? MessageID(high: 0, low: 0),
        beside: Bool = false
    ) async throws {
        let head: JSONObject = [
            "event_id": JSONValue(id), "event_type": .string(type), "aggregate_id": JSONValue(session),
        ]
        let body = head.merging(beside ? fields : ["payload": .object(fields)])
        try await fleet.send([
            OutgoingRecord(
                topic: Self.answers,
                key: Array(session.description.utf8),
                value: JSONValue.object(body).utf8Bytes
            )
        ])
    }

    private static let limits = """
        workflow: genesis
        version: 1.0.0
        setup:
          actions: { note: { assign: '{ codes: (.context.codes + [.event.error.code]) }' } }
          actors:
            Q.Generation: { topic: genesis.writer.tasks, timeouts: { queue: PT0.5S }, retry: { maxAttempts: 1 } }
            A.Generation: { topic: genesis.writer.tasks, timeouts: { attempt: PT0.5S }, retry: { maxAttempts: 1 } }
            H.Generation: { topic: genesis.writer.tasks, timeouts: { heartbeat: PT0.5S }, retry: { maxAttempts: 1 } }
            T.Generation: { topic: genesis.writer.tasks, timeouts: { total: PT0.5S }, retry: { maxAttempts: 9, initial: PT0.01S } }
        machine:
          id: m
          initial: WORLDVIEW
          context: { codes: [] }
          states:
            WORLDVIEW:
              type: parallel
              onDone: DONE
              states:
                q: { initial: x, states: { x: { invoke: { src: Q.Generation, onError: { target: y, actions: note } } }, y: { type: final } } }
                a: { initial: x, states: { x: { invoke: { src: A.Generation, onError: { target: y, actions: note } } }, y: { type: final } } }
                h: { initial: x, states: { x: { invoke: { src: H.Generation, onError: { target: y, actions: note } } }, y: { type: final } } }
                t: { initial: x, states: { x: { invoke: { src: T.Generation, onError: { target: y, actions: note } } }, y: { type: final } } }
            DONE: { type: final }
        """

    @Test func `each of the four limits ends an attempt by the database's clock, with its own code`() async throws {
        let fleet = try await Fleet(partitions: 1, workflow: Self.limits)
        let worker = try fleet.worker()
        let session = Fleet.newSession()
        try await fleet.genesis("sessions", "start", "--id", session.description).requireSuccess()
        for task in try await fleet.queries.tasks(session: session, limit: 9)
        where "AH".contains(task.taskType.prefix(1)) {
            try await say(
                "Task.Started",
                ["task_id": JSONValue(task.id), "attempt": 1, "node": "n"],
                to: session,
                in: fleet
            )
        }
        try await eventually("all have ended") { try await fleet.queries.session(session)?.status == .completed }
        let tasks = try await fleet.queries.tasks(session: session, limit: 9)
        let codes = Dictionary(uniqueKeysWithValues: tasks.map { ($0.taskType.prefix(1), $0.errorData["code"].string) })
        #expect(
            codes == ["Q": "QUEUE_TIMEOUT", "A": "ATTEMPT_TIMEOUT", "H": "HEARTBEAT_TIMEOUT", "T": "TOTAL_TIMEOUT"]
        )
        #expect(tasks.allSatisfy { $0.status == .failed && $0.completedAt != nil })
        // The agents are not left working for nobody.
        try await fleet.verify(session)
        worker.stop()
    }

    @Test func `every wrong or late answer gets a recorded verdict, and changes nothing`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let worker = try fleet.worker()
        let session = Fleet.newSession()
        try await fleet.genesis("sessions", "start", "--id", session.description, "--user", "ann").requireSuccess()
        let task = try #require(try await fleet.queries.tasks(session: session, limit: 1).first)
        // The concepts are drafted on another topic; the answer may come on any that the worker reads.
        let (id, one) = (JSONValue(task.id), JSONValue.int(1))
        let wrong: [(String, JSONObject, Verdict, String)] = [
            ("Task.Progressed", ["task_id": id, "attempt": one, "progress": 150], .invalid, "0 to 100, not 150"),
            ("Task.Progressed", ["task_id": id, "attempt": one, "progress": -1], .invalid, "0 to 100, not -1"),
            ("Task.Progressed", ["task_id": id, "attempt": one, "progress": "NaN"], .invalid, "0 to 100, not \"NaN\""),
            (
                "Task.Progressed", ["task_id": id, "attempt": one, "progress": "half"], .invalid,
                "0 to 100, not \"half\""
            ),
            ("Task.Started", ["task_id": id], .invalid, "attempt is missing"),
            ("Task.Failed", ["task_id": id, "attempt": one], .invalid, "code is missing"),
            (
                "Task.Failed", ["task_id": JSONValue(session), "attempt": one, "code": "E"], .unknown,
                "there is no task"
            ),
            ("Task.Progressed", ["task_id": id, "attempt": 7, "progress": 5], .staleAttempt, "is at attempt 1"),
            ("Task.Failed", ["task_id": id, "attempt": 2, "code": "E"], .staleAttempt, "is at attempt 1"),
            ("Wrong.Type", ["task_id": id, "attempt": one, "output": [:]], .invalid, "not `Wrong.Type`"),
        ]
        for (index, (type, fields, _, _)) in wrong.enumerated() {
            try await say(type, fields, to: session, in: fleet, beside: index.isMultiple(of: 2))
        }
        // No JSON knows this number, so nobody knows whose the record is.
        let noNumber =
            #"{"event_id":"\#(UUID().uuidString)","event_type":"Task.Progressed","aggregate_id":"\#(session)","#
            + #""payload":{"task_id":"\#(task.id)","attempt":1,"progress":NaN}}"#
        try await fleet.send([
            OutgoingRecord(topic: Self.answers, key: Array(session.description.utf8), value: Array(noNumber.utf8))
        ])
        try await say(
            "Task.Progressed",
            ["task_id": id, "attempt": one, "progress": .number(33.33)],
            to: session,
            in: fleet
        )
        try await eventually("the good answer after the wrong ones counts") {
            try await fleet.queries.task(task.id)?.progress == Percentage("33.33")
        }
        let rows = try await fleet.queries.commands(session: session, limit: 50)
        for (type, _, verdict, reason) in wrong {
            let row = rows.first { $0.commandType == type && $0.errorMessage?.contains(reason) == true }
            #expect(row?.verdict == verdict, "\(type): \(reason)")
        }
        #expect(try await fleet.queries.deadLetters(limit: 9).map(\.reason) == [.invalidJSON])
        // Those about the task are listed with it, wherever their fields stood.
        let listed = try await fleet.genesis("tasks", "show", task.id.description).output
        for reason in ["0 to 100, not 150", "0 to 100, not -1", "is at attempt 1"] {
            #expect(listed.contains(reason), "\(listed)")
        }
        // Progress never falls within an attempt.
        try await say(
            "Task.Progressed",
            ["task_id": id, "attempt": one, "progress": 10, "message": "m"],
            to: session,
            in: fleet
        )
        try await eventually("it is heard") { try await fleet.queries.task(task.id)?.progressMessage == "m" }
        #expect(try await fleet.queries.task(task.id)?.progress == Percentage("33.33"))

        let misfit: JSONObject = ["task_id": id, "attempt": one, "output": [1, 2]]
        try await say("Outliner.Concept.Generated", misfit, to: session, in: fleet)
        try await eventually("the misfit has cost the attempt") { try await fleet.queries.task(task.id)?.attempt == 2 }
        let shown = try await fleet.genesis("tasks", "show", task.id.description, "--json").json
        #expect(shown["error_data"]["code"].string == "INVALID_OUTPUT")
        let verdicts = shown["messages"].array?.compactMap { $0["verdict"].string } ?? []
        #expect(verdicts.count { $0 == "stale_attempt" } == 2)
        #expect(verdicts.count { $0 == "invalid" } >= 6)
        // A late answer of the first attempt.
        try await say(
            "Outliner.Concept.Generated",
            ["task_id": id, "attempt": one, "output": [:]],
            to: session,
            in: fleet
        )
        let text = try await fleet.genesis("tasks", "show", task.id.description)
        #expect(text.output.contains("stale_attempt"))
        #expect(text.output.contains("INVALID_OUTPUT"))

        // Who ends the session ends the task; the agent is told, and what it sends afterwards is recorded.
        try await fleet.genesis("sessions", "abandon", session.description, "--user", "ann").requireSuccess()
        let late = MessageID(UUID().uuidString) ?? MessageID(high: 0, low: 0)
        try await say(
            "Outliner.Concept.Generated",
            ["task_id": id, "attempt": 2, "output": ["concepts": []]],
            to: session,
            in: fleet,
            id: late
        )
        try await eventually("the late result is recorded") {
            try await fleet.queries.command(late)?.verdict == .superseded
        }
        #expect(try await fleet.queries.task(task.id)?.status == .cancelled)
        let told = try await fleet.records(of: "genesis.outline.tasks", partitions: 1, atLeast: 3)
        let cancelled = told.first { $0.header("event_type") == "Task.Cancelled" }
        #expect(cancelled?.header("task_id") == task.id.description)
        #expect(cancelled?.header("attempt") == "2")
        worker.stop()
    }

    @Test func `agents' tasks of an actor with a limit are asked for one after another`() async throws {
        let fleet = try await Fleet(
            partitions: 1,
            workflow: Self.limits.replacing(
                "timeouts: { queue: PT0.5S }",
                with: "concurrency: 1, timeouts: { queue: PT30S }"
            ).replacing("PT0.5S", with: "PT30S")
        )
        let worker = try fleet.worker()
        let sessions = (0..<3).map { _ in Fleet.newSession() }
        for session in sessions {
            try await fleet.genesis("sessions", "start", "--id", session.description).requireSuccess()
        }
        func waiting() async throws -> [String] {
            let ids = try await fleet.sql(
                "SELECT session_id FROM async_tasks WHERE task_type = 'Q.Generation' AND status = 'PENDING' AND requested_at IS NULL"
            )
            return ids.split(separator: "\n").map(String.init)
        }
        for left in [2, 1, 0] {
            try await eventually("\(left) wait") { try await waiting().count == left }
            let task = try await fleet.sql(
                "SELECT id || ' ' || session_id FROM async_tasks WHERE task_type = 'Q.Generation' AND status = 'PENDING'"
                    + " AND requested_at IS NOT NULL"
            ).split(separator: " ").map(String.init)
            let session = try #require(SessionID(task[1]))
            try await say(
                "Q.Generated",
                ["task_id": .string(task[0]), "attempt": 1, "output": [:]],
                to: session,
                in: fleet
            )
        }
        let asked = try await fleet.records(of: "genesis.writer.tasks", partitions: 1, atLeast: 12)
        #expect(asked.count { $0.header("event_type") == "Q.GenerationRequested" } == 3)
        worker.stop()
    }
}
