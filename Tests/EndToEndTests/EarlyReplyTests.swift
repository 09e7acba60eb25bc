import EmbeddedServices
import Foundation
import KafkaTransport
import Orchestration
import PostgresStore
import Testing

/// Replies that come before their questions: what a session keeps of them, from Kafka to the rows that tell of it.
@Suite(.serialized) struct EarlyReplyTests {
    /// The replies of a stage that works first, and has a wait for each of them afterwards.
    private static let types = [
        "Theme.Request", "Theme.Revise", "Theme.Confirm", "World.Request", "World.Update", "World.Confirm",
        "Character.Request", "Character.Update", "Character.Confirm",
    ]

    private static let workflow: String = {
        let waits = types.enumerated().map { index, type in
            "        w\(index): { meta: { park: { expires: P30D } }, on: { Command.Genesis.Session.\(type): "
                + (index + 1 < types.count ? "w\(index + 1)" : "'#many.DONE'") + " } }"
        }
        return """
            workflow: genesis
            version: 1.0.0
            setup:
              actors: { Writer.Draft.Generation: { topic: genesis.writer.tasks, timeouts: {}, retry: {} } }
            machine:
              id: many
              initial: WORLDVIEW
              states:
                WORLDVIEW:
                  initial: generating
                  states:
                    generating: { invoke: { src: Writer.Draft.Generation, onDone: w0 } }
            \(waits.joined(separator: "\n"))
                DONE: { type: final }
            """
    }()

    private func started(_ fleet: Fleet) async throws -> SessionID {
        let session = Fleet.newSession()
        try await fleet.produce("Start", to: session)
        try await eventually("the session has a task") {
            try await fleet.queries.tasks(session: session, limit: 1).count == 1
        }
        return session
    }

    /// Sends the reply as a record, and waits for its row's verdict.
    private func reply(
        _ type: String,
        _ payload: JSONValue = [:],
        to session: SessionID,
        in fleet: Fleet
    ) async throws -> InboxCommand {
        let id = MessageID(derivedFrom: session.description, type)
        try await fleet.produce(type, to: session, payload, id: id)
        var row: InboxCommand?
        try await eventually("\(type) has a verdict") {
            row = try await fleet.queries.command(id)
            return row?.verdict != nil
        }
        return try #require(row)
    }

    private func finish(_ session: SessionID, in fleet: Fleet) async throws {
        let task = try #require(try await fleet.queries.tasks(session: session, limit: 1).first)
        try await fleet.genesis("tasks", "complete", task.id.description, "--output", "{}").requireSuccess()
    }

    @Test func `the eighth early reply is kept, and the ninth refused with the limit and the number`() async throws {
        let fleet = try await Fleet(partitions: 1, workflow: Self.workflow)
        let worker = try fleet.worker()
        let session = try await started(fleet)
        for (index, type) in Self.types.enumerated() {
            let row = try await reply(type, to: session, in: fleet)
            #expect(row.verdict == (index < 8 ? .buffered : .notAllowed), "number \(index + 1)")
        }
        let reason = "the session keeps 8 early replies already, the limit is 8"
        let open = try await fleet.genesis("handles", "list", "--session", session.description, "--json").lines
        #expect(open.count { $0["status"].string == "PENDING_PAUSE" } == 8)
        let refused = try await fleet.genesis("handles", "list", "--refused", "--json").lines
        #expect(refused.map { $0["error_message"].string } == [reason])
        let text = try await fleet.genesis("handles", "list", "--refused", "--session", session.description)
        #expect(text.output.contains("not_allowed"))
        #expect(text.output.contains(reason), "\(text.output)")

        // All eight are applied in the transaction that ends the task; the ninth wait is open.
        try await finish(session, in: fleet)
        let last = try #require(try await fleet.wait(of: session))
        #expect(last.taskName == "many.WORLDVIEW.w8")
        #expect(
            try await fleet.queries.handles(session: session, limit: 20).count { $0.status == .resumed } == 8
        )
        #expect(try await reply("Finish", to: session, in: fleet).verdict == .invalid)
        try await fleet.verify(session)
        worker.stop()
    }

    @Test(arguments: [-1, 0, 1])
    func `early replies of up to 512 KiB are kept, and a byte more is refused with the limit and the size`(
        beyond: Int
    ) async throws {
        let limit = 512 * 1_024
        let fleet = try await Fleet(partitions: 1, workflow: Self.workflow)
        let worker = try fleet.worker()
        let session = try await started(fleet)
        /// An object whose compact text has so many bytes.
        func payload(_ bytes: Int) -> JSONValue { ["t": .string(String(repeating: "a", count: bytes - 8))] }
        for type in Self.types.prefix(2) {
            #expect(try await reply(type, payload(200_000), to: session, in: fleet).verdict == .buffered)
        }
        let row = try await reply(Self.types[2], payload(limit - 400_000 + beyond), to: session, in: fleet)
        let listed = try await fleet.genesis("handles", "list", "--refused", "--json").lines
        if beyond > 0 {
            let reason = "the session's early replies would have 524289 bytes, the limit is 524288"
            #expect(row.verdict == .notAllowed)
            #expect(listed.map { $0["error_message"].string } == [reason])
            // What is small enough still has its place.
            #expect(try await reply(Self.types[3], to: session, in: fleet).verdict == .buffered)
        } else {
            #expect(row.verdict == .buffered)
            #expect(listed.isEmpty)
        }
        try await finish(session, in: fleet)
        let open = try #require(try await fleet.wait(of: session))
        #expect(open.taskName == "many.WORLDVIEW.\(beyond > 0 ? "w2" : "w3")")
        worker.stop()
    }

    @Test func `an early reply is kept for a day, and then recorded as expired`() async throws {
        let fleet = try await Fleet(partitions: 1, workflow: Self.workflow)
        let worker = try fleet.worker()
        let session = try await started(fleet)
        let kept = try await reply("Theme.Request", to: session, in: fleet)
        let handle = try #require(try await fleet.queries.handles(session: session, limit: 1).first)
        #expect(handle.status == .pendingPause)
        #expect(handle.resumedBy == kept.id)
        #expect(handle.expiresAt == handle.createdAt + .seconds(86_400))
        // The day is over.
        try await fleet.sql("UPDATE flow_resume_handles SET expires_at = now() WHERE id = '\(handle.id)'")
        try await eventually("the reply has expired") {
            try await fleet.queries.command(kept.id)?.verdict == .expired
        }
        let listed = try await fleet.genesis("handles", "list", "--all", "--session", session.description)
        #expect(listed.output.contains("EXPIRED"), "\(listed.output)")
        let refused = try await fleet.genesis("handles", "list", "--refused", "--json").lines
        #expect(refused.map { $0["verdict"].string } == ["expired"])
        #expect(refused.first?["error_message"].string == "no wait took the reply within P1D")
        // It answers nothing any more; another one may.
        try await finish(session, in: fleet)
        let open = try #require(try await fleet.wait(of: session))
        #expect(open.taskName == "many.WORLDVIEW.w0")
        #expect(try await fleet.queries.handle(handle.id)?.status == .expired)
        let later = MessageID(derivedFrom: session.description, "later")
        try await fleet.produce("Theme.Request", to: session, id: later, correlation: open.correlationID)
        try await eventually("the wait takes another reply") {
            try await fleet.queries.command(later)?.verdict == .accepted
        }
        try await fleet.verify(session)
        worker.stop()
    }
}
