import EmbeddedServices
import Foundation
import KafkaTransport
import Orchestration
import PostgresStore
import Testing

/// What is wrong gets a verdict, a dead letter or an exit code that says so; the partition moves on, the process lives.
@Suite(.serialized) struct BadInputTests {
    static let commands = "genesis.session.commands"

    @Test func `hostile records are set aside with bytes and reason, and the next one is taken`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let worker = try fleet.worker()
        let session = Fleet.newSession()
        let key = Array(session.description.utf8)
        func record(_ value: String?, key: [UInt8]? = key) -> OutgoingRecord {
            OutgoingRecord(topic: Self.commands, key: key, value: value.map { Array($0.utf8) })
        }
        let command = { (type: String, extra: String) in
            """
            {"command_id":"\(UUID().uuidString)","command_type":"\(type)","aggregate_id":"\(session)"\(extra)}
            """
        }
        let start = "Command.Genesis.Session.Start"
        try await fleet.send([
            record("not json"),
            record(#"{"command_type":"Command.Genesis.Session.Start"}"#),
            record(command("Command.Genesis.Session.Dance", "")),
            record(command(start, #","payload":{"a":1,"a":2}"#)),
            record(command(start, ",\"payload\":{\"a\":\"\\u0000\"}")),
            record(command(start, #","payload":{"a":1e999}"#)),
            record(
                command(
                    start,
                    ",\"payload\":{\"a\":\(String(repeating: "[", count: 100))\(String(repeating: "]", count: 100))}"
                )
            ),
            record(command(start, ",\"payload\":{\"a\":\"\(String(repeating: "x", count: 1_100_000))\"}")),
            record(command(start, ""), key: nil),
            record(command(start, ""), key: Array(Fleet.newSession().description.utf8)),
            OutgoingRecord(topic: Self.commands, key: key, value: [0xFF, 0xFE, 0x00]),
            record(nil),
            record(command(start, #","payload":{"seed":"x"}"#)),
        ])
        try await eventually("the good record after the bad ones has started the session") {
            try await fleet.queries.session(session) != nil
        }
        let letters = try await fleet.queries.deadLetters(limit: 100).sorted { $0.recordOffset < $1.recordOffset }
        #expect(
            letters.map(\.reason) == [
                .invalidJSON, .invalidEnvelope, .unknownType, .invalidJSON, .invalidJSON, .invalidJSON, .invalidJSON,
                .tooLarge, .missingKey, .keyMismatch, .invalidJSON,
            ]
        )
        #expect(letters.first?.recordValue == Array("not json".utf8))
        let copies = try await fleet.records(of: Self.commands + ".dlq", partitions: 1, atLeast: letters.count)
        #expect(copies.first?.value == Array("not json".utf8))
        #expect(copies.first?.header("dlq_reason") == "invalid_json")
        let listed = try await fleet.genesis("dead-letters", "list", "--json")
        #expect(try listed.lines.count == letters.count)
        worker.stop()
    }

    @Test func `commands that do not fit get their verdicts, once and for all`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let worker = try fleet.worker()
        let unknown = Fleet.newSession()
        let session = Fleet.newSession()
        let stranger = MessageID(derivedFrom: unknown.description)
        let early = MessageID(derivedFrom: session.description, "finish")
        let again = MessageID(derivedFrom: session.description, "start again")
        try await fleet.produce("Concept.Confirm", to: unknown, id: stranger)
        try await fleet.produce("Start", to: session)
        try await fleet.produce("Finish", to: session, id: early)
        try await fleet.produce("Start", to: session, id: again)
        try await eventually("all verdicts are there") { try await fleet.queries.command(again)?.verdict != nil }
        #expect(try await fleet.queries.command(stranger)?.verdict == .unknown)
        #expect(try await fleet.queries.command(early)?.verdict == .wrongStage)
        #expect(try await fleet.queries.command(again)?.verdict == .notAllowed)
        #expect(try await fleet.queries.session(session)?.version == 1)
        let records = try await fleet.records(of: "genesis.session.events", partitions: 1, atLeast: 4)
        #expect(records.filter { $0.header("event_type") == "Genesis.Session.Command.Rejected" }.count == 3)
        worker.stop()
    }

    @Test func `a reply that names another session's or another tenant's wait moves neither`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let (worker, agent) = (try fleet.worker(), try fleet.agent())
        let other = ["GENESIS_TENANT": "other"]
        let (mine, neighbour, foreign) = (Fleet.newSession(), Fleet.newSession(), Fleet.newSession())
        for session in [mine, neighbour] { try await fleet.produce("Start", to: session) }
        try await fleet.genesis("sessions", "start", "--id", foreign.description, changing: other).requireSuccess()
        let wait = try #require(try await fleet.wait(of: mine))
        let theirs = try #require(try await fleet.wait(of: neighbour))
        let strange = try #require(try await fleet.wait(of: foreign))
        func reply(to session: SessionID, changing variables: [String: String] = [:]) async throws -> JSONValue {
            let answered = try await fleet.genesis(
                "sessions",
                "reply",
                session.description,
                "Concept.Confirm",
                "--payload",
                #"{"concept_ids":["c1"]}"#,
                "--correlation",
                wait.correlationID,
                "--json",
                changing: variables
            )
            return try #require(answered.firstJSON, "\(answered.output)")
        }
        let misdirected = try await reply(to: neighbour)
        #expect(misdirected["verdict"].string == "unknown", "\(misdirected.text)")
        #expect(
            misdirected["reason"].string == "the wait \(wait.correlationID) is not one of session \(neighbour)"
        )
        let trespassing = try await reply(to: mine, changing: other)
        #expect(trespassing["verdict"].string == "unknown", "\(trespassing.text)")
        #expect(trespassing["reason"].string == "there is no session \(mine) for tenant other")
        for handle in [wait, theirs] { #expect(try await fleet.queries.handle(handle.id)?.status == .waiting) }
        // A name that means nothing to this tenant is the sender's own: nobody is told that there is such a wait.
        let own = try await reply(to: foreign, changing: other)
        #expect(own["verdict"].string == "accepted", "\(own.text)")
        #expect(try await fleet.queries.handle(strange.id)?.status == .resumed)
        #expect(try await fleet.queries.handle(wait.id)?.status == .waiting)
        let right = try await reply(to: mine)
        #expect(right["verdict"].string == "accepted", "\(right.text)")
        agent.stop()
        worker.stop()
    }

    @Test func `whoever is in a deadline's place holds up that session only, and no worker`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let worker = try fleet.worker()
        let agent = try fleet.agent()
        let (stuck, other) = (Fleet.newSession(), Fleet.newSession())
        try await fleet.produce("Start", to: stuck)
        func wait() async throws -> ResumeHandle? {
            try await fleet.queries.handles(session: stuck, openOnly: true, limit: 1).first
        }
        try await eventually("it waits") { try await wait() != nil }
        let handle = try #require(try await wait())
        // Neither through Kafka nor through the table does anybody get there who does not say that it is Kafka.
        await #expect(throws: Failure.self) {
            try await fleet.sql(
                """
                INSERT INTO command_inbox (session_id, tenant_id, command_type, idempotency_key)
                VALUES ('\(Fleet.newSession())', 'default', 'T', 'worker/x')
                """
            )
        }
        try await fleet.sql(
            """
            INSERT INTO command_inbox (session_id, tenant_id, command_type, idempotency_key, source)
            VALUES ('\(Fleet.newSession())', 'default', 'T', 'worker/park.expired/\(handle.id)', 'kafka');
            UPDATE flow_resume_handles SET expires_at = now() WHERE id = '\(handle.id)'
            """
        )
        try await eventually("the deadline is set aside") {
            fleet.log("worker").contains("the database refuses what a deadline leads to")
        }
        try await fleet.produce("Pause", to: stuck)
        try await fleet.produce("Start", to: other)
        try await eventually("others go on") { try await fleet.queries.session(other) != nil }
        let letters = try await fleet.queries.deadLetters(limit: 9)
        #expect(letters.map(\.reason) == [.refused])
        #expect(letters.first?.recordKey == Array(stuck.description.utf8))
        #expect(worker.exitCode == nil)
        agent.stop()
        worker.stop()
    }

    @Test func `a worker whose schema is taken away under it ends with 3 and says what is missing`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let worker = try fleet.worker()
        let (first, second) = (Fleet.newSession(), Fleet.newSession())
        try await fleet.produce("Start", to: first)
        try await eventually("it is at work") { try await fleet.queries.session(first) != nil }
        try await fleet.sql(
            "ALTER FUNCTION genesis_lock_sessions RENAME TO taken_away; ALTER TABLE outbox_lanes RENAME COLUMN epoch TO e"
        )
        try await fleet.produce("Start", to: second)
        try await eventually("it ends") { worker.exitCode != nil }
        #expect(worker.exitCode == 3)
        #expect(fleet.log("worker").contains("genesis migrate up"), "\(fleet.log("worker"))")
        #expect(try await fleet.queries.session(second) == nil)
        // Nothing is lost: with its schema back the next worker takes the same record.
        try await fleet.sql(
            "ALTER FUNCTION taken_away RENAME TO genesis_lock_sessions; ALTER TABLE outbox_lanes RENAME COLUMN e TO epoch"
        )
        let next = try fleet.worker("next")
        try await eventually("the next takes it") { try await fleet.queries.session(second) != nil }
        next.stop()
    }

    @Test func `a worker that cannot start says why and ends with 2 or 3`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let nowhere = try await fleet.genesis("worker", changing: ["GENESIS_DATABASE_URL": "host=/nowhere dbname=x"])
        #expect(nowhere.code == 3)
        #expect(nowhere.output.contains("the database is away"))
        let nonsense = try await fleet.genesis("worker", changing: ["GENESIS_DATABASE_URL": "nonsense"])
        #expect(nonsense.code == 2)
        let silent = try await fleet.genesis("worker", changing: ["GENESIS_KAFKA_BROKERS": "127.0.0.1:1"])
        #expect(silent.code == 3, "\(silent.output)")
        #expect(silent.output.contains("Kafka"))
        let lost = try await fleet.genesis("worker", changing: ["GENESIS_WORKFLOWS": "/nowhere"])
        #expect(lost.code == 2)
        try fleet.control.send("fault genesis.session.commands 3")
        let topicless = try await fleet.genesis("worker")
        #expect(topicless.code == 2, "\(topicless.output)")
        #expect(topicless.output.contains("genesis topics create"))
        try fleet.control.send("fault genesis.session.commands 0")

        try await fleet.sql("INSERT INTO genesis_migrations (version, name, checksum) VALUES (999, '0999_future', 'x')")
        let newer = try await fleet.genesis("worker")
        #expect(newer.code == 2)
        #expect(newer.output.contains("newer"), "\(newer.output)")
        #expect(try await fleet.genesis("migrate", "status").output.contains("unknown"))
        #expect(try await fleet.genesis("migrate", "up").code == 2)
    }

    @Test func `a worker refuses an older schema and names the command that helps`() async throws {
        let fleet = try await Fleet(partitions: 1)
        try await fleet.genesis("migrate", "down", "--yes").requireSuccess()
        let older = try await fleet.genesis("worker")
        #expect(older.code == 2)
        #expect(older.output.contains("genesis migrate up"), "\(older.output)")
    }
}
