import Orchestration
import OrchestrationTesting
import Testing

@testable import PostgresStore

/// A connection of its own whose transactions stay open until they are told to end.
struct EventWriter {
    let pool: PostgresPool

    init(_ database: TestDatabase) throws {
        pool = try PostgresPool(connectionString: database.connectionString, size: 1)
    }

    func script(_ sql: String) async throws {
        try await pool.run { connection throws(StoreError) in try connection.script(sql) }
    }

    static func insertion(_ stream: Int, _ version: Int) -> String {
        """
        INSERT INTO domain_events (aggregate_id, aggregate_version, event_type, occurred_at)
        VALUES (
            '\(Self.stream(stream))', \(version), 'Genesis.Session.Test',
            '2026-01-01T00:00:00Z'::timestamptz + interval '\(version) s'
        )
        """
    }
    static func stream(_ number: Int) -> SessionID { SessionID(derivedFrom: "stream", "\(number)") }
}

@Suite struct AllEventsTests {
    private let short = Interval.milliseconds(50)

    private func positions(_ page: EventPage) -> [Int64] { page.events.compactMap(\.globalPosition) }

    @Test func `given a lower position that commits late, when all events are read, then none passes it`() async throws
    {
        let database = try await TestDatabase()
        let (late, quick) = (try EventWriter(database), try EventWriter(database))
        try await late.script("BEGIN; \(EventWriter.insertion(1, 1))")
        try await quick.script(EventWriter.insertion(2, 1))
        let held = try await database.queries.allEvents(after: 0, limit: 10, patience: short)
        #expect(positions(held).isEmpty)
        #expect(held.heldUpBy?.contains("process") == true)
        try await late.script("COMMIT")
        let all = try await database.queries.allEvents(after: 0, limit: 10)
        #expect(positions(all) == [1, 2])
        #expect(all.heldUpBy == nil)
    }

    /// The rows' own transaction ids tell nothing here: the one that can be seen is older than the one that is open.
    @Test
    func `given an older transaction that takes a higher position and commits first, then it is not passed either`()
        async throws
    {
        let database = try await TestDatabase()
        let (late, quick) = (try EventWriter(database), try EventWriter(database))
        try await quick.script("BEGIN; SELECT pg_current_xact_id()")
        try await late.script("BEGIN; \(EventWriter.insertion(1, 1))")
        try await quick.script("\(EventWriter.insertion(2, 1)); COMMIT")
        #expect(positions(try await database.queries.allEvents(after: 0, limit: 10, patience: short)).isEmpty)
        try await late.script("ROLLBACK")
        #expect(positions(try await database.queries.allEvents(after: 0, limit: 10)) == [2])
    }

    @Test func `a transaction that writes other tables, and one that only reads events, hold nobody up`() async throws {
        let database = try await TestDatabase()
        let (other, reader) = (try EventWriter(database), try EventWriter(database))
        try await database.script(EventWriter.insertion(1, 1))
        try await other.script("BEGIN; UPDATE outbox_lanes SET owner_id = 'x' WHERE lane = 1")
        try await reader.script("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM domain_events")
        #expect(positions(try await database.queries.allEvents(after: 0, limit: 10, patience: short)) == [1])
    }

    @Test(arguments: [1, 3, 1_000])
    func `whatever the size of a page and whoever commits when, each event comes once and in its stream's order`(
        page size: Int
    ) async throws {
        let seed = TestSeed.draw()
        print("all events: page \(size), seed \(seed)")
        let database = try await TestDatabase()
        let (streams, rounds) = (3, 25)
        let reading = Task {
            var seen: [DomainEvent] = []
            while seen.last?.eventType != "Test.End" {
                let page = try await database.queries.allEvents(after: seen.last?.globalPosition ?? 0, limit: size)
                seen += page.events
            }
            return seen
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for stream in 1...streams {
                group.addTask {
                    var random = Random(seed &+ UInt64(stream))
                    let writer = try EventWriter(database)
                    var version = 1
                    for _ in 0..<rounds {
                        let count = Int(random.next() % 3) + 1
                        let inserts = (0..<count).map { EventWriter.insertion(stream, version + $0) }
                        try await writer.script("BEGIN; \(inserts.joined(separator: "; "))")
                        for _ in 0..<random.next() % 4 { try await writer.script("SELECT pg_sleep(0.002)") }
                        let isGivenUp = random.next() % 4 == 0
                        try await writer.script(isGivenUp ? "ROLLBACK" : "COMMIT")
                        if !isGivenUp { version += count }
                    }
                }
            }
            try await group.waitForAll()
        }
        try await database.script(
            """
            INSERT INTO domain_events (aggregate_id, aggregate_version, event_type) VALUES
            ('\(EventWriter.stream(0))', 1, 'Test.End')
            """
        )
        let seen = try await reading.value
        let there = try await database.texts("SELECT event_id::text FROM domain_events ORDER BY global_position")
        #expect(seen.map(\.eventID.description) == there)
        for stream in 1...streams {
            let versions = seen.filter { $0.aggregateID == EventWriter.stream(stream) }.map(\.aggregateVersion)
            #expect(versions == Array(1...max(1, versions.count)))
        }
    }

    @Test func `events before a time are left out, and a page is as long as it may be`() async throws {
        let database = try await TestDatabase()
        for version in 1...5 { try await database.script(EventWriter.insertion(1, version)) }
        let since = try #require(Instant("2026-01-01T00:00:03Z"))
        let page = try await database.queries.allEvents(after: 0, since: since, limit: 2)
        #expect(page.events.map(\.aggregateVersion) == [3, 4])
    }
}

private struct Random: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
