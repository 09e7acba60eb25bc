import EmbeddedServices
import Foundation
import Orchestration
import PostgresStore
import Testing

/// Through PgBouncer in transaction mode, where each transaction may get another server.
@Suite(.serialized) struct PoolerTests {
    @Test(.enabled(if: TransactionPooler.isInstalled, "PgBouncer is not installed"))
    func `commands and workers that come and go work through a pooler, and survive its restart`() async throws {
        let fleet = try await Fleet(partitions: 2)
        let port = Int.random(in: 20_000...40_000)
        // Fewer servers than clients: each is used by all of them.
        let (pooler, url) = try await fleet.pooler(servers: 2, port: port)
        let through = ["GENESIS_DATABASE_URL": url, "GENESIS_PREPARE_STATEMENTS": "off"]
        for _ in 0..<4 { try await fleet.genesis("migrate", "verify", changing: through).requireSuccess() }
        let workers = try ["a", "b"].map { try fleet.worker($0, changing: through) }
        let (early, late) = (Fleet.newSession(), Fleet.newSession())
        try await fleet.produce("Start", to: early)
        try await eventually("a session has begun") { try await fleet.queries.session(early) != nil }
        pooler.stop()
        try await eventually("the workers miss it") {
            ["a", "b"].allSatisfy { fleet.log($0).contains("cannot read the inbox") }
        }
        let (again, _) = try await fleet.pooler(servers: 2, port: port)
        try await fleet.produce("Start", to: late)
        try await eventually("another session has begun") { try await fleet.queries.session(late) != nil }
        for worker in workers {
            #expect(worker.exitCode == nil)
            worker.stop()
        }
        again.stop()
    }
}
