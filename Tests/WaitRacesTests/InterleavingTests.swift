import EmbeddedServices
import Foundation
import Orchestration
import PostgresStore
import Testing
import WaitRaces
import WorkflowFiles

/// PostgreSQL's own isolation tester, which comes with its client package on Debian.
enum IsolationTester {
    static let path: String? = {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return versions.map { "\(root)/\($0)/lib/pgxs/src/test/isolation/isolationtester" }
            .last { FileManager.default.isExecutableFile(atPath: $0) }
    }()

    /// Verdicts of all permutations.
    static func run(_ interleavings: Interleavings, _ connectionString: String) async throws -> [String] {
        let base = "/tmp/genesis-tests-\(getpid())-\(UUID().uuidString).spec"
        defer { for end in ["", ".out"] { try? FileManager.default.removeItem(atPath: base + end) } }
        try interleavings.specification.write(toFile: base, atomically: true, encoding: .utf8)
        let process = try ChildProcess(
            ["/bin/sh", "-c", #"exec "$0" "$1" <"$2""#, path ?? "", connectionString, base],
            environment: ["PATH": "/usr/bin:/bin"],
            logFile: base + ".out"
        )
        let deadline = ContinuousClock.now + .seconds(120)
        while process.exitCode == nil, ContinuousClock.now < deadline { try await Task.sleep(for: .milliseconds(10)) }
        process.stop()
        let output = try String(contentsOfFile: base + ".out", encoding: .utf8)
        #expect(process.exitCode == 0, "\(output.suffix(2_000))")
        return output.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }
            .filter { $0.hasPrefix("GOOD") || $0.hasPrefix("BAD") }
    }
}

@Suite(.enabled(if: IsolationTester.path != nil, "isolationtester is not installed"))
struct InterleavingTests {
    private func verdicts(_ pair: RacePair, _ variant: Interleavings.Variant) async throws -> (Int, [String]) {
        let cluster = try RaceCluster.shared.get()
        let name = "interleaving_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
        let administration = try PostgresPool(connectionString: cluster.connectionString(), size: 1)
        defer { administration.close() }
        try await PostgresQueries(pool: administration).createDatabaseIfMissing(name)
        let database = cluster.connectionString(database: name)
        let migrator = try Migrator(connectionString: database, folder: RaceCluster.migrations)
        _ = try await migrator.up()
        migrator.close()
        let workflow = try #require(WorkflowFolder.readFile(RaceCluster.workflow).workflow)
        let made = try await Interleavings.make(pair, workflow: workflow, connectionString: database, variant: variant)
        let pool = try PostgresPool(connectionString: database, size: 1)
        try await PostgresScripts(pool: pool).run(made.functions)
        pool.close()
        return (made.permutations, try await IsolationTester.run(made, database))
    }

    @Test(arguments: RacePair.allCases)
    func `in every order of the statements of two commits one wins and the other is told`(
        _ pair: RacePair
    ) async throws {
        let (permutations, verdicts) = try await verdicts(pair, .product)
        print("\(pair.rawValue): \(permutations) orders")
        #expect(verdicts.count == permutations)
        #expect(Set(verdicts) == ["GOOD: left", "GOOD: right"])
    }

    @Test func `a commit that looks and then writes is found out`() async throws {
        let (permutations, verdicts) = try await verdicts(.replyReply, .checkThenInsert)
        #expect(verdicts.count == permutations)
        #expect(verdicts.contains { $0.hasPrefix("BAD") })
        #expect(verdicts.contains { $0.hasPrefix("GOOD") })
    }
}
