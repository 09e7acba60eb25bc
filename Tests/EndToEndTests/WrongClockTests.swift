import EmbeddedServices
import Foundation
import Orchestration
import PostgresStore
import Testing

/// A worker whose clock is wrong changes nothing: deadlines are the database's business.
@Suite(.serialized) struct WrongClockTests {
    /// Debian's `faketime`; what is started with it believes in another time.
    static let library: String? = {
        let root = "/usr/lib"
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return folders.map { "\(root)/\($0)/faketime/libfaketimeMT.so.1" }
            .first { FileManager.default.fileExists(atPath: $0) }
    }()

    @Test(.enabled(if: library != nil, "faketime is not installed"))
    func `a wait ends at its deadline by the database's clock, and not before`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let worker = try fleet.worker(changing: [
            "LD_PRELOAD": Self.library ?? "", "FAKETIME": "+2h", "DONT_FAKE_MONOTONIC": "1",
        ])
        let agent = try fleet.agent()
        let (near, far) = (Fleet.newSession(), Fleet.newSession())
        for session in [near, far] { try await fleet.produce("Start", to: session) }
        let ending = try #require(try await fleet.wait(of: near))
        let staying = try #require(try await fleet.wait(of: far))
        // Written by the worker in the database's time: a week, give or take what the test took.
        let off =
            "SELECT abs(extract(epoch FROM expires_at - now()) - 604800) < 300 FROM flow_resume_handles WHERE id = "
        #expect(try await fleet.sql(off + "'\(ending.id)'") == "t")
        try await fleet.sql(
            """
            UPDATE flow_resume_handles
            SET expires_at = CASE id WHEN '\(ending.id)' THEN now() ELSE now() + interval '1 hour' END
            WHERE id IN ('\(ending.id)', '\(staying.id)')
            """
        )
        try await eventually("the wait that is over has ended") {
            try await fleet.queries.handle(ending.id)?.status == .expired
        }
        #expect(try await fleet.queries.handle(staying.id)?.status == .waiting)
        try await fleet.produce("Concept.Confirm", to: far, ["concept_ids": ["c1"]], correlation: staying.correlationID)
        try await eventually("the other takes its reply") {
            try await fleet.queries.handle(staying.id)?.status == .resumed
        }
        for session in [near, far] { try await fleet.verify(session) }
        agent.stop()
        worker.stop()
    }
}
