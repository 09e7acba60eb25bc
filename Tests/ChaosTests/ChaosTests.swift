import ChaosHarness
import Foundation
import OrchestrationTesting
import Synchronization
import Testing

/// One round after the other: they block the few threads that all tests share.
@Suite(.serialized) struct ChaosTests {
    @Test func `a round whose broker ends itself is begun anew, and says so`() async throws {
        let folder = "/tmp/genesis-chaos-void-\(getpid())"
        let arena = try Arena(folder: folder, genesis: Self.executable, root: Self.root)
        defer {
            arena.close()
            try? FileManager.default.removeItem(atPath: folder)
        }
        let deaths = Deaths(1)
        let report = try await Round.run("void", seed: 1, arena: arena) { round, _ in
            if deaths.next() {
                round.field.endBroker()
                // What a scenario waits for then never comes.
                while true { try await Task.sleep(for: .milliseconds(100)) }
            }
            // Something to do for those who drain.
            while await round.clients.started < 10 { try await Task.sleep(for: .milliseconds(20)) }
        }
        #expect(report.isClean, "\(report.violations.joined(separator: "\n"))")
        #expect(report.counts["void_beginnings"] == 1)
    }

    @Test func `deaths, each failpoint once and ended connections lose nothing, double nothing and keep the order`()
        async throws
    {
        let seed = TestSeed.draw()
        let folder = "/tmp/genesis-chaos-test-\(getpid())"
        let arena = try Arena(folder: folder, genesis: Self.executable, root: Self.root)
        defer { arena.close() }
        let report = try await ShortRound.run(seed: seed, arena: arena)
        #expect(report.isClean, "seed \(seed): \(report.violations.joined(separator: "\n")); kept in \(report.folder)")
        print("chaos: seed \(seed), \(report.counts.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" })")
        if report.isClean { try FileManager.default.removeItem(atPath: folder) }
    }

    private final class Deaths: Sendable {
        private let left: Mutex<Int>
        init(_ count: Int) { left = Mutex(count) }
        func next() -> Bool {
            left.withLock { left in
                left -= 1
                return left >= 0
            }
        }
    }

    /// The program beside the test bundle, and the folder with the migrations.
    private static let executable = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appending(path: "genesis").path
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().path
}
