import Testing

@testable import Orchestration

@Suite struct PublishedFormTests {
    static let session = SessionID(high: 0x0190_a000_0000_7000, low: 0x8000_0000_0000_000a)
    static let now = Instant(microseconds: 1_700_000_000_000_000)
    static let event = DomainEvent(
        eventID: EventID(high: 1, low: 2),
        tenantID: "t1",
        aggregateID: session,
        aggregateVersion: 7,
        eventType: "Genesis.Session.Started",
        payload: ["a": 1],
        metadata: ["m": true],
        stateChange: ["secret": 1],
        correlationID: "flow",
        causationID: MessageID(high: 3, low: 4),
        userID: nil,
        occurredAt: now,
        createdAt: now
    )

    @Test func `a domain event is published whole, without its change of state`() throws {
        let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
        let row = PublishedForm.event(Self.event, topic: "genesis.session.events", traceparent: trace)
        let record = row.record()
        #expect(record.topic == "genesis.session.events")
        #expect(record.key == Array("0190a000-0000-7000-8000-00000000000a".utf8))
        #expect(
            String(decoding: record.value ?? [], as: UTF8.self)
                == #"{"aggregate_id":"0190a000-0000-7000-8000-00000000000a","aggregate_type":"GenesisSession","#
                + #""aggregate_version":7,"causation_id":"00000000-0000-0003-0000-000000000004","#
                + #""correlation_id":"flow","event_id":"00000000-0000-0001-0000-000000000002","#
                + #""event_type":"Genesis.Session.Started","metadata":{"m":true},"#
                + #""occurred_at":"2023-11-14T22:13:20.000000Z","payload":{"a":1},"schema_version":1,"#
                + #""tenant_id":"t1","user_id":null}"#
        )
        #expect(
            record.headers.sorted { $0.name < $1.name } == [
                RecordHeader("aggregate_id", "0190a000-0000-7000-8000-00000000000a"),
                RecordHeader("aggregate_type", "GenesisSession"),
                RecordHeader("aggregate_version", "7"),
                RecordHeader("causation_id", "00000000-0000-0003-0000-000000000004"),
                RecordHeader("ce_id", "00000000-0000-0001-0000-000000000002"),
                RecordHeader("ce_source", "genesis-worker"),
                RecordHeader("ce_specversion", "1.0"),
                RecordHeader("ce_subject", "0190a000-0000-7000-8000-00000000000a"),
                RecordHeader("ce_time", "2023-11-14T22:13:20.000000Z"),
                RecordHeader("ce_type", "Genesis.Session.Started"),
                RecordHeader("content_type", "application/json"),
                RecordHeader("correlation_id", "flow"),
                RecordHeader("event_type", "Genesis.Session.Started"),
                RecordHeader("schema_version", "1"),
                RecordHeader("source", "genesis-worker"),
                RecordHeader("source_bc", "genesis"),
                RecordHeader("tenant_id", "t1"),
                RecordHeader("traceparent", trace),
            ]
        )
        #expect(row.id == Self.event.eventID && row.eventID == Self.event.eventID)
    }

    private func incoming(_ record: OutgoingRecord) -> IncomingRecord {
        IncomingRecord(
            topicPartition: TopicPartition(topic: record.topic, partition: 0),
            offset: 0,
            key: record.key,
            value: record.value,
            headers: record.headers
        )
    }

    @Test func `what the worker publishes can be read again and is known as its own`() throws {
        let record = incoming(PublishedForm.event(Self.event, topic: "t").record())
        #expect(PublishedForm.isOwn(record))
        #expect(!PublishedForm.isOwn(EnvelopeTests.record(EnvelopeTests.abandon)))
        let envelope = try EnvelopeTests.envelope(record)
        #expect(envelope.form == .plainEvent)
        #expect(envelope.id == Self.event.eventID.cast())
        #expect(envelope.payload == ["a": 1])
        #expect(envelope.source == PublishedForm.source)
        #expect(envelope.extensions["aggregate_version"] == 7)
    }

    @Test func `a task is asked for and called off`() throws {
        let task = AsyncTask(
            id: TaskID(high: 5, low: 6),
            tenantID: "t1",
            sessionID: Self.session,
            taskType: "Outliner.Concept.Generation",
            actorID: "a",
            triggeredByCommandID: MessageID(high: 3, low: 4),
            correlationID: "flow",
            status: .pending,
            progress: .zero,
            progressMessage: nil,
            progressDetails: ["at": 3],
            inputData: ["seed": "x"],
            resultData: .null,
            errorData: .null,
            executionNode: nil,
            attempt: 2,
            retryCount: 1,
            maxRetries: 2,
            deadlineAt: nil,
            attemptDeadlineAt: nil,
            totalDeadlineAt: Self.now,
            startedAt: nil,
            completedAt: nil,
            createdAt: Self.now,
            updatedAt: Self.now
        )
        let actor = Actor(
            name: "Outliner.Concept.Generation",
            topic: "genesis.outline.tasks",
            answersTopic: "genesis.outline.events",
            resultType: "Outliner.Concept.Generated"
        )
        let later = Self.now + .seconds(5)
        let row = PublishedForm.taskRequest(
            task,
            actor: actor,
            topic: "genesis.outline.tasks",
            eventID: nil,
            scheduledAt: later,
            now: Self.now
        )
        #expect(row.scheduledAt == later)
        #expect(row.topic == "genesis.outline.tasks")
        let envelope = try EnvelopeTests.envelope(incoming(row.record()))
        #expect(envelope.type == "Outliner.Concept.GenerationRequested")
        #expect(envelope.correlationID == "flow")
        #expect(envelope.extensions["task_id"] == JSONValue(task.id))
        #expect(envelope.extensions["attempt"] == 2)
        #expect(envelope.extensions["input"] == ["seed": "x"])
        #expect(envelope.extensions["previous_details"] == ["at": 3])
        #expect(envelope.extensions["deadline"] == JSONValue(Self.now))
        let end = PublishedForm.taskCancelled(task, topic: "genesis.outline.tasks", eventID: nil, now: Self.now)
        #expect(try EnvelopeTests.envelope(incoming(end.record())).type == SessionMessages.taskCancelled)
        #expect(end.id != row.id)
    }

    @Test func `a refused command is answered with its verdict`() throws {
        let command = InboxCommand(
            id: MessageID(high: 3, low: 4),
            tenantID: "t1",
            sessionID: Self.session,
            commandType: SessionMessages.pause,
            idempotencyKey: "k",
            payload: [:],
            correlationID: "flow",
            causationID: nil,
            userID: "u",
            metadata: [:],
            source: "kafka",
            status: .failed,
            verdict: nil,
            errorMessage: nil,
            retryCount: 0,
            createdAt: Self.now,
            updatedAt: Self.now,
            processedAt: nil
        )
        let row = PublishedForm.rejection(
            of: command,
            verdict: .wrongStage,
            reason: "Not now.",
            topic: "genesis.session.events",
            now: Self.now
        )
        let envelope = try EnvelopeTests.envelope(incoming(row.record()))
        #expect(envelope.type == SessionMessages.commandRejected)
        #expect(
            envelope.payload == [
                "command_id": JSONValue(command.id), "command_type": .string(SessionMessages.pause),
                "verdict": "wrong_stage", "reason": "Not now.",
            ]
        )
        #expect(row.eventID == nil)
    }

    @Test func `a dead letter keeps the original bytes and headers and says why`() throws {
        var record = EnvelopeTests.record(
            "",
            key: nil,
            headers: [
                RecordHeader("a", "1"), RecordHeader("a", "2"), RecordHeader(name: "b", value: [0xFF, 0]),
                RecordHeader(name: "n", value: nil), RecordHeader("m", "base64:AA=="),
            ]
        )
        record.key = [0xFF]
        record.value = [0, 1, 0xFF]
        let letter = DeadLetter(of: record, clusterID: "c", reason: .invalidJSON, detail: "Why.", now: Self.now)
        #expect(
            letter.headers == [
                ["a", "1"], ["a", "2"], ["b", "base64:/wA="], ["n", nil], ["m", "base64:YmFzZTY0OkFBPT0="],
            ]
        )
        let copy = letter.copy(tenantID: "t1").record()
        #expect(copy.topic == "genesis.session.commands.dlq")
        #expect(copy.key == record.key)
        #expect(copy.value == record.value)
        #expect(Set(copy.headers).isSuperset(of: record.headers))
        #expect(
            copy.headers.filter { $0.name.hasPrefix("dlq_") } == [
                RecordHeader("dlq_detail", "Why."), RecordHeader("dlq_offset", "42"),
                RecordHeader("dlq_partition", "3"),
                RecordHeader("dlq_reason", "invalid_json"), RecordHeader("dlq_topic", "genesis.session.commands"),
            ]
        )
    }

    @Test func `base64 is that of the standard`() {
        for (plain, coded) in [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("foobar", "Zm9vYmFy"),
        ] {
            #expect(Base64.encode(Array(plain.utf8)) == coded)
            #expect(Base64.decode(coded.utf8) == Array(plain.utf8))
        }
        for wrong in ["Zg=", "Zh==", "Z", "Zg==Zg==", "Z g="] { #expect(Base64.decode(wrong.utf8) == nil) }
    }
}
