import EmbeddedServices
import Foundation
import OrchestrationTesting
import Testing
import WaitRaces

/// One cluster for the run; its folder goes with it.
enum RaceCluster {
    static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()
    static let migrations = root.appending(path: "Migrations").path
    static let workflow = root.appending(path: "Workflows/genesis.yaml").path
    static let shared = Result {
        try PostgresCluster.start(folder: "/tmp/genesis-tests-\(getpid())-races", durability: .fast)
    }
}

@Suite(.serialized) struct WaitRacesTests {
    private static let count = 100

    @Test func `of two who want a wait at the same moment exactly one gets it`() async throws {
        let seed = TestSeed.draw()
        let races = try await WaitRaces.onNewDatabase(
            of: RaceCluster.shared.get(),
            migrations: RaceCluster.migrations,
            workflow: RaceCluster.workflow,
            seed: seed
        )
        defer { races.close() }
        for pair in RacePair.allCases {
            let result = try await races.run(pair, count: Self.count)
            print("seed \(seed), \(result.line)")
            #expect(result.faults == [], "seed \(seed)")
            #expect(result.vacuities == [], "seed \(seed), \(result.line)")
            #expect(result.winners.values.reduce(0, +) == Self.count)
        }
    }
}
