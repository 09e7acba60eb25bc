import EmbeddedServices
import Foundation
import Orchestration
import PostgresStore
import Testing

/// Everything that can be wrong with a record, as bytes on the topic, each between two good ones.
@Suite(.serialized) struct HostileRecordsTests {
    static let commands = "genesis.session.commands"

    private struct Case {
        var name: String
        /// What becomes of it; nil: it is taken.
        var reason: DeadLetter.Reason?
        var value: [UInt8]?
        var key: [UInt8]?
        var headers: [RecordHeader] = []
        var hasNoLetter = false
    }

    private let session = Fleet.newSession()
    private var key: [UInt8] { Array(session.description.utf8) }

    private func start(_ session: SessionID, _ extra: String = "") -> String {
        """
        {"command_id":"\(UUID().uuidString.lowercased())","command_type":"Command.Genesis.Session.Start",\
        "aggregate_id":"\(session)"\(extra)}
        """
    }

    private func text(_ name: String, _ reason: DeadLetter.Reason, _ value: String) -> Case {
        Case(name: name, reason: reason, value: Array(value.utf8), key: key)
    }

    private func payload(_ name: String, _ inner: String) -> Case {
        text(name, .invalidJSON, start(session, #","payload":{"a":\#(inner)}"#))
    }

    /// A Start of a session of its own, padded with blanks to so many bytes.
    private func padded(_ bytes: Int, _ session: SessionID) -> [UInt8] {
        let body = Array(start(session).utf8)
        return body + [UInt8](repeating: 0x20, count: bytes - body.count)
    }

    private func utf16(_ text: String) -> [UInt8] {
        [0xFF, 0xFE] + text.utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
    }

    private func bad() -> [Case] {
        let good = start(session)
        let bytes = Array(good.utf8)
        let limit = JSONLimits.record.bytesMax
        var cases = [
            payload("NUL escape", #""\u0000""#), payload("lone surrogate", #""\ud800""#),
            text("duplicate key", .invalidJSON, start(session, #","payload":{"a":1,"a":2}"#)),
            payload("trailing comma", "[1,]"), payload("number too large", "1e400"),
            payload("number of a hundred thousand digits", "1e131071"),
            payload("number too long", "1" + String(repeating: "0", count: 40)),
            payload("integer that is no double", "9007199254740993"),
            payload("depth", String(repeating: "[", count: 65) + String(repeating: "]", count: 65)),
            payload("great depth", String(repeating: "[", count: 20_000) + String(repeating: "]", count: 20_000)),
            payload("no value", ""), payload("not a number", "NaN"), payload("leading zero", "01"),
            payload("control character", "\"\u{1}\""), payload("single quotes", "'a'"),
            Case(name: "raw NUL", reason: .invalidJSON, value: bytes + [0], key: key),
            Case(name: "invalid UTF-8", reason: .invalidJSON, value: Array(#"{"a":""#.utf8) + [0xC3, 0x28], key: key),
            Case(
                name: "overlong UTF-8",
                reason: .invalidJSON,
                value: Array(#"{"a":""#.utf8) + [0xC0, 0xAF, 0x22, 0x7D],
                key: key
            ),
            Case(name: "byte order mark", reason: .invalidJSON, value: [0xEF, 0xBB, 0xBF] + bytes, key: key),
            Case(name: "UTF-16", reason: .invalidJSON, value: utf16(good), key: key),
            Case(name: "empty value", reason: .invalidJSON, value: [], key: key),
            text("two values", .invalidJSON, good + good), text("an array", .invalidEnvelope, "[1]"),
            text("no fields", .invalidEnvelope, "{}"),
            text(
                "braced id",
                .invalidEnvelope,
                good.replacing("\"aggregate_id\":\"\(session)\"", with: "\"aggregate_id\":\"{\(session)}\"")
            ),
            text(
                "id without hyphens",
                .invalidEnvelope,
                good.replacing(session.description, with: session.description.replacing("-", with: ""))
            ),
            text("unknown type", .unknownType, good.replacing("Session.Start", with: "Session.Dance")),
            text("schema version 0", .invalidEnvelope, start(session, #","schema_version":0"#)),
            text("a key of the worker's own", .invalidEnvelope, start(session, #","idempotency_key":"worker/late/x""#)),
            text("schema version with a plus sign", .invalidJSON, start(session, #","schema_version":+1"#)),
            text("schema version with a fraction", .invalidEnvelope, start(session, #","schema_version":1.5"#)),
            payload("lone low surrogate", #""\udc00""#), payload("plus sign", "+5"), payload("hexadecimal", "0x10"),
            text(
                "tenant with an accent of its own",
                .invalidEnvelope,
                start(session, ",\"tenant_id\":\"cafe\u{301}\"")
            ),
            text(
                "user of 256 characters",
                .invalidEnvelope,
                start(session, #","user_id":"\#(String(repeating: "u", count: 256))""#)
            ),
            text("schema version that is no number", .invalidEnvelope, start(session, #","schema_version":[1]"#)),
            text("user with a line break", .invalidEnvelope, start(session, #","user_id":"a\nb""#)),
            Case(name: "no key", reason: .missingKey, value: bytes, key: nil),
            Case(name: "empty key", reason: .missingKey, value: bytes, key: []),
            Case(
                name: "another's key",
                reason: .keyMismatch,
                value: bytes,
                key: Array(Fleet.newSession().description.utf8)
            ),
            Case(name: "key that is no text", reason: .keyMismatch, value: bytes, key: [0xFF, 0, 1]),
            Case(name: "one byte over the limit", reason: .tooLarge, value: padded(limit + 1, session), key: key),
            Case(
                name: "header that is no text",
                reason: .invalidEnvelope,
                value: bytes,
                key: key,
                headers: [RecordHeader(name: "correlation_id", value: [0xFF])]
            ),
        ]
        cases.append(Case(name: "tombstone", reason: nil, value: nil, key: key, hasNoLetter: true))
        cases.append(text("poison for the database", .refused, start(Fleet.newSession(), #","user_id":"poison""#)))
        // The poison has a session of its own, so that its key agrees.
        if let poison = cases.indices.last {
            let other = Fleet.newSession()
            cases[poison].value = Array(start(other, #","user_id":"poison""#).utf8)
            cases[poison].key = Array(other.description.utf8)
        }
        return cases
    }

    @Test func `every hostile record gets its recorded reason, and the good ones between them take effect`()
        async throws
    {
        let fleet = try await Fleet(partitions: 1)
        // An error of class 22 that a payload causes in the database, whatever a validator has let through.
        try await fleet.sql(
            """
            CREATE FUNCTION test_poison() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN RAISE EXCEPTION 'poison' USING ERRCODE = '22P02'; END $$;
            CREATE TRIGGER test_poison BEFORE INSERT ON command_inbox FOR EACH ROW WHEN (NEW.user_id = 'poison')
                EXECUTE FUNCTION test_poison()
            """
        )
        let limit = JSONLimits.record.bytesMax
        let bad = bad()
        var good: [SessionID] = []
        var records: [OutgoingRecord] = []
        func add(_ session: SessionID, _ value: [UInt8], _ headers: [RecordHeader] = []) {
            good.append(session)
            records.append(
                OutgoingRecord(
                    topic: Self.commands,
                    key: Array(session.description.utf8),
                    value: value,
                    headers: headers
                )
            )
        }
        for wrong in bad {
            let session = Fleet.newSession()
            add(session, Array(start(session).utf8))
            records.append(
                OutgoingRecord(topic: Self.commands, key: wrong.key, value: wrong.value, headers: wrong.headers)
            )
        }
        let (below, at, many, twice) = (Fleet.newSession(), Fleet.newSession(), Fleet.newSession(), Fleet.newSession())
        add(below, padded(limit - 1, below))
        add(at, padded(limit, at))
        add(many, Array(start(many).utf8), (0..<1_000).map { RecordHeader("h\($0)", "v") })
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        add(
            twice,
            Array(start(twice).utf8),
            [
                RecordHeader("correlation_id", "one"), RecordHeader("correlation_id", "two"),
                RecordHeader("traceparent", trace),
            ]
        )
        let worker = try fleet.worker()
        // In pieces: the embedded broker keeps five megabytes.
        for record in records { try await fleet.send([record]) }
        let last = good[good.count - 1]
        try await eventually("the last good record has taken effect") { try await fleet.queries.session(last) != nil }

        let letters = try await fleet.queries.deadLetters(limit: 500).sorted { $0.recordOffset < $1.recordOffset }
        let expected = bad.enumerated().filter { !$0.element.hasNoLetter }
        #expect(letters.count == expected.count)
        for ((index, wrong), letter) in zip(expected, letters) {
            #expect(letter.recordOffset == Int64(index * 2 + 1), "\(wrong.name)")
            #expect(letter.reason == wrong.reason, "\(wrong.name): \(letter.detail)")
            #expect(letter.recordValue == wrong.value, "\(wrong.name)")
            #expect(letter.recordKey == wrong.key, "\(wrong.name)")
            #expect(!letter.detail.isEmpty)
        }
        // A header that is no text keeps its bytes, in the table and on the topic for dead letters.
        let named = try #require(letters.first { $0.headers != [] })
        #expect(named.headers == [["correlation_id", "base64:/w=="]])
        let copies = try await fleet.records(of: Self.commands + ".dlq", partitions: 1, atLeast: expected.count)
        let copy = try #require(copies.first { $0.header("dlq_offset") == "\(named.recordOffset)" })
        #expect(copy.headers.contains(RecordHeader(name: "correlation_id", value: [0xFF])))
        #expect(copy.key == named.recordKey && copy.value == named.recordValue)
        let begun = try await fleet.sql(
            "SELECT count(*) FROM genesis_sessions WHERE id IN (\(good.map { "'\($0)'" }.joined(separator: ",")))"
        )
        #expect(begun == "\(good.count)")
        #expect(try await fleet.queries.positions().allSatisfy { $0.stopReason == nil })
        let event = try #require(try await fleet.queries.events(of: twice).first)
        #expect(event.correlationID == "two")
        let published = try await fleet.records(of: "genesis.session.events", partitions: 1, atLeast: good.count)
        let answer = try #require(published.first { $0.key == Array(twice.description.utf8) })
        #expect(answer.header("traceparent") == trace)
        #expect(answer.header("source_bc") == "genesis")
        #expect(answer.header("aggregate_type") == DomainEvent.aggregateType)
        #expect(answer.header("aggregate_id") == twice.description)
        #expect(answer.header("causation_id") == event.causationID.description)
        #expect(answer.header("schema_version") == "1")
        #expect(answer.header("tenant_id") == "default")
        worker.stop()
    }

    @Test
    func
        `a session that needs a newer worker waits alone, is shown, and waits again when it is requeued to the same worker`()
        async throws
    {
        let fleet = try await Fleet(partitions: 1)
        let worker = try fleet.worker()
        let other = Fleet.newSession()
        try await fleet.send([
            OutgoingRecord(topic: Self.commands, key: key, value: Array(start(session, #","schema_version":9"#).utf8))
        ])
        try await fleet.produce("Abandon", to: session)
        try await fleet.produce("Start", to: other)
        try await eventually("the other session has begun") { try await fleet.queries.session(other) != nil }
        #expect(try await fleet.queries.session(session) == nil)
        let listed = try await fleet.genesis("dead-letters", "list", "--json").lines
        #expect(listed.map { $0["reason"].string } == ["needs_newer_worker", "needs_newer_worker"])
        #expect(listed.map { $0["session_id"].string } == [session.description, session.description])
        let id = try #require(listed.first?["id"].string)
        let shown = try await fleet.genesis("dead-letters", "show", id).output
        for word in [session.description, "needs_newer_worker", "command_id"] { #expect(shown.contains(word)) }
        #expect(fleet.log("worker").contains("session set aside: it needs a newer worker"))
        // Published again it needs a newer worker still, and waits again; nothing is lost on the way.
        try await fleet.genesis("dead-letters", "requeue", "--all", "--reason", "needs_newer_worker", "--yes")
            .requireSuccess()
        try await eventually("both are set aside again") {
            try await fleet.queries.deadLetters(limit: 9).filter(\.isWaiting).count == 2
        }
        #expect(try await fleet.queries.session(session) == nil)
        worker.stop()
    }
}
