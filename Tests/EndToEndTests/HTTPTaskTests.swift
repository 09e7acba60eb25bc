import EmbeddedServices
import Foundation
import Orchestration
import OrchestrationTesting
import PostgresStore
import Testing

/// Tasks that the worker does itself, on real workers against a server that misbehaves.
@Suite(.serialized) struct HTTPTaskTests {
    /// A workflow whose one task calls the server.
    static func workflow(_ server: HostileServer, path: String = "/next", _ more: String = "") -> String {
        """
        workflow: genesis
        version: 1.0.0
        setup:
          actors:
            Writer.Draft.Generation:
              executor: http
              request:
                url: \(server.url)\(path)
                headers: { Authorization: { file: key, prefix: 'Bearer ' } }
                body: '{ seed: .input.seed, attempt: .task.attempt }'
              response: .body
              timeouts: { attempt: PT30S, heartbeat: PT2S, total: PT1M }
              retry: { maxAttempts: 5, initial: PT0.01S, cap: PT0.05S }
              output: { type: object, required: [ok] }
        \(more)
        machine:
          id: m
          initial: WORLDVIEW
          on: { Command.Genesis.Session.Abandon: .GONE }
          states:
            WORLDVIEW:
              invoke: { src: Writer.Draft.Generation, input: .context.input, onDone: DONE, onError: GONE }
            DONE: { type: final }
            GONE: { type: final, tags: [abandoned] }
        """
    }

    private static let secret = "s3cret-\(UInt32.random(in: 0 ... .max))"

    private static func secrets(_ fleet: Fleet) throws -> [String: String] {
        let folder = "\(fleet.folder)/secrets"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try (secret + "\n").write(toFile: folder + "/key", atomically: true, encoding: .utf8)
        return ["GENESIS_SECRETS": folder, "GENESIS_HTTP_HOSTS": "127.0.0.1"]
    }

    static func variables(_ fleet: Fleet, _ server: HostileServer) throws -> [String: String] {
        try secrets(fleet).merging(["GENESIS_HTTP_HOSTS": "127.0.0.1:\(server.port)"]) { $1 }
    }

    private func task(of session: SessionID, in fleet: Fleet) async throws -> AsyncTask {
        try #require(try await fleet.queries.tasks(session: session, limit: 1).first)
    }

    @Test func `failures of a server are repeated as the file says, the draft arrives, and the secret stays secret`()
        async throws
    {
        let server = try HostileServer(script: ["status/429/1", "status/500", "cut", "notjson", "ok"])
        let fleet = try await Fleet(partitions: 1, workflow: Self.workflow(server))
        let worker = try fleet.worker(changing: try Self.variables(fleet, server))
        let session = Fleet.newSession()
        let id = session.description
        try await fleet.genesis("sessions", "start", "--id", id, "--user", "ann", "--input", #"{"seed":"sea"}"#)
            .requireSuccess()
        try await eventually("the draft is there") {
            try await fleet.queries.session(session)?.status == .completed
        }
        let task = try await task(of: session, in: fleet)
        #expect(task.status == .completed)
        #expect((task.attempt, task.retryCount, task.maxRetries) == (5, 4, 4))
        #expect(task.resultData == ["ok": true])
        #expect(task.executionNode == "worker")
        #expect(task.startedAt != nil && task.completedAt != nil)
        let codes = try await fleet.queries.events(of: session)
            .filter { $0.eventType == "Genesis.Session.TaskRetried" }.map { $0.payload["error"]["code"].string }
        #expect(codes == ["HTTP_429", "HTTP_500", "HTTP_CONNECTION", "HTTP_INVALID_RESPONSE"])
        // The server asked for a second the first time.
        let first = try #require(
            try await fleet.queries.events(of: session).first { $0.eventType.hasSuffix("TaskRetried") }
        )
        let pause = first.payload["not_before"].string.flatMap { Instant($0) }.map { $0 - first.occurredAt }
        #expect(pause == .seconds(1))
        #expect(server.requests.count == 5)
        #expect(server.requests.allSatisfy { $0.contains("Authorization: Bearer \(Self.secret)\r\n") })
        #expect(!fleet.log("worker").contains(Self.secret))
        let dump = try await fleet.sql(
            "SELECT count(*) FROM (SELECT t::text AS x FROM async_tasks t UNION ALL SELECT e::text FROM domain_events e"
                + " UNION ALL SELECT o::text FROM event_outbox o UNION ALL SELECT c::text FROM command_inbox c) AS a"
                + " WHERE x LIKE '%\(Self.secret)%'"
        )
        #expect(dump == "0")
        try await fleet.verify(session)
        worker.stop()
    }

    @Test func `when a worker is killed in the middle another does the task, once`() async throws {
        let server = try HostileServer(script: ["hang"])
        let fleet = try await Fleet(partitions: 1, workflow: Self.workflow(server))
        let variables = try Self.variables(fleet, server)
        let first = try fleet.worker("first", changing: variables)
        let session = Fleet.newSession()
        try await fleet.genesis("sessions", "start", "--id", session.description, "--no-wait").requireSuccess()
        try await eventually("the first worker calls") { server.requests.count == 1 }
        kill(first.processID, SIGKILL)
        let second = try fleet.worker("second", changing: variables)
        try await eventually("the second worker has the draft") {
            try await fleet.queries.session(session)?.status == .completed
        }
        let task = try await task(of: session, in: fleet)
        #expect(task.executionNode == "second")
        #expect((task.attempt, task.retryCount) == (2, 1))
        let events = try await fleet.queries.events(of: session)
        let retried = events.filter { $0.eventType == "Genesis.Session.TaskRetried" }
        #expect(retried.map { $0.payload["error"]["code"].string } == ["LEASE_EXPIRED"])
        #expect(server.requests.count == 2)
        try await fleet.verify(session)
        second.stop()
    }

    @Test func `a worker that stood still takes nothing back from the one that took over`() async throws {
        let server = try HostileServer(script: ["slow/500"])
        let fleet = try await Fleet(partitions: 1, workflow: Self.workflow(server))
        let variables = try Self.variables(fleet, server)
        let first = try fleet.worker("first", changing: variables)
        let session = Fleet.newSession()
        try await fleet.genesis("sessions", "start", "--id", session.description, "--no-wait").requireSuccess()
        try await eventually("the first worker calls") { server.requests.count == 1 }
        kill(first.processID, SIGSTOP)
        let second = try fleet.worker("second", changing: variables)
        try await eventually("the second worker has the draft") {
            try await fleet.queries.session(session)?.status == .completed
        }
        kill(first.processID, SIGCONT)
        try await eventually("the first worker knows that its lease is over") {
            if fleet.log("first").contains("gave a task up") { return true }
            let late = "SELECT count(*) FROM command_inbox WHERE verdict IN ('stale_attempt', 'superseded')"
            return try await fleet.sql(late) == "1"
        }
        let task = try await task(of: session, in: fleet)
        #expect(task.executionNode == "second")
        #expect(task.attempt == 2)
        try await fleet.verify(session)
        first.stop()
        second.stop()
    }

    @Test func `leaving the state ends the call, and a worker that stops hands its task back`() async throws {
        let server = try HostileServer(script: ["hang", "hang"])
        let fleet = try await Fleet(partitions: 1, workflow: Self.workflow(server))
        let variables = try Self.variables(fleet, server)
        let worker = try fleet.worker(changing: variables)
        let (left, kept) = (Fleet.newSession(), Fleet.newSession())
        try await fleet.genesis("sessions", "start", "--id", left.description).requireSuccess()
        try await eventually("it calls") { server.requests.count == 1 }
        try await fleet.genesis("sessions", "abandon", left.description).requireSuccess()
        try await eventually("the call has ended") { server.callersGone == 1 }
        #expect(try await task(of: left, in: fleet).status == .cancelled)

        try await fleet.genesis("sessions", "start", "--id", kept.description).requireSuccess()
        try await eventually("it calls again") { server.requests.count == 2 }
        kill(worker.processID, SIGTERM)
        try await eventually("the worker has ended") { worker.exitCode != nil }
        #expect(worker.exitCode == 0)
        let back = try await task(of: kept, in: fleet)
        #expect((back.status, back.attempt, back.retryCount) == (.pending, 2, 0))
        #expect(back.errorData["code"].string == "HANDED_BACK")
        let next = try fleet.worker("next", changing: variables)
        try await eventually("the next worker has the draft") {
            try await fleet.queries.session(kept)?.status == .completed
        }
        next.stop()
    }

    @Test func `a host that is not allowed is not called, and the session says so`() async throws {
        let server = try HostileServer()
        let fleet = try await Fleet(partitions: 1, workflow: Self.workflow(server))
        let variables = try Self.secrets(fleet)
        let worker = try fleet.worker(changing: variables.merging(["GENESIS_HTTP_HOSTS": "api.example.org"]) { $1 })
        let session = Fleet.newSession()
        try await fleet.genesis("sessions", "start", "--id", session.description).requireSuccess()
        try await eventually("it has failed") { try await task(of: session, in: fleet).status == .failed }
        let failed = try await task(of: session, in: fleet)
        #expect(failed.errorData["code"].string == "HTTP_NOT_ALLOWED")
        #expect(failed.retryCount == 0)
        #expect(server.requests.isEmpty)
        worker.stop()
    }

    @Test func `no more run at once than the settings allow, and a small tenant is served beside a large one`()
        async throws
    {
        let server = try HostileServer()
        let source = Self.workflow(server, path: "/slow/150").replacing(
            "response: .body",
            with: "response: .body\n      concurrency: 3"
        )
        let fleet = try await Fleet(partitions: 1, workflow: source)
        var variables = try Self.variables(fleet, server)
        variables["GENESIS_TASKS_PER_USER"] = "2"
        // The sessions are there before any worker is: the queue is long from the start.
        let sessions = (0..<12).map { _ in Fleet.newSession() }
        for session in sessions {
            try await fleet.sql(
                "INSERT INTO command_inbox (session_id, command_type, tenant_id, user_id) VALUES ('\(session)',"
                    + " 'Command.Genesis.Session.Start', '\(session == sessions.last ? "small" : "large")', 'ann')"
            )
        }
        let workers = try ["one", "two"].map { try fleet.worker($0, changing: variables) }
        var most = 0
        try await eventually("all have their drafts") {
            let running = try await fleet.sql("SELECT count(*) FROM async_tasks WHERE status = 'RUNNING'")
            most = max(most, Int(running) ?? 0)
            return try await fleet.sql("SELECT count(*) FROM genesis_sessions WHERE status = 'COMPLETED'") == "12"
        }
        #expect((1...3).contains(most))
        let place = try await fleet.sql(
            "SELECT place FROM (SELECT tenant_id, row_number() OVER (ORDER BY started_at) AS place FROM async_tasks) AS p"
                + " WHERE tenant_id = 'small'"
        )
        #expect((Int(place) ?? 99) <= 4, "the small tenant had place \(place)")
        for worker in workers { worker.stop() }
    }
}
