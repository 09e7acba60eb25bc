import EmbeddedServices
import Foundation
import KafkaTransport
import Orchestration
import PostgresStore
import Testing

/// Every verdict, on a real worker: told by the command line, stored, published, and given again for the same key.
@Suite(.serialized) struct VerdictTests {
    /// One reply through the command line.
    private struct Reply {
        var wanted: Verdict
        var session: SessionID
        var type: String
        var payload = "{}"
        var correlation: String?
        /// What the reason must say.
        var says = ""
    }

    /// A workflow that asks at once, and takes replies of one user only.
    private static let guarded = """
        workflow: guarded
        version: 1.0.0
        machine:
          id: guarded
          initial: CONCEPT_SELECTION
          context: { editors: [ann] }
          states:
            CONCEPT_SELECTION:
              initial: asking
              states:
                asking:
                  meta: { park: { expires: P7D, allowed: .context.editors } }
                  on:
                    Command.Genesis.Session.Theme.Confirm: { target: '#guarded.DONE' }
                    park.expired: { target: '#guarded.DONE' }
            DONE: { type: final }
        """

    private func give(_ reply: Reply, key: String, user: String = "ann", to fleet: Fleet) async throws -> JSONValue {
        let answered = try await fleet.genesis(
            "sessions",
            "reply",
            reply.session.description,
            reply.type,
            "--payload",
            reply.payload,
            "--correlation",
            reply.correlation ?? reply.session.description,
            "--user",
            user,
            "--key",
            key,
            "--wait",
            "--json"
        )
        return try #require(answered.firstJSON, "\(answered.output)")
    }

    @Test func `each verdict is told with the state, stored, published, and told again`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let folder = fleet.folder + "/workflows"
        try FileManager.default.copyItem(atPath: Fleet.root.appending(path: "Workflows").path, toPath: folder)
        try Self.guarded.write(toFile: folder + "/guarded.yaml", atomically: true, encoding: .utf8)
        let worker = try fleet.worker(changing: ["GENESIS_WORKFLOWS": folder])
        let (early, asked, late, ended, strange) = (
            Fleet.newSession(), Fleet.newSession(), Fleet.newSession(), Fleet.newSession(), Fleet.newSession()
        )
        for session in [early, asked, late, ended] { try await fleet.produce("Start", to: session) }
        try await fleet.produce("Start", to: strange, ["workflow": "guarded"])
        try await eventually("the sessions have started") { try await fleet.queries.sessions(limit: 9).count == 5 }
        var replies: [(key: String, reply: Reply)] = []
        func check(_ reply: Reply, user: String = "ann") async throws {
            let key = "key-\(replies.count)"
            let answer = try await give(reply, key: key, user: user, to: fleet)
            #expect(answer["verdict"].string == reply.wanted.rawValue, "\(answer.text)")
            #expect(reply.says.isEmpty || answer["reason"].string?.contains(reply.says) == true, "\(answer.text)")
            if reply.wanted != .unknown { #expect(answer["session"]["id"].string == reply.session.description) }
            replies.append((key, reply))
        }

        // Nobody has made a draft yet.
        let ids = #"{"concept_ids":["c1"]}"#
        try await check(Reply(wanted: .wrongStage, session: early, type: "Finish"))
        try await check(Reply(wanted: .buffered, session: early, type: "Concept.Confirm", payload: ids))
        let listed = try await fleet.genesis("handles", "list")
        #expect(listed.output.contains("PENDING_PAUSE"), "\(listed.output)")
        try await check(Reply(wanted: .unknown, session: Fleet.newSession(), type: "Finish"))
        let open = try #require(try await fleet.wait(of: strange))
        let stranger = Reply(wanted: .notAllowed, session: strange, type: "Theme.Confirm", says: "eve may not reply")
        try await check(stranger, user: "eve")
        #expect(try await fleet.queries.handle(open.id)?.status == .waiting)

        let agent = try fleet.agent()
        let first = try #require(try await fleet.wait(of: asked))
        let misfit = #"{"concept_ids":[1]}"#
        let pointer = "/concept_ids/0 must be string"
        try await check(
            Reply(wanted: .invalid, session: asked, type: "Concept.Confirm", payload: misfit, says: pointer)
        )
        #expect(try await fleet.queries.handle(first.id)?.status == .waiting)
        let name = first.correlationID
        try await check(Reply(wanted: .accepted, session: asked, type: "Seed.Request", correlation: name))
        let accepted = replies.count - 1
        let second = try #require(try await fleet.wait(of: asked, after: first.id))
        try await check(
            Reply(wanted: .staleAttempt, session: asked, type: "Concept.Confirm", payload: ids, correlation: name)
        )
        try await check(
            Reply(
                wanted: .accepted,
                session: asked,
                type: "Concept.Confirm",
                payload: ids,
                correlation: second.correlationID
            )
        )
        try await check(
            Reply(
                wanted: .superseded,
                session: asked,
                type: "Concept.Confirm",
                payload: ids,
                correlation: second.correlationID
            )
        )
        let passed = try #require(try await fleet.wait(of: late))
        try await fleet.sql("UPDATE flow_resume_handles SET expires_at = now() WHERE id = '\(passed.id)'")
        try await check(
            Reply(
                wanted: .expired,
                session: late,
                type: "Concept.Confirm",
                payload: ids,
                correlation: passed.correlationID
            )
        )
        // A session that has ended, and another tenant's.
        try await fleet.genesis("sessions", "abandon", ended.description).requireSuccess()
        try await check(Reply(wanted: .wrongStage, session: ended, type: "Finish", says: "ABANDONED"))
        let foreign = try await fleet.genesis(
            "sessions",
            "reply",
            asked.description,
            "Theme.Confirm",
            "--json",
            changing: ["GENESIS_TENANT": "other"]
        )
        #expect(foreign.firstJSON?["verdict"].string == "unknown", "\(foreign.output)")
        #expect(foreign.firstJSON?["session"] == .null, "\(foreign.output)")

        // The same key again: nothing happens, and what became of the first is told.
        for (key, reply) in replies where reply.wanted != .buffered {
            let again = try await give(reply, key: key, to: fleet)
            #expect(again["verdict"].string == "duplicate", "\(again.text)")
            #expect(again["reason"].string?.contains("its verdict is \(reply.wanted.rawValue)") == true)
            #expect(again["command"]["verdict"].string == reply.wanted.rawValue)
        }
        // And as a record of another id under a used key.
        let copy = MessageID(derivedFrom: asked.description, "copy")
        try await fleet.produce("Seed.Request", to: asked, id: copy, key: replies[accepted].key)

        let told = try await publishedVerdicts(fleet, until: copy)
        #expect(told[copy] == .duplicate)
        for (key, reply) in replies where reply.wanted != .accepted && reply.wanted != .buffered {
            let stored = try await fleet.sql("SELECT id, verdict FROM command_inbox WHERE idempotency_key = '\(key)'")
            let parts = stored.split(separator: "|").map(String.init)
            #expect(parts.last == reply.wanted.rawValue)
            let id = try #require(parts.first.flatMap { MessageID($0) })
            #expect(told[id] == reply.wanted, "\(reply.type): \(told[id]?.rawValue ?? "not published")")
        }
        let all = Set(replies.map(\.reply.wanted)).union([.duplicate])
        #expect(all == Set(Verdict.allCases).subtracting([.duplicatePending, .incident]))

        let explained = try await fleet.genesis("handles", "explain", first.id.description, "--json").json
        let competitors = explained["competitors"].array ?? []
        #expect(Set(competitors.compactMap(\.["verdict"].string)).isSuperset(of: ["accepted", "invalid", "void"]))
        #expect(competitors.filter { $0["is_winner"].bool == true }.count == 1)
        #expect(explained["winner"].string?.hasSuffix("Seed.Request") == true)
        agent.stop()
        worker.stop()
    }

    @Test func `a second reply of a type is decided while the first is worked on, and is not lost`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let (worker, agent) = (try fleet.worker(), try fleet.agent())
        let session = Fleet.newSession()
        try await fleet.produce("Start", to: session)
        let name = try #require(try await fleet.wait(of: session)).correlationID
        agent.stop()
        let (type, ids) = ("Concept.Confirm", #"{"concept_ids":["c1"]}"#)
        let first = Reply(wanted: .accepted, session: session, type: type, payload: ids, correlation: name)
        #expect(try await give(first, key: "first", to: fleet)["verdict"].string == "accepted")
        #expect(try await fleet.sql("SELECT status FROM command_inbox WHERE idempotency_key = 'first'") == "PROCESSING")
        // Both have no place among the pending commands; what they mean is over, or cannot be told yet.
        let second = try await give(first, key: "second", user: "bob", to: fleet)
        let unbound = Reply(wanted: .duplicatePending, session: session, type: type, payload: ids)
        let third = try await give(unbound, key: "third", user: "bob", to: fleet)
        #expect(second["verdict"].string == "superseded", "\(second.text)")
        #expect(third["verdict"].string == "duplicate_pending", "\(third.text)")
        #expect(try await give(first, key: "second", user: "bob", to: fleet)["verdict"].string == "duplicate")
        let refused = try await fleet.genesis("handles", "list", "--refused", "--json").lines
        #expect(Set(refused.compactMap(\.["idempotency_key"].string)) == ["second", "third"], "\(refused)")
        let last = try #require(third["command"]["id"].string.flatMap { MessageID($0) }, "\(third.text)")
        let told = try await publishedVerdicts(fleet, until: last)
        #expect(Set(told.values) == [.superseded, .duplicatePending])
        worker.stop()
    }

    /// The verdicts of all refusals on the events topic, once that of the message is there.
    private func publishedVerdicts(_ fleet: Fleet, until last: MessageID) async throws -> [MessageID: Verdict] {
        try await eventually("the refusal of \(last) has been sent") {
            try await fleet.sql(
                "SELECT count(*) FROM event_outbox WHERE status = 'SENT' AND payload->>'causation_id' = '\(last)'"
            ) == "1"
        }
        let count = Int(
            try await fleet.sql(
                "SELECT count(*) FROM event_outbox WHERE topic = 'genesis.session.events' AND status = 'SENT'"
            )
        )
        var verdicts: [MessageID: Verdict] = [:]
        for record in try await fleet.records(of: "genesis.session.events", partitions: 1, atLeast: count ?? 1) {
            guard record.header("event_type") == "Genesis.Session.Command.Rejected", let value = record.value else {
                continue
            }
            let payload = try JSONText.parse(value, limits: .stored)["payload"]
            guard let id = payload["command_id"].string.flatMap({ MessageID($0) }) else { continue }
            verdicts[id] = payload["verdict"].string.flatMap { Verdict(rawValue: $0) }
        }
        return verdicts
    }

    @Test func `of a thousand replies at once one wins, and each of the others is told why not`() async throws {
        let fleet = try await Fleet(partitions: 1)
        let (worker, agent) = (try fleet.worker(), try fleet.agent())
        let session = Fleet.newSession()
        try await fleet.produce("Start", to: session)
        let wait = try #require(try await fleet.wait(of: session))
        agent.stop()
        let began = ContinuousClock.now
        try await fleet.send(
            (0..<1_000).map { number in
                let id = MessageID(derivedFrom: session.description, "\(number)")
                let body: JSONObject = [
                    "command_id": JSONValue(id), "command_type": "Command.Genesis.Session.Concept.Confirm",
                    "aggregate_id": JSONValue(session), "payload": ["concept_ids": ["c1"]], "user_id": "ann",
                    "correlation_id": .string(wait.correlationID),
                ]
                return OutgoingRecord(
                    topic: "genesis.session.commands",
                    key: Array(session.description.utf8),
                    value: JSONValue.object(body).utf8Bytes
                )
            }
        )
        let count = "SELECT count(*) FROM command_inbox WHERE command_type LIKE '%Concept.Confirm' AND verdict = "
        try await eventually("all have a verdict") { try await fleet.sql(count + "'superseded'") == "999" }
        // About 3 ms each on two busy cores; the bound is for a cost that grows with the number.
        #expect(ContinuousClock.now - began < .seconds(45))
        #expect(try await fleet.sql(count + "'accepted'") == "1")
        #expect(try await fleet.queries.handle(wait.id)?.status == .resumed)
        #expect(try await fleet.queries.tasks(session: session, limit: 10).count == 2)
        try await fleet.verify(session)
        worker.stop()
    }
}
