import Orchestration
import Testing

@testable import PostgresStore

/// What an operator changes by hand.
@Suite struct OperatorTests {
    private func letter(_ offset: Int64, key: [UInt8]? = [0xff], _ reason: DeadLetter.Reason = .invalidJSON)
        -> DeadLetter
    {
        DeadLetter(
            of: IncomingRecord(
                topicPartition: TopicPartition(topic: "in", partition: 3),
                offset: offset,
                key: key,
                value: [0, 1, 0xfe],
                headers: [RecordHeader("a", "x"), RecordHeader("a", "y"), RecordHeader(name: "b", value: [0xff])]
            ),
            clusterID: "c",
            reason: reason,
            detail: "bad",
            now: Sample.time
        )
    }

    private func database(holding letters: [DeadLetter]) async throws -> TestDatabase {
        let database = try await TestDatabase()
        var batch = CommitBatch()
        batch.deadLetters = letters
        try await database.store.commit(batch)
        return database
    }

    @Test func `a dead letter is published again byte for byte, once, and once more only when asked`() async throws {
        let letter = letter(7)
        let database = try await database(holding: [letter])
        let queries = database.queries
        let lanes = try await database.store.leaseLanes(owner: "a", duration: .seconds(60))
        func requeue(again: Bool, by name: String) async throws -> PostgresQueries.RequeueResult {
            try await queries.requeueDeadLetters([letter.id], again: again, tenantID: "t", by: name)
        }
        #expect(try await requeue(again: false, by: "ann") == .done(count: 1))
        let row = try #require(try await database.store.dueOutbox(lanes: lanes, limit: 9).first)
        let record = row.record()
        #expect(record.topic == "in")
        #expect(record.key == letter.recordKey)
        #expect(record.value == letter.recordValue)
        #expect(
            record.headers == [
                RecordHeader("a", "x"), RecordHeader("a", "y"), RecordHeader(name: "b", value: [0xff]),
            ]
        )
        let time = try #require(try await queries.deadLetter(letter.id)?.requeuedAt)
        #expect(try await requeue(again: false, by: "bob") == .already(letter.id, at: time, by: "ann"))
        #expect(try await queries.requeueWaitingDeadLetters(reason: nil, tenantID: "t", by: "ann") == 0)
        #expect(try await queries.outbox(limit: 9).count == 1)
        #expect(try await requeue(again: true, by: "ann") == .done(count: 1))
        #expect(try await requeue(again: true, by: "bob") == .done(count: 1))
        #expect(try await queries.deadLetter(letter.id)?.requeuedBy == "bob")
        #expect(try await queries.outbox(limit: 9).count == 3)
    }

    @Test func `of several dead letters all are requeued or none, in the order they had in Kafka`() async throws {
        let letters = [letter(9), letter(3, .refused), letter(5)]
        let queries = try await database(holding: letters).queries
        let stranger: DeadLetterID = randomID()
        let ids = letters.map(\.id) + [stranger]
        #expect(try await queries.requeueDeadLetters(ids, again: false, tenantID: "t", by: "ann") == .unknown(stranger))
        #expect(try await queries.outbox(limit: 9).isEmpty)
        #expect(try await queries.requeueWaitingDeadLetters(reason: .invalidJSON, tenantID: "t", by: "ann") == 2)
        #expect(try await queries.deadLetter(letters[1].id)?.requeuedAt == nil)
        let expected = [letters[2], letters[0]].map { $0.again(tenantID: "t").id }
        #expect(try await queries.outbox(limit: 9).map(\.id).reversed() == expected)
    }

    @Test func `in need are live sessions with an incident, and those whose open wait takes a retry`() async throws {
        let database = try await TestDatabase()
        func session(
            _ incident: JSONValue,
            _ status: SessionStatus = .inProgress,
            waitsFor reply: String? = nil
        ) async throws -> SessionID {
            let id: SessionID = randomID()
            var commit = Sample.commit(id)
            commit.session?.state = ["incident": incident]
            commit.session?.status = status
            if status == .completed { commit.session?.currentStage = .finished }
            if let reply {
                var handle = Sample.handle(id, correlation: id.description)
                handle.resumeHandle = ["replies": .object([reply: [:]])]
                commit.handles = [handle]
            }
            try await database.store.commit(Sample.batch(commit))
            return id
        }
        _ = try await session(.null)
        _ = try await session(.null, waitsFor: "Concept.Confirm")
        _ = try await session(["reason": "no agent"], .completed)
        let stuck = try await session(["reason": "no agent"])
        let paused = try await session(["reason": "no agent"], .paused)
        let failed = try await session(.null, waitsFor: SessionMessages.retryTask)

        let found = try await database.queries.sessionsInNeed(limit: 9)
        #expect(Set(found.map(\.id)) == [stuck, paused, failed])
        let live = try await database.queries.sessionsInNeed(status: .paused, limit: 9)
        #expect(live.map(\.id) == [paused])
    }

    @Test func `a DEAD row is requeued or skipped, and either way its key flows again`() async throws {
        let database = try await TestDatabase()
        let (store, queries) = (database.store, database.queries)
        let lanes = try await store.leaseLanes(owner: "a", duration: .seconds(60))
        var batch = CommitBatch()
        batch.outbox = [Sample.outbox(key: "x"), Sample.outbox(key: "x")]
        try await store.commit(batch)
        let (first, second) = (batch.outbox[0].id, batch.outbox[1].id)
        let lane = batch.outbox[0].lane
        let dead = OutboxOutcome(id: first, lane: lane, result: .dead(error: "too large"))
        try await store.markOutbox([dead], lanes: lanes)
        #expect(try await store.dueOutbox(lanes: lanes, limit: 9).isEmpty)

        // One of them is PENDING, so neither changes.
        #expect(try await queries.requeueOutbox([first, second], by: "ann") == [first: .dead, second: .pending])
        #expect(try await store.dueOutbox(lanes: lanes, limit: 9).isEmpty)
        #expect(try await queries.requeueOutbox([first], by: "ann") == [first: .dead])
        #expect(try await store.dueOutbox(lanes: lanes, limit: 9).map(\.id) == [first, second])
        try await store.markOutbox([dead], lanes: lanes)
        #expect(try await queries.requeueDeadOutbox(by: "bob") == 1)
        let pending = try await queries.outbox(status: .pending, limit: 9)
        #expect(pending.allSatisfy { $0.retryCount == 0 })
        #expect(Set(pending.map(\.errorMessage)) == ["requeued by bob; its last error: too large", nil])

        #expect(try await queries.skipOutbox(first, by: "ann", reason: "no") == .pending)
        #expect(try await store.dueOutbox(lanes: lanes, limit: 9).count == 2)
        try await store.markOutbox([dead], lanes: lanes)
        #expect(try await queries.skipOutbox(first, by: "ann", reason: "sent by hand") == .dead)
        #expect(try await store.dueOutbox(lanes: lanes, limit: 9).map(\.id) == [second])
        let row = try #require(try await queries.outbox(status: .sent, limit: 9).first)
        #expect(row.isSkipped)
        #expect(row.errorMessage == "skipped by ann: sent by hand; its last error: too large")
        #expect(row.publishedAt != nil)
        #expect(try await queries.skipOutbox(randomID(), by: "ann", reason: "x") == nil)
    }
}
