import EmbeddedServices
import Foundation

@testable import ChaosChecker

/// One cluster per test run, and a database with the schema and a clean run in it.
enum CheckedCluster {
    static let shared: Result<PostgresCluster, any Error> = Result {
        try PostgresCluster.start(folder: "/tmp/genesis-checker-\(getpid())", durability: .fast)
    }

    private static let migrations = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Migrations").path()

    /// The connection string of a new database with the product's tables.
    static func database(_ name: String) throws -> String {
        let cluster = try shared.get()
        try CheckDatabase(cluster.connectionString()).script("CREATE DATABASE \(name)")
        let database = try CheckDatabase(cluster.connectionString(database: name))
        let names = try FileManager.default.contentsOfDirectory(atPath: migrations)
        for name in names.sorted() where name.hasSuffix(".up.sql") {
            try database.script(String(contentsOfFile: "\(migrations)/\(name)", encoding: .utf8))
        }
        try ChaosChecker.watch(databaseURL: cluster.connectionString(database: name))
        return cluster.connectionString(database: name)
    }

    static let run = Result {
        CheckedRun(databaseURL: try database("clean"), brokers: "")
    }
}

extension CheckDatabase {
    /// A clean run with a fault planted in it by hand; nothing of it stays.
    func planted(_ fault: String) throws -> (violations: [Violation], counts: [String: Int]) {
        try script("BEGIN; SET LOCAL session_replication_role = replica")
        defer { try? script("ROLLBACK") }
        for statement in fault.split(separator: ";;") { try script(String(statement)) }
        try Evidence.prepare(self)
        return (try ChaosChecker.violations(self), try Guards.count(self))
    }
}
