import ChaosHarness
import Foundation
import Testing

@Suite struct ChaosTests {
    @Test func `deaths, each failpoint once and ended connections lose nothing, double nothing and keep the order`()
        async throws
    {
        let seed = UInt64.random(in: 1...999_999)
        let folder = "/tmp/genesis-chaos-test-\(getpid())"
        let arena = try Arena(folder: folder, genesis: Self.executable, root: Self.root)
        defer { arena.close() }
        let report = try await ShortRound.run(seed: seed, arena: arena)
        #expect(report.isClean, "seed \(seed): \(report.violations.joined(separator: "\n")); kept in \(report.folder)")
        print("chaos: seed \(seed), \(report.counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })")
        if report.isClean { try FileManager.default.removeItem(atPath: folder) }
    }

    /// The program beside the test bundle, and the folder with the migrations.
    private static let executable = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "genesis").path
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
}
