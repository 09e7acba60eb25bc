import EmbeddedServices
import Foundation
import KafkaTransport
import Orchestration
import PostgresStore
import Testing

/// The way out, on real parts: what the brokers refuse, outages, and rows of an older outbox.
@Suite(.serialized) struct OutboxTests {
    /// What another service writes: the lane follows from the key.
    private func insert(_ fleet: Fleet, _ name: String, key: String, topic: String, to destinations: [String] = [])
        async throws
    {
        let list = destinations.isEmpty ? "'{}'" : "'{\(destinations.joined(separator: ","))}'"
        try await fleet.sql(
            """
            INSERT INTO event_outbox (
                topic, partition_key, lane, payload, max_retries, destination_topics, tenant_id, source_bc, schema_id,
                schema_version, headers
            ) VALUES (
                '\(topic)', '\(key)', \(OutboxMessage.lane(of: key)), '{"name":"\(name)"}', 1, \(list), 'beta', 'writer',
                'novel-draft', 3, '{"aggregate_id":"n7","traceparent":"00-af-b7-01"}'
            )
            """
        )
    }

    private func rows(_ fleet: Fleet) async throws -> [String] {
        try await fleet.sql(
            "SELECT payload ->> 'name' || ' ' || topic || ' ' || status FROM event_outbox ORDER BY position"
        ).split(separator: "\n").map(String.init)
    }

    @Test func `a refused topic ends in DEAD rows that wait, an outage in none, and neither is sent twice to others`()
        async throws
    {
        let fleet = try await Fleet(partitions: 1)
        let (bad, good) = ("genesis.writer.tasks", "genesis.plot.tasks")
        let notAuthorized = 29
        try fleet.control.send("fault \(bad) \(notAuthorized)")
        let worker = try fleet.worker()
        try await insert(fleet, "1", key: "k", topic: bad, to: [good, bad])
        try await insert(fleet, "2", key: "k", topic: bad)
        try await insert(fleet, "3", key: "k", topic: good)
        try await insert(fleet, "4", key: "k4", topic: good)
        try await eventually("the refused record is dead and the others are sent") {
            try await rows(fleet) == [
                "1 \(good) SENT", "1 \(bad) DEAD", "2 \(bad) PENDING", "3 \(good) SENT", "4 \(good) SENT",
            ]
        }
        try fleet.control.send("fault \(bad) 0")
        try fleet.control.send("down")
        try await insert(fleet, "5", key: "k5", topic: good)
        try await eventually("the outage is noticed") { fleet.log("worker").contains("the brokers take nothing") }
        #expect(try await rows(fleet).last == "5 \(good) PENDING")
        #expect(try await fleet.sql("SELECT retry_count FROM event_outbox WHERE partition_key = 'k5'") == "0")
        try fleet.control.send("up")
        try await fleet.genesis("outbox", "requeue", "--dead").requireSuccess()
        try await eventually("everything is sent") {
            try await rows(fleet).allSatisfy { $0.hasSuffix("SENT") }
        }
        let stats = try await fleet.genesis("outbox", "stats", "--json").lines
        #expect(
            stats.map { "\($0["topic"].string ?? "") \($0["status"].string ?? "") \($0["rows"].int ?? 0)" } == [
                "\(good) SENT 4", "\(bad) SENT 2",
            ]
        )
        let told = try #require(try await fleet.records(of: bad, partitions: 1, atLeast: 2).first)
        let headers = [
            "tenant_id": "beta", "source_bc": "writer", "schema_id": "novel-draft", "schema_version": "3",
            "aggregate_id": "n7", "traceparent": "00-af-b7-01",
        ]
        for (name, value) in headers { #expect(told.header(name) == value, "\(name)") }
        func names(_ topic: String, atLeast count: Int) async throws -> [String?] {
            try await fleet.records(of: topic, partitions: 1, atLeast: count).map {
                try JSONText.parse($0.value ?? [])["name"].string
            }
        }
        #expect(try await names(bad, atLeast: 2) == ["1", "2"])
        let others = try await names(good, atLeast: 4)
        #expect(others.filter { $0 == "1" }.count == 1)
        #expect(others.filter { $0 == "1" || $0 == "3" } == ["1", "3"])
        worker.stop()
    }

    @Test func `a key whose record is refused blocks itself only, with several relays, until an operator skips it`()
        async throws
    {
        let fleet = try await Fleet(partitions: 2)
        let workers = try ["a", "b", "c"].map { try fleet.worker($0) }
        try await eventually("three relays share the lanes") {
            try await fleet.sql("SELECT count(DISTINCT owner_id) FROM outbox_lanes") == "3"
        }
        let (topic, keys, each) = ("genesis.plot.tasks", 40, 12)
        // The third record of k7 is larger than a producer takes.
        let lanes = (1...keys).map { "WHEN \($0) THEN \(OutboxMessage.lane(of: "k\($0)"))" }.joined(separator: " ")
        try await fleet.sql(
            """
            INSERT INTO event_outbox (topic, partition_key, lane, payload)
            SELECT '\(topic)', 'k' || k, CASE k \(lanes) END, jsonb_build_object('name', k || '.' || n, 'fill',
                CASE WHEN k = 7 AND n = 3 THEN repeat('x', 5000000) ELSE '' END)
            FROM generate_series(1, \(each)) AS n, generate_series(1, \(keys)) AS k ORDER BY n, k
            """
        )
        func statuses() async throws -> String {
            try await fleet.sql(
                """
                SELECT string_agg(line, ', ' ORDER BY line) FROM (
                    SELECT (partition_key = 'k7') || ' ' || status || ' ' || count(*) AS line
                    FROM event_outbox GROUP BY partition_key = 'k7', status
                ) AS t
                """
            )
        }
        try await eventually("all others are sent") {
            try await statuses()
                == "false SENT \((keys - 1) * each), true DEAD 1, true PENDING \(each - 3), true SENT 2"
        }
        func names(atLeast count: Int) async throws -> [String: [String]] {
            let records = try await fleet.records(of: topic, partitions: 2, atLeast: count)
            let pairs = try records.map { record in
                (
                    String(decoding: record.key ?? [], as: UTF8.self),
                    try JSONText.parse(record.value ?? [])["name"].string
                )
            }
            return Dictionary(grouping: pairs, by: \.0).mapValues { $0.compactMap(\.1) }
        }
        let first = try await names(atLeast: (keys - 1) * each + 2)
        #expect(first["k7"] == ["7.1", "7.2"])
        let dead = try await fleet.sql("SELECT id FROM event_outbox WHERE status = 'DEAD'")
        try await fleet.genesis("outbox", "skip", dead, "--reason", "too large", "--yes").requireSuccess()
        try await eventually("the rest is sent") {
            try await fleet.sql("SELECT count(*) FROM event_outbox WHERE status <> 'SENT'") == "0"
        }
        let last = try await names(atLeast: keys * each - 1)
        for key in 1...keys {
            let expected = (1...each).filter { key != 7 || $0 != 3 }.map { "\(key).\($0)" }
            #expect(last["k\(key)"] == expected)
        }
        for worker in workers { worker.stop() }
    }

    @Test func `without a topic for dead letters they wait for it, the log says so, and nothing else waits`()
        async throws
    {
        let fleet = try await Fleet(partitions: 1, isWithoutDeadLetterTopics: true)
        let copies = "genesis.session.commands.dlq"
        // The embedded broker would make the topic when it is asked about it.
        let unknownTopic = 3
        try fleet.control.send("fault \(copies) \(unknownTopic)")
        let worker = try fleet.worker()
        let (same, other) = (Fleet.newSession(), Fleet.newSession())
        try await fleet.send([
            OutgoingRecord(
                topic: "genesis.session.commands",
                key: Array(same.description.utf8),
                value: Array("no JSON".utf8)
            )
        ])
        try await fleet.produce("Start", to: same)
        try await fleet.produce("Start", to: other)
        try await eventually("both sessions are told of, and the copy has failed") {
            try await fleet.sql(
                """
                SELECT count(*) FILTER (WHERE topic = 'genesis.session.events' AND status = 'SENT') || ' '
                    || count(*) FILTER (WHERE topic = '\(copies)' AND status = 'FAILED') FROM event_outbox
                """
            ) == "2 1"
        }
        #expect(fleet.log("worker").contains("genesis topics create"))
        #expect(fleet.log("worker").contains(copies))
        let failed = try await fleet.genesis("outbox", "list", "--status", "FAILED", "--json").lines
        #expect(failed.first?["topic"].string == copies)
        #expect(failed.first?["error_message"].string?.lowercased().contains("unknown topic") == true)
        let letters = try await fleet.genesis("dead-letters", "list", "--json").lines
        #expect(letters.map { $0["reason"].string } == ["invalid_json"])
        try fleet.control.send("fault \(copies) 0")
        try await eventually("the copy is sent once there is a topic") {
            try await fleet.sql("SELECT count(*) FROM event_outbox WHERE status <> 'SENT'") == "0"
        }
        worker.stop()
    }

    @Test func `an older outbox is taken over in order, once, whatever stops the import`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let topic = "genesis.plot.tasks"
        try await fleet.sql(
            """
            CREATE TABLE outbox (
                id uuid PRIMARY KEY DEFAULT gen_random_uuid(), aggregate_id text, type text, payload jsonb, topic text,
                schema_ver integer, retry_cnt integer, status text, err_msg text, created_at timestamptz
            );
            INSERT INTO outbox (aggregate_id, type, payload, topic, schema_ver, retry_cnt, status, err_msg, created_at)
            SELECT 'key ' || n % 7, 'Thing.Happened', jsonb_build_object('n', n), '\(topic)', 2, CASE n % 5 WHEN 1 THEN 9
                ELSE 0 END, (ARRAY['NEW', 'ERR', 'PENDING', 'SENT', 'PROCESSED'])[n % 5 + 1], 'was away',
                timestamptz '2026-01-01' + n * interval '1 second'
            FROM generate_series(1, 1200) AS n
            """
        )
        let rehearsed = try await fleet.genesis("outbox", "import", "--dry-run", "--json")
        try rehearsed.requireSuccess()
        #expect(try rehearsed.json["importable"].int == 1_200)
        #expect(try await rows(fleet).isEmpty)

        try await fleet.sql("INSERT INTO outbox (aggregate_id, type, created_at) VALUES ('x', 'T', now())")
        let refused = try await fleet.genesis("outbox", "import")
        #expect(refused.code == 1)
        #expect(refused.output.contains("payload") && refused.output.contains("is missing"))
        #expect(try await rows(fleet).isEmpty)
        try await fleet.sql("UPDATE outbox SET payload = '{}', status = 'WHAT' WHERE type = 'T'")
        let strange = try await fleet.genesis("outbox", "import", "--skip-refused")
        #expect(strange.code == 1)
        #expect(strange.output.contains("status is `WHAT`"))
        #expect(strange.output.contains("1201 read, 1200 imported"))
        try await fleet.sql("DELETE FROM outbox WHERE type = 'T'")
        // As if a run had been broken off in the middle.
        try await fleet.sql("DELETE FROM event_outbox WHERE created_at > timestamptz '2026-01-01 00:10:00'")
        let again = try await fleet.genesis("outbox", "import", "--json")
        try again.requireSuccess()
        #expect(try again.json["imported"].int == 600)
        #expect(try again.json["known"].int == 600)
        let third = try await fleet.genesis("outbox", "import", "--json")
        #expect(try third.json["imported"].int == 0)
        #expect(
            try await fleet.sql(
                "SELECT string_agg(status || '=' || n, ' ' ORDER BY status) FROM "
                    + "(SELECT status, count(*) AS n FROM event_outbox GROUP BY status) AS counts"
            ) == "PENDING=480 SENT=480 FAILED=240"
        )
        let worker = try fleet.worker()
        try await eventually("what was not delivered is delivered") {
            try await fleet.sql("SELECT count(*) FROM event_outbox WHERE status <> 'SENT'") == "0"
        }
        let records = try await fleet.records(of: topic, partitions: 1, atLeast: 720)
        #expect(records.count == 720)
        var last: [String: Int] = [:]
        for record in records {
            let number = try #require(try JSONText.parse(record.value ?? [])["n"].int)
            let key = String(decoding: record.key ?? [], as: UTF8.self)
            #expect(key == "key \(number % 7)")
            #expect(number > last[key] ?? 0, "the order of \(key)")
            last[key] = number
            #expect(record.header("schema_version") == "2")
            #expect(record.header("event_type") == "Thing.Happened")
        }
        worker.stop()
    }
}
