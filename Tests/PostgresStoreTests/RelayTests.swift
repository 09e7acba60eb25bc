import Orchestration
import Testing

@testable import PostgresStore

@Suite struct RelayTests {
    @Test func `a batch ends after so many bytes, and what is behind is due again in its order`() async throws {
        let database = try await TestDatabase()
        let lanes = try await database.store.leaseLanes(owner: "a", duration: .seconds(60))
        let rows = 80
        try await database.script(
            """
            INSERT INTO event_outbox (topic, partition_key, lane, payload)
            SELECT 't', 'k', 0, jsonb_build_object('n', n, 'fill', repeat('x', 262144)) FROM generate_series(1, \(rows)) n
            """
        )
        func numbers() async throws -> [Int?] {
            try await database.store.dueOutbox(lanes: lanes, limit: rows).map { $0.payload["n"].int }
        }
        let found = try await numbers()
        #expect(found.count <= OutboxMessage.batchBytesMax / 262_144 + 1 && found == Array(1...found.count))
        let again = try await numbers()
        #expect(again == found)
    }

    @Test func `a stuck record holds back its own key only`() async throws {
        let database = try await TestDatabase()
        let lanes = try await database.store.leaseLanes(owner: "a", duration: .seconds(60))
        #expect(lanes.count == OutboxMessage.laneCount)
        var batch = CommitBatch()
        batch.outbox = [Sample.outbox(key: "x"), Sample.outbox(key: "x"), Sample.outbox(key: "y")]
        try await database.store.commit(batch)
        try await database.store.commit(batch)  // the same ids: nothing is added
        let ids = batch.outbox.map(\.id)
        #expect(try await database.store.dueOutbox(lanes: lanes, limit: 9).map(\.id) == ids)
        let stuck = OutboxOutcome(
            id: ids[0],
            lane: batch.outbox[0].lane,
            result: .failed(error: "away", retryAfter: .seconds(60))
        )
        try await database.store.markOutbox([stuck], lanes: lanes)
        #expect(try await database.store.dueOutbox(lanes: lanes, limit: 9).map(\.id) == [ids[2]])
        let dead = OutboxOutcome(id: ids[0], lane: batch.outbox[0].lane, result: .dead(error: "too large"))
        try await database.store.markOutbox([dead], lanes: lanes)
        #expect(try await database.store.dueOutbox(lanes: lanes, limit: 9).map(\.id) == [ids[2]])
        let sent = OutboxOutcome(id: ids[2], lane: batch.outbox[2].lane, result: .sent)
        let stale = lanes.map { LaneLease(lane: $0.lane, epoch: $0.epoch + 1) }
        try await database.store.markOutbox([sent], lanes: stale)
        #expect(try await database.queries.outbox(status: .sent, limit: 9).isEmpty)
        try await database.store.markOutbox([sent], lanes: lanes)
        #expect(try await database.queries.outbox(status: .sent, limit: 9).first?.publishedAt != nil)
    }

    @Test func `two owners share the lanes, and one takes over from the other`() async throws {
        let store = try await TestDatabase().store
        #expect(try await store.leaseLanes(owner: "a", duration: .seconds(60)).count == 64)
        #expect(try await store.leaseLanes(owner: "b", duration: .seconds(60)).count == 0)
        // Who owns none has nothing to send, and that is no error.
        #expect(try await store.dueOutbox(lanes: [], limit: 9).isEmpty)
        #expect(try await store.leaseLanes(owner: "a", duration: .seconds(60)).count == 32)
        #expect(try await store.leaseLanes(owner: "b", duration: .milliseconds(1)).count == 32)
        var lanes: [LaneLease] = []
        for _ in 0..<100 where lanes.count < 64 {
            lanes = try await store.leaseLanes(owner: "a", duration: .seconds(60))
        }
        #expect(lanes.count == 64)
        #expect(Set(lanes.map(\.epoch)) == [1, 3])
        try await store.releaseLanes(owner: "a")
        #expect(try await store.leaseLanes(owner: "b", duration: .seconds(60)).count == 64)
    }

    @Test func `a lease is prolonged while its rows are sent, unless it has run out`() async throws {
        let database = try await TestDatabase()
        let store = database.store
        func leases() async throws -> [String] {
            try await database.texts(
                """
                SELECT DISTINCT owner_id || ' ' || epoch || ' ' || extract(minute FROM lease_until - now())::integer
                FROM outbox_lanes
                """
            )
        }
        _ = try await store.leaseLanes(owner: "a", duration: .seconds(90))
        try await store.renewLanes(owner: "a", duration: .seconds(630))
        try await store.renewLanes(owner: "b", duration: .seconds(60))
        #expect(try await leases() == ["a 1 10"])
        try await store.renewLanes(owner: "a", duration: .milliseconds(1))
        var taken: [LaneLease] = []
        for _ in 0..<1_000 where taken.count < 32 {
            taken = try await store.leaseLanes(owner: "b", duration: .seconds(330))
        }
        // What has run out is not its own any more, even where nobody has taken it yet.
        try await store.renewLanes(owner: "a", duration: .seconds(630))
        #expect(try await !leases().contains("a 1 10"))
        #expect(try await leases().contains("b 2 5"))
    }

    @Test func `what this process has committed is published as another would read it`() async throws {
        let database = try await TestDatabase()
        let id: SessionID = randomID()
        var commit = Sample.commit(id)
        var event = Sample.event(id, version: 1)
        event.payload = [
            "ä": ["z": .number(1.5e300), "a": [true, nil, "\u{1F980}"]], "big": .int(1 << 53), "text": "a\u{0}b",
        ]
        commit.events = [event]
        let published = PublishedForm.event(event, topic: "t", traceparent: "00-a-b-01")
        var request = published
        (request.id, request.eventID, request.topic) = (randomID(), event.eventID, "u")
        commit.outbox = [published, request, Sample.outbox(key: "k")]
        let lanes = try await database.store.leaseLanes(owner: "a", duration: .seconds(60))
        try await database.store.commit(Sample.batch(commit))
        let own = try await database.store.dueOutbox(lanes: lanes, limit: 9)
        let read = try await PostgresStore(pool: database.pool).dueOutbox(lanes: lanes, limit: 9)
        #expect(own.count == 3)
        #expect(own.map { $0.record() } == read.map { $0.record() })
        #expect(own.map(\.position) == read.map(\.position))
        #expect(own.map(\.id) == commit.outbox.map(\.id))
        // The database has U+FFFD in its place, so this one was not read back.
        #expect(own[0].payload["payload"]["text"] == "a\u{0}b")
        // Once: whoever asks again may have tried, and the row says how often.
        #expect(try await database.store.dueOutbox(lanes: lanes, limit: 9) == read)
    }

    @Test func `a row that was there is published as it is, not as it was decided a second time`() async throws {
        let database = try await TestDatabase()
        let id: SessionID = randomID()
        let lanes = try await database.store.leaseLanes(owner: "a", duration: .seconds(60))
        var commit = Commit(sessionID: id, tenantID: "default", expectedVersion: 0)
        commit.outbox = [Sample.outbox(key: "k").undivided]
        (commit.outbox[0].rawKey, commit.outbox[0].rawValue) = (nil, nil)
        try await PostgresStore(pool: database.pool).commit(Sample.batch(commit))
        let first = commit.outbox
        // Another worker has told the same meanwhile, a little later by the clock.
        commit.outbox[0].payload = ["p": 2]
        try await database.store.commit(Sample.batch(commit))
        #expect(try await database.store.dueOutbox(lanes: lanes, limit: 9).map(\.payload) == first.map(\.payload))
        // And of two in one commit the first is there.
        var twice = Commit(sessionID: id, tenantID: "default", expectedVersion: 0)
        twice.outbox = [Sample.outbox(key: "j").undivided]
        twice.outbox.append(twice.outbox[0])
        twice.outbox[1].rawValue = [1]
        try await database.store.commit(Sample.batch(twice))
        #expect(try await database.store.dueOutbox(lanes: lanes, limit: 9).last?.rawValue == twice.outbox[0].rawValue)
    }

    @Test func `rows are kept for the lanes held, up to the limits, and no longer than those`() throws {
        let rows = (0..<RecentOutbox.rowsMax).map { Sample.outbox(key: "\($0)").undivided }
        let all = (0..<OutboxMessage.laneCount).map { LaneLease(lane: $0, epoch: 1) }
        let recent = RecentOutbox()
        recent.keep(rows, inserted: Set(rows.map(\.id)), bytes: 1)
        #expect(recent.take(rows.map(\.id)).isEmpty)
        recent.hold(all)
        recent.keep(rows, inserted: Set(rows.map(\.id)), bytes: 1)
        recent.keep([rows[0]], inserted: [rows[0].id], bytes: RecentOutbox.bytesMax + 1)
        // The second half begins, and the first is still there.
        let second = (0..<RecentOutbox.rowsMax).map { Sample.outbox(key: "\($0)").undivided }
        recent.keep(second, inserted: Set(second.map(\.id)), bytes: 1)
        #expect(recent.take([rows[7].id])[rows[7].id] == rows[7])
        #expect(recent.take([rows[7].id]).isEmpty)
        let more = Sample.outbox(key: "one more").undivided
        recent.keep([more], inserted: [more.id], bytes: 1)
        #expect(recent.take(rows.map(\.id)).isEmpty)
        #expect(recent.take([second[7].id]).count == 1)
        recent.hold(all.filter { $0.lane != second[8].lane })
        #expect(recent.take(second.map(\.id)).isEmpty)
        recent.keep([second[8]], inserted: [second[8].id], bytes: 1)
        #expect(recent.take([second[8].id]).isEmpty)
    }

    @Test(arguments: [1, 3, 1_000]) func `a batch is full as long as rows are due, however few keys have them`(
        keys: Int
    )
        async throws
    {
        let database = try await TestDatabase()
        let lanes = try await database.store.leaseLanes(owner: "a", duration: .seconds(60))
        var batch = CommitBatch()
        batch.outbox = (0..<600).map { Sample.outbox(key: "\($0 % keys)") }
        try await database.store.commit(batch)
        let first = try await database.store.dueOutbox(lanes: lanes, limit: 400)
        #expect(first.map(\.id) == batch.outbox.prefix(400).map(\.id))
        try await database.store.markOutbox(
            first.map { OutboxOutcome(id: $0.id, lane: $0.lane, result: .sent) },
            lanes: lanes
        )
        let second = try await database.store.dueOutbox(lanes: lanes, limit: 400)
        #expect(second.map(\.id) == batch.outbox.dropFirst(400).map(\.id))
    }

    @Test(arguments: [
        RelayStatements.due, RelayStatements.rows, RelayStatements.mark, LoadStatements.tasks, LoadStatements.handles,
        LoadStatements.pendingCommands, LoadStatements.answers, LoadStatements.sessions, LoadStatements.keys,
        DeadLettersTable.waitingSessions, DeadLettersTable.settle, TaskQueueStatements.renew,
    ]) func `a plan from when the tables were empty finds rows by key`(statement: Statement) async throws {
        let database = try await TestDatabase()
        let count = (1...9).filter { statement.sql.contains("$\($0)::") }.count
        let plan = try await database.pool.run { connection throws(StoreError) in
            try connection.transaction { () throws(StoreError) in
                _ = try connection.steps([Step(.limitsAndPlans)])
                try connection.script("PREPARE planned AS \(statement.sql)")
                let nulls = Array(repeating: "NULL", count: count).joined(separator: ", ")
                let explain = Step(Statement("explain", "EXPLAIN EXECUTE planned (\(nulls))"))
                return try connection.steps([explain])[0].rows { row throws(StoreError) in try row.value(String.self) }
            }
        }
        let text = plan.joined(separator: "\n")
        #expect(!text.contains("Seq Scan"), "\(text)")
        for (line, next) in zip(plan, plan.dropFirst() + [""])
        where line.contains(" Scan using ") || line.contains("Bitmap Index Scan") {
            // The lanes are 64 rows, for ever.
            #expect(next.contains("Index Cond") || line.contains("outbox_lanes"), "\(text)")
        }
    }
}

extension OutboxMessage {
    /// As most are: with no destinations of its own, for which the database would divide it.
    fileprivate var undivided: OutboxMessage {
        var row = self
        row.destinationTopics = []
        return row
    }
}
