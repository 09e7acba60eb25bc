import OrchestrationTesting
import Testing

@testable import Orchestration

@Suite struct EnvelopeTests {
    static let session = "0190a000-0000-7000-8000-00000000000a"
    static let command = "0190a000-0000-7000-8000-00000000000b"
    static let place = TopicPartition(topic: "genesis.session.commands", partition: 3)

    static func record(
        _ value: String?,
        key: String? = session,
        headers: [RecordHeader] = []
    ) -> IncomingRecord {
        IncomingRecord(
            topicPartition: place,
            offset: 42,
            key: key.map { Array($0.utf8) },
            value: value.map { Array($0.utf8) },
            headers: headers
        )
    }

    static func envelope(_ record: IncomingRecord) throws -> Envelope {
        let decoded = Envelope.decode(record)
        guard case .envelope(let envelope) = decoded else {
            Issue.record("\(decoded)")
            throw EnvelopeFault(.invalidEnvelope, "no envelope")
        }
        return envelope
    }

    static let abandon = """
        {"command_id":"\(command)","command_type":"Command.Genesis.Session.Abandon","aggregate_id":"\(session)",
         "payload":{"why":"enough"},"correlation_id":"flow-1","user_id":"u@x","tenant_id":"t1"}
        """

    @Test func `one command means the same in each accepted form`() throws {
        let structured = """
            {"specversion":"1.0","id":"\(Self.command)","source":"web","type":"Command.Genesis.Session.Abandon",
             "subject":"\(Self.session)","data":{"why":"enough"},"correlationid":"flow-1","userid":"u@x","tenantid":"t1"}
            """
        let attributes = [
            RecordHeader("CE_specversion", "1.0"), RecordHeader("ce_id", Self.command),
            RecordHeader("ce_source", "web"),
            RecordHeader("Ce_Type", "Command.Genesis.Session.Abandon"), RecordHeader("ce_subject", Self.session),
            RecordHeader("Correlation_ID", "flow-1"), RecordHeader("user_id", "u@x"), RecordHeader("ce_tenantid", "t1"),
        ]
        let plainEvent = Self.abandon.replacing("command_id", with: "event_id")
            .replacing("command_type", with: "event_type")
        let forms: [(Envelope.Form, IncomingRecord)] = [
            (.plainCommand, Self.record(Self.abandon, headers: [RecordHeader("source", "web")])),
            (.plainEvent, Self.record(plainEvent, headers: [RecordHeader("source", "web")])),
            (.cloudEventStructured, Self.record(structured)),
            (
                .cloudEventStructured,
                Self.record(
                    structured,
                    headers: [RecordHeader("Content-Type", "application/cloudevents+json; charset=UTF-8")]
                )
            ),
            (.cloudEventBinary, Self.record(#"{"why":"enough"}"#, headers: attributes)),
        ]
        for (form, record) in forms {
            var envelope = try Self.envelope(record)
            #expect(envelope.form == form)
            envelope.form = .plainCommand
            #expect(
                envelope
                    == Envelope(
                        id: try #require(MessageID(Self.command)),
                        type: SessionMessages.abandon,
                        sessionID: try #require(SessionID(Self.session)),
                        payload: ["why": "enough"],
                        correlationID: "flow-1",
                        userID: "u@x",
                        tenantID: "t1",
                        source: "web"
                    ),
                "\(form)"
            )
        }
    }

    @Test func `the session may be named by the key alone, in either case`() throws {
        let text = #"{"command_id":"\#(Self.command)","command_type":"X","task_id":"t","attempt":1}"#
        let envelope = try Self.envelope(Self.record(text, key: Self.session.uppercased()))
        #expect(envelope.sessionID.description == Self.session)
        #expect(envelope.payload == [:])
        #expect(envelope.extensions == ["task_id": "t", "attempt": 1])
        #expect(
            try Self.envelope(Self.record(Self.abandon, key: Self.session.uppercased())).sessionID == envelope.sessionID
        )
    }

    @Test func `a CloudEvent whose id is no UUID is known by source and id`() throws {
        func event(_ source: String) throws -> Envelope {
            try Self.envelope(Self.record(#"{"specversion":"1.0","id":"7","source":"\#(source)","type":"X"}"#))
        }
        #expect(try event("a").idempotencyKey == "a/7")
        #expect(try event("a").id == event("a").id)
        #expect(try event("a").id != event("b").id)
    }

    struct Refused: Sendable {
        var value: String
        var key: String? = EnvelopeTests.session
        var headers: [RecordHeader] = []
        var reason: DeadLetter.Reason
        var detail: String
    }

    static func command(_ more: String) -> String {
        #"{"command_id":"\#(command)","command_type":"X",\#(more)}"#
    }

    static let refused: [Refused] = [
        Refused(value: abandon, key: nil, reason: .missingKey, detail: "has no key"),
        Refused(value: abandon, key: "", reason: .missingKey, detail: "has no key"),
        Refused(value: abandon, key: command, reason: .keyMismatch, detail: "content is about session \(session)"),
        Refused(value: abandon, key: "x", reason: .keyMismatch, detail: "key is “x”"),
        Refused(value: "", reason: .invalidJSON, detail: "at byte 0: there is no value"),
        Refused(value: "{\"a\":1,}", reason: .invalidJSON, detail: "at byte 6"),
        Refused(value: "[]", reason: .invalidEnvelope, detail: "must be a JSON object, not array"),
        Refused(value: "{}", reason: .invalidEnvelope, detail: "neither a command nor an event"),
        Refused(
            value: #"{"command_type":"X","event_type":"X"}"#,
            reason: .invalidEnvelope,
            detail: "both command_type and event_type"
        ),
        Refused(value: #"{"command_type":"X"}"#, reason: .invalidEnvelope, detail: "field command_id is missing"),
        Refused(
            value: #"{"event_id":"7","event_type":"X"}"#,
            reason: .invalidEnvelope,
            detail: "field event_id must be a UUID, not “7”"
        ),
        Refused(
            value: #"{"command_id":"\#(command)"}"#,
            reason: .invalidEnvelope,
            detail: "field command_type is missing"
        ),
        Refused(
            value: #"{"command_id":"\#(command)","command_type":"a b"}"#,
            reason: .invalidEnvelope,
            detail: "field command_type must be 1 to 128"
        ),
        Refused(value: command(#""payload":[1]"#), reason: .invalidEnvelope, detail: "payload must be an object"),
        Refused(value: command(#""metadata":"m""#), reason: .invalidEnvelope, detail: "metadata must be an object"),
        Refused(
            value: command(#""user_id":7"#),
            reason: .invalidEnvelope,
            detail: "user_id must be a string, not number"
        ),
        Refused(value: command(#""tenant_id":"""#), reason: .invalidEnvelope, detail: "tenant_id must be 1 to 128"),
        Refused(
            value: command(#""correlation_id":"\#(String(repeating: "x", count: 129))""#),
            reason: .invalidEnvelope,
            detail: "correlation_id must be 1 to 128"
        ),
        Refused(value: command(#""causation_id":"é""#), reason: .invalidEnvelope, detail: "causation_id must be"),
        Refused(value: command(#""idempotency_key":"""#), reason: .invalidEnvelope, detail: "idempotency_key must be"),
        Refused(
            value: command(#""occurred_at":"today""#),
            reason: .invalidEnvelope,
            detail: "occurred_at must be a time"
        ),
        Refused(
            value: command(#""aggregate_id":"x""#),
            reason: .invalidEnvelope,
            detail: "aggregate_id must be a UUID"
        ),
        Refused(
            value: command(#""aggregate_id":"\#(session)","session_id":"\#(command)""#),
            reason: .invalidEnvelope,
            detail: "session_id names session"
        ),
        Refused(value: command(#""x":1"#), key: "k", reason: .invalidEnvelope, detail: "the key “k” is no UUID either"),
        Refused(
            value: command(#""x":1"#),
            headers: [RecordHeader(name: "user_id", value: [0xFF])],
            reason: .invalidEnvelope,
            detail: "header user_id is not UTF-8"
        ),
        Refused(
            value: #"{"specversion":"0.3","id":"1","source":"s","type":"X"}"#,
            reason: .invalidEnvelope,
            detail: "specversion must be 1.0"
        ),
        Refused(
            value: #"{"specversion":"1.0","source":"s","type":"X"}"#,
            reason: .invalidEnvelope,
            detail: "attribute id is missing"
        ),
        Refused(
            value: #"{"specversion":"1.0","id":"1","source":"s","type":"X","data":"text"}"#,
            reason: .invalidEnvelope,
            detail: "data must be an object, not string"
        ),
        Refused(
            value: #"{"specversion":"1.0","id":"1","source":"s","type":"X","data_base64":"AA=="}"#,
            reason: .invalidEnvelope,
            detail: "data_base64 is not taken"
        ),
        Refused(
            value: "{}",
            headers: [RecordHeader("content-type", "application/cloudevents-batch+json")],
            reason: .invalidEnvelope,
            detail: "one per record"
        ),
    ]

    @Test(arguments: refused) func `what cannot be processed is a dead letter with the fault named`(row: Refused) throws
    {
        let decoded = Envelope.decode(Self.record(row.value, key: row.key, headers: row.headers))
        guard case .deadLetter(let reason, let detail) = decoded else {
            Issue.record("\(decoded)")
            return
        }
        #expect(reason == row.reason)
        #expect(detail.contains(row.detail), "\(detail)")
        #expect(detail.hasSuffix("."))
    }

    @Test func `a tombstone is no dead letter, and one byte too many is`() {
        #expect(Envelope.decode(Self.record(nil, key: nil)) == .tombstone)
        let large = String(repeating: " ", count: JSONLimits.record.bytesMax + 1)
        guard case .deadLetter(.tooLarge, _) = Envelope.decode(Self.record(large)) else {
            Issue.record("not too large")
            return
        }
    }

    @Test func `a command inside an event is unwrapped`() throws {
        func received(_ inner: String) throws -> Envelope {
            try Self.envelope(
                Self.record(
                    #"{"event_id":"\#(Self.session)","event_type":"Genesis.Session.Command.Received","user_id":"u","#
                        + #""payload":\#(inner)}"#
                )
            )
        }
        let inner = try received(Self.abandon).unwrapped()
        #expect(inner.id.description == Self.command)
        #expect(inner.idempotencyKey == Self.command)
        #expect(inner.type == SessionMessages.abandon)
        #expect(inner.payload == ["why": "enough"])
        #expect(inner.userID == "u@x")
        #expect(inner.causationID == Self.session)
        let bare = try received(#"{"command_type":"X"}"#).unwrapped()
        #expect(bare.id.description == Self.session)
        #expect(bare.userID == "u")
        let other = try received(#"{"command_type":"X","aggregate_id":"\#(Self.command)"}"#)
        #expect((#expect(throws: EnvelopeFault.self) { try other.unwrapped() })?.reason == .keyMismatch)
        let none = try received("{}")
        #expect((#expect(throws: EnvelopeFault.self) { try none.unwrapped() })?.detail.contains("command_type") == true)
    }

    @Test func `a malformed trace context counts as none`() throws {
        let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        #expect(try Self.envelope(Self.record(Self.command(#""traceparent":"\#(good)""#))).traceparent == good)
        #expect(try Self.envelope(Self.record(Self.command(#""traceparent":"zz""#))).traceparent == nil)
    }

    @Test func `no record makes decoding trap`() {
        let seed = TestSeed.draw()
        var dice = SeededDice(seed: seed)
        for _ in 0..<20_000 {
            var record = Self.record(Self.abandon, headers: [RecordHeader("ce_specversion", "1.0")])
            record.value?.mutate(using: &dice)
            if Bool.random(using: &dice) { record.key?.mutate(using: &dice) }
            if Bool.random(using: &dice) { record.headers = [] }
            if case .envelope(let envelope) = Envelope.decode(record) {
                _ = try? AgentAnswer.read(envelope)
                _ = try? envelope.unwrapped()
            }
        }
    }
}
