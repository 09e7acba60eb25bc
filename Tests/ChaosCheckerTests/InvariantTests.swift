import EmbeddedServices
import Foundation
import Testing

@testable import ChaosChecker

@Suite(.serialized) struct InvariantTests {
    /// The schema of a run, with a clean run in it.
    private static let clean = Result {
        let database = try Evidence.open(CheckedCluster.run.get())
        try database.script("SET session_replication_role = replica")
        try database.script(CleanRun.sql)
        try database.script("SET session_replication_role = origin")
    }

    private func database() throws -> CheckDatabase {
        try Self.clean.get()
        return try CheckDatabase(CheckedCluster.run.get().databaseURL)
    }

    @Test func `a clean run violates nothing and says what happened in it`() throws {
        let (violations, counts) = try database().planted("SELECT 1")
        #expect(violations.map(\.description) == [])
        #expect(counts["events"] == 7)
        #expect(counts["resent_records"] == 2)
        #expect(counts["duplicate_records"] == 1)
        #expect(counts["dead_letters"] == 1)
        #expect(counts["fenced"] == 1)
        #expect(counts["duplicates_answered_again"] == 1)
        #expect(counts["early_replies_buffered"] == 1)
        #expect(counts["expiry_wins"] == 1)
        #expect(counts["reply_wins"] == 1)
        #expect(counts["partition_takeovers"] == 1)
        #expect(counts["faults"] == 1)
        let report = CheckReport(violations: violations, counts: counts)
        #expect(report.missing(["events", "pauses", "no such name"]) == ["pauses", "no such name"])
    }

    @Test(arguments: PlantedFault.all) func `a planted fault is seen`(_ fault: PlantedFault) throws {
        let violations = try database().planted(fault.sql).violations
        let found = violations.first { $0.invariant == fault.invariant }
        #expect(found != nil, "\(fault) was seen by \(violations.map(\.invariant)) only")
        #expect(found?.rows.isEmpty == false)
    }

    @Test func `every invariant has been seen to be violated, and each has a name of its own`() {
        let names = Invariant.all.map(\.name)
        #expect(Set(names).count == names.count)
        #expect(Set(PlantedFault.all.map(\.invariant)) == Set(names))
    }
}
