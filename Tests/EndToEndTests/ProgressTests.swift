import EmbeddedServices
import Foundation
import KafkaTransport
import Orchestration
import PostgresStore
import Testing

/// Progress is a sign of life that costs little.
@Suite(.serialized) struct ProgressTests {
    @Test func `a thousand progress messages in a second are one write, and the last value arrives`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let worker = try fleet.worker()
        let session = Fleet.newSession()
        try await fleet.produce("Start", to: session)
        var found: AsyncTask?
        try await eventually("there is a task") {
            found = try await fleet.queries.tasks(session: session, limit: 1).first
            return found != nil
        }
        let task = try #require(found)
        func record(_ type: String, _ number: Int, _ fields: JSONObject) -> OutgoingRecord {
            let payload = fields.merging(["task_id": JSONValue(task.id), "attempt": 1])
            let body: JSONObject = [
                "event_id": JSONValue(MessageID(derivedFrom: task.id.description, type, "\(number)")),
                "event_type": .string(type), "aggregate_type": .string(DomainEvent.aggregateType),
                "aggregate_id": JSONValue(session), "payload": .object(payload), "schema_version": 1,
            ]
            return OutgoingRecord(
                topic: "genesis.outline.events",
                key: Array(session.description.utf8),
                value: JSONValue.object(body).utf8Bytes
            )
        }
        try await fleet.send([record("Task.Started", 0, ["node": "n"])])
        try await eventually("the task runs") { try await fleet.queries.task(task.id)?.status == .running }
        try await fleet.sql(
            """
            CREATE TABLE writes (progress text);
            CREATE FUNCTION note_write() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN INSERT INTO writes VALUES (NEW.progress::text); RETURN NEW; END $$;
            CREATE TRIGGER note_write AFTER UPDATE ON async_tasks FOR EACH ROW EXECUTE FUNCTION note_write();
            """
        )
        let before = try #require(try await fleet.queries.task(task.id)?.deadlineAt)
        let began = ContinuousClock.now
        try await fleet.send(
            (1...1_000).map { number in
                record(
                    "Task.Progressed",
                    number,
                    [
                        "progress": .number(Double(number) / 10 - 0.01), "details": ["page": .int(number)],
                    ]
                )
            }
        )
        try await eventually("the last value is there") {
            try await fleet.queries.task(task.id)?.progress == Percentage("99.99")
        }
        let seconds = Int((ContinuousClock.now - began).components.seconds)
        let writes = Int(try await fleet.sql("SELECT count(*) FROM writes")) ?? 0
        // One, if all were read within the second; never more than one for each second that it took.
        #expect((1...seconds + 1).contains(writes), "\(writes) writes in \(seconds) s")
        let after = try #require(try await fleet.queries.task(task.id))
        #expect(after.progressDetails == ["page": 1_000])
        let deadline = try #require(after.deadlineAt)
        #expect(deadline > before, "progress is the heartbeat")

        // What is told just before a failure goes along with it, and the next attempt gets it.
        try await fleet.send([
            record("Task.Progressed", 2_000, ["progress": 100, "details": ["page": 2_000]]),
            record("Task.Failed", 1, ["code": "X", "message": "no", "retryable": true]),
        ])
        try await eventually("the next attempt is asked for") { try await fleet.queries.task(task.id)?.attempt == 2 }
        #expect(try await fleet.queries.task(task.id)?.progressDetails == ["page": 2_000])
        let asked = try await fleet.sql(
            "SELECT payload::text FROM event_outbox WHERE topic = 'genesis.outline.tasks' AND payload::text LIKE '%2000%'"
        )
        #expect(asked.contains(#""page": 2000"#), "\(asked)")
        worker.stop()
    }
}
