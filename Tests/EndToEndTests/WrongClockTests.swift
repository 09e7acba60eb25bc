import EmbeddedServices
import Foundation
import Orchestration
import OrchestrationTesting
import PostgresStore
import Testing

/// A worker whose clock is wrong changes nothing: what is decided and written goes by the database's clock.
@Suite(.serialized) struct WrongClockTests {
    /// A wall clock that is off, and nothing else: what waits until a wall time waits as long as it was meant to.
    ///
    /// Debian's libfaketime 0.9 will not do. It leaves the ends of `cnd_timedwait` in the false time, in which librdkafka
    /// waits (behind the true time no wait lasts, ahead of it each lasts for hours), and moves those of timers on the
    /// monotonic clock, which libdispatch uses, so that no pause of the worker ever ends.
    private static let clock = """
        #define _GNU_SOURCE
        #include <errno.h>
        #include <pthread.h>
        #include <semaphore.h>
        #include <stdlib.h>
        #include <sys/syscall.h>
        #include <sys/time.h>
        #include <threads.h>
        #include <time.h>
        #include <unistd.h>
        static time_t shift(void) {
            const char *text = getenv("CLOCK_SHIFT");
            return text ? atol(text) : 0;
        }
        int clock_gettime(clockid_t clock, struct timespec *now) {
            int code = syscall(SYS_clock_gettime, clock, now);
            if (code == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) now->tv_sec += shift();
            return code;
        }
        int timespec_get(struct timespec *now, int base) {
            clock_gettime(CLOCK_REALTIME, now);
            return base;
        }
        int gettimeofday(struct timeval *now, void *zone) {
            struct timespec precise;
            clock_gettime(CLOCK_REALTIME, &precise);
            now->tv_sec = precise.tv_sec;
            now->tv_usec = precise.tv_nsec / 1000;
            return 0;
        }
        time_t time(time_t *now) {
            struct timespec precise;
            clock_gettime(CLOCK_REALTIME, &precise);
            if (now) *now = precise.tv_sec;
            return precise.tv_sec;
        }
        static struct timespec true_time(const struct timespec *end) {
            struct timespec time = *end;
            time.tv_sec -= shift();
            return time;
        }
        int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *end) {
            struct timespec time = true_time(end);
            int code = pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex, &time);
            return code == 0 ? thrd_success : code == ETIMEDOUT ? thrd_timedout : thrd_error;
        }
        int sem_timedwait(sem_t *semaphore, const struct timespec *end) {
            struct timespec time = true_time(end);
            return sem_clockwait(semaphore, CLOCK_REALTIME, &time);
        }
        """

    /// What makes a process believe that it is so many seconds later, or earlier.
    private static func variables(_ seconds: Int, in fleet: Fleet) async throws -> [String: String] {
        let (source, library) = ("\(fleet.folder)/clock.c", "\(fleet.folder)/clock.so")
        try Self.clock.write(toFile: source, atomically: true, encoding: .utf8)
        // `clang` comes with Swift.
        let compiler = try ChildProcess(
            ["/usr/bin/env", "clang", "-shared", "-fPIC", source, "-o", library],
            environment: ProcessInfo.processInfo.environment,
            logFile: "\(fleet.folder)/clang.log"
        )
        try await eventually("clang ends") { compiler.exitCode != nil }
        guard compiler.exitCode == 0 else { throw Failure(fleet.log("clang")) }
        return ["LD_PRELOAD": library, "CLOCK_SHIFT": "\(seconds)"]
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
                FROM flow_resume_handles
            UNION ALL SELECT 'record created', created_at FROM event_outbox
            UNION ALL SELECT 'record published', published_at FROM event_outbox
            UNION ALL SELECT 'lane', lease_until FROM outbox_lanes WHERE owner_id IS NOT NULL
            UNION ALL SELECT 'position', updated_at FROM kafka_positions
        ) AS x WHERE abs(extract(epoch FROM x.time - now())) > 600
        """

    @Test(arguments: [7_200, -7_200])
    func `a wait ends at its deadline by the database's clock, and not before`(seconds: Int) async throws {
        let fleet = try await Fleet(partitions: 1)
        let variables = try await Self.variables(seconds, in: fleet)
        let worker = try fleet.worker(changing: variables)
        let agent = try fleet.agent()
        let (near, far) = (Fleet.newSession(), Fleet.newSession())
        for session in [near, far] { try await fleet.produce("Start", to: session) }
        let ending = try #require(try await fleet.wait(of: near))
        let staying = try #require(try await fleet.wait(of: far))
        // The clock is wrong indeed: the worker's log says so.
        let line = try #require(fleet.log("worker").split(separator: "\n").first { $0.hasPrefix("{") })
        let told = try #require(try JSONText.parse(String(line))["time"].string.flatMap { Instant($0) })
        let off = Double(told.microseconds) / 1e6 - Date().timeIntervalSince1970
        #expect(abs(off - Double(seconds)) < 600, "the worker's clock is \(off) s off")

        #expect(try await fleet.sql(Self.written) == "")
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

    @Test(arguments: [7_200, -7_200])
    func `the lease of a task that the worker does itself is renewed as long as the call lasts`(
        seconds: Int
    ) async throws {
        let server = try HostileServer(script: ["slow/5000"])
        let fleet = try await Fleet(partitions: 1, workflow: HTTPTaskTests.workflow(server))
        let variables = try HTTPTaskTests.variables(fleet, server)
        let fake = try await Self.variables(seconds, in: fleet)
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
