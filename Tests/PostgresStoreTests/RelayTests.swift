import Orchestration
import Testing

@testable import PostgresStore

@Suite struct RelayTests {
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
}
