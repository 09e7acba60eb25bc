import EmbeddedServices
import Foundation
import Orchestration
import OrchestrationTesting
import PostgresStore
import Testing

/// A worker whose clock is wrong changes nothing: what is decided and written goes by the database's clock.
@Suite(.serialized) struct WrongClockTests {
    /// Debian's `faketime`; what is started with it believes in another time.
    static let library: String? = {
        let root = "/usr/lib"
        let folders = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        return folders.map { "\(root)/\($0)/faketime/libfaketimeMT.so.1" }
            .first { FileManager.default.fileExists(atPath: $0) }
    }()

    /// libfaketime 0.9 translates the end of `pthread_cond_timedwait` back into the true time, and forgets
    /// `cnd_timedwait`, in which librdkafka waits: behind the true time no wait would last, so nothing is ever polled in
    /// time, and ahead of it each would last for hours. This sends the one through the other.
    private static let bridge = """
        #include <errno.h>
        #include <pthread.h>
        #include <threads.h>
        int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *end) {
            int code = pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, end);
            return code == 0 ? thrd_success : code == ETIMEDOUT ? thrd_timedout : thrd_error;
        }
        """

    /// What makes a process believe that it is so much later or earlier; its waits last as long as they should.
    private static func variables(_ offset: String, in fleet: Fleet) async throws -> [String: String] {
        let (source, bridge) = ("\(fleet.folder)/bridge.c", "\(fleet.folder)/bridge.so")
        try Self.bridge.write(toFile: source, atomically: true, encoding: .utf8)
        // `clang` comes with Swift.
        let compiler = try ChildProcess(
            ["/usr/bin/env", "clang", "-shared", "-fPIC", source, "-o", bridge],
            environment: ProcessInfo.processInfo.environment,
            logFile: "\(fleet.folder)/bridge.log"
        )
        try await eventually("clang ends") { compiler.exitCode != nil }
        guard compiler.exitCode == 0 else { throw Failure(fleet.log("bridge")) }
        return [
            "LD_PRELOAD": "\(library ?? ""):\(bridge)", "FAKETIME": offset, "DONT_FAKE_MONOTONIC": "1",
        ]
    }

    /// Every time that a worker writes, in all tables.
    private static let written = """
        SELECT x.place, x.time FROM (
            SELECT 'session created' AS place, created_at AS time FROM genesis_sessions
            UNION ALL SELECT 'session updated', updated_at FROM genesis_sessions
            UNION ALL SELECT 'event occurred', occurred_at FROM domain_events
            UNION ALL SELECT 'event created', created_at FROM domain_events
            UNION ALL SELECT 'command processed', processed_at FROM command_inbox
            UNION ALL SELECT 'command updated', updated_at FROM command_inbox
            UNION ALL SELECT 'task created', created_at FROM async_tasks
            UNION ALL SELECT 'task started', started_at FROM async_tasks
            UNION ALL SELECT 'task completed', completed_at FROM async_tasks
            UNION ALL SELECT 'wait paused', paused_at FROM flow_resume_handles
            UNION ALL SELECT 'wait resumed', resumed_at FROM flow_resume_handles
            UNION ALL SELECT 'wait deadline', expires_at - timeout_seconds * interval '1 second'
                FROM flow_resume_handles WHERE status = 'RESUMED'
            UNION ALL SELECT 'record created', created_at FROM event_outbox
            UNION ALL SELECT 'record published', published_at FROM event_outbox
            UNION ALL SELECT 'lane', lease_until FROM outbox_lanes WHERE owner_id IS NOT NULL
            UNION ALL SELECT 'position', updated_at FROM kafka_positions
        ) AS x WHERE abs(extract(epoch FROM x.time - now())) > 600
        """

    @Test(.enabled(if: library != nil, "faketime is not installed"), arguments: ["+2h", "-2h"])
    func `a wait ends at its deadline by the database's clock, and not before`(offset: String) async throws {
        let fleet = try await Fleet(partitions: 1)
        let variables = try await Self.variables(offset, in: fleet)
        let worker = try fleet.worker(changing: variables)
        let agent = try fleet.agent()
        let (near, far) = (Fleet.newSession(), Fleet.newSession())
        for session in [near, far] { try await fleet.produce("Start", to: session) }
        let ending = try #require(try await fleet.wait(of: near))
        let staying = try #require(try await fleet.wait(of: far))
        // The clock is wrong indeed: the worker's log says so.
        let line = try #require(fleet.log("worker").split(separator: "\n").first { $0.hasPrefix("{") })
        let told = try #require(try JSONText.parse(String(line))["time"].string.flatMap { Instant($0) })
        let seconds = Double(told.microseconds) / 1e6 - Date().timeIntervalSince1970
        #expect(abs(seconds) > 6_600, "the worker's clock is \(seconds) s off")

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
        try await fleet.sql("UPDATE flow_resume_handles SET expires_at = created_at + interval '7 days'")
        try await fleet.produce("Concept.Confirm", to: far, ["concept_ids": ["c1"]], correlation: staying.correlationID)
        try await eventually("the other takes its reply") {
            try await fleet.queries.handle(staying.id)?.status == .resumed
        }
        _ = try await fleet.wait(of: far, after: staying.id)
        #expect(try await fleet.sql(Self.written) == "")
        for session in [near, far] { try await fleet.verify(session) }
        agent.stop()
        worker.stop()
    }

    @Test(.enabled(if: library != nil, "faketime is not installed"), arguments: ["+2h", "-2h"])
    func `the lease of a task that the worker does itself is renewed as long as the call lasts`(
        offset: String
    ) async throws {
        let server = try HostileServer(script: ["slow/5000"])
        let fleet = try await Fleet(partitions: 1, workflow: HTTPTaskTests.workflow(server))
        let variables = try HTTPTaskTests.variables(fleet, server)
        let fake = try await Self.variables(offset, in: fleet)
        let worker = try fleet.worker(changing: variables.merging(fake) { $1 })
        let session = Fleet.newSession()
        try await fleet.produce("Start", to: session, ["seed": "sea"])
        try await eventually("the draft is there") { try await fleet.queries.session(session)?.status == .completed }
        let task = try #require(try await fleet.queries.tasks(session: session, limit: 1).first)
        // Five seconds with a lease of two.
        #expect((task.status, task.attempt) == (.completed, 1))
        #expect(try await fleet.sql(Self.written) == "")
        try await fleet.verify(session)
        worker.stop()
    }
}
