import EmbeddedServices
import Foundation
import Testing

@testable import PostgresStore

@Suite struct PostgresClusterTests {
    @Test func `data outlives a killed server, and a stop leaves nothing running`() async throws {
        let folder = "/tmp/genesis-cluster-test-\(getpid())"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let first = try PostgresCluster.start(folder: folder, durability: .durable)
        try await TestCluster.script("CREATE TABLE kept (x int)", first.connectionString())
        let text = try String(contentsOfFile: first.dataFolder + "/postmaster.pid", encoding: .utf8)
        let pid = try #require(text.split(separator: "\n").first.flatMap { Int32($0) })
        kill(pid, SIGKILL)
        first.stop()
        let second = try PostgresCluster.start(folder: folder, durability: .durable, tcp: true)
        #expect(second.connectionString().contains("127.0.0.1"))
        try await TestCluster.script("INSERT INTO kept VALUES (1)", second.connectionString())
        second.stop()
        #expect(!FileManager.default.fileExists(atPath: second.dataFolder + "/postmaster.pid"))
    }

    @Test(.enabled(if: geteuid() == 0))
    func `root's own folders are left for one that the server can reach, with a note`() async throws {
        let folder = "/tmp/genesis-cluster-closed-\(getpid())"
        mkdir(folder, 0o700)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let cluster = try PostgresCluster.start(folder: folder, durability: .fast)
        let note = try String(contentsOfFile: folder + "/data-folder", encoding: .utf8)
        let home = String(note.dropLast())
        defer { try? FileManager.default.removeItem(atPath: home) }
        #expect(cluster.dataFolder == home + "/data" && home.hasPrefix("/var/tmp/"))
        try await TestCluster.script("SELECT 1", cluster.connectionString())
        cluster.stop()
    }

    @Test func `a server that is away is unavailable, a wrong string is broken`() async throws {
        let pool = try PostgresPool(connectionString: "host=/nowhere dbname=x", size: 1)
        #expect(await failure { try await TestCluster.ping(pool) }?.contains("unavailable") == true)
        #expect(
            await failure { _ = try PostgresPool(connectionString: "hots=x", size: 1) }?.contains("connection string")
                == true
        )
        let cluster = try TestCluster.shared.get()
        let absent = try PostgresPool(connectionString: cluster.connectionString(database: "absent"), size: 1)
        #expect(await failure { try await TestCluster.ping(absent) }?.contains("broken") == true)
    }
}
