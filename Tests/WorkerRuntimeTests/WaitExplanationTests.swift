import Orchestration
import OrchestrationTesting
import Testing

/// Who ended a wait, told from the rows alone.
@Suite struct WaitExplanationTests {
    private func waiting() throws -> SessionSpecification {
        var session = try SmallWorkflow.started(park: ", allowed: .context.editors")
        session.complete()
        return session
    }

    private func explanation(_ session: SessionSpecification, _ handle: ResumeHandle? = nil) throws -> WaitExplanation {
        let handle = try #require(handle ?? session.handles.first)
        let row = try #require(session.handles.first { $0.id == handle.id })
        return WaitExplanation(handle: row, commands: session.commands.reversed(), events: session.events)
    }

    @Test func `of three replies the one that was taken is the winner, and the deadline is void`() throws {
        var session = try waiting()
        let wait = try #require(session.wait)
        session.command("Theme.Confirm", user: "eve")
        session.pass(.seconds(1))
        let taken = session.command("Theme.Confirm", correlation: wait.correlationID, user: "ann")
        session.pass(.seconds(1))
        session.command("Theme.Confirm", correlation: wait.correlationID, user: "bob")
        let explanation = try explanation(session)
        #expect(explanation.competitors.map(\.verdict) == ["not_allowed", "accepted", "superseded", "void"])
        #expect(explanation.competitors.map(\.userID) == ["eve", "ann", "bob", nil])
        #expect(explanation.winner?.message == taken.id)
    }

    @Test func `a deadline that passed is the winner`() throws {
        var session = try waiting()
        session.pass(.seconds(8 * 24 * 3_600))
        let explanation = try explanation(session)
        #expect(explanation.winner?.what == "park.expired")
        #expect(explanation.competitors.map(\.verdict) == ["won"])
        #expect(explanation.winner?.message != nil)
    }

    @Test func `who abandons a session ends its wait`() throws {
        var session = try waiting()
        session.command("Theme.Confirm", user: "eve")
        let abandon = session.command("Abandon", user: "ann")
        let explanation = try explanation(session)
        #expect(explanation.winner?.message == abandon.id)
        #expect(explanation.competitors.count == 3)
    }

    @Test func `an early reply wins its own wait`() throws {
        var session = try SmallWorkflow.started()
        let early = session.command("Theme.Confirm", user: "ann")
        session.pass(.seconds(1))
        #expect(try explanation(session).winner == nil)
        session.complete()
        let explanation = try explanation(session)
        #expect(explanation.winner?.message == early.id)
        #expect(explanation.competitors.count == 2)
    }

    @Test func `a reply that is kept before its question is among those who want to end the wait`() throws {
        var session = try SmallWorkflow.started()
        // It stood in the table for a while before it was decided.
        var row = session.command("Theme.Confirm", user: "ann")
        row.createdAt = row.createdAt + .seconds(-5)
        let handle = try #require(session.handles.first)
        let explanation = WaitExplanation(handle: handle, commands: [row], events: session.events)
        #expect(explanation.competitors.map(\.verdict) == ["buffered", "due"])
        #expect(explanation.winner == nil)
    }

    @Test func `replies that were refused before the question are told of its wait, and of no other`() throws {
        var session = try SmallWorkflow.started(park: ", allowed: .context.editors")
        session.command("Theme.Request", user: "eve")
        session.pass(.seconds(1))
        session.complete()
        let first = try #require(session.wait)
        session.pass(.seconds(1))
        session.command("Theme.Request", correlation: first.correlationID, user: "ann")
        session.pass(.seconds(1))
        session.command("Theme.Confirm", user: "bob")
        session.command("Theme.Confirm", correlation: first.correlationID, user: "bob")
        session.pass(.seconds(1))
        session.complete()
        let second = try #require(session.wait)
        #expect(try explanation(session, first).competitors.map(\.userID) == ["eve", "ann", "bob", nil])
        // Only the reply that named no wait: whoever read the first draft did not mean the second.
        #expect(try explanation(session, second).competitors.map(\.verdict) == ["stale_attempt", "due"])
    }

    @Test func `a reply without correlation that came too late is told of`() throws {
        var session = try waiting()
        session.command("Theme.Request", user: "ann")
        session.pass(.seconds(1))
        session.answer(.failed(code: "X", message: "no", retryable: false, details: nil))
        session.command("Finish")
        session.pass(.seconds(1))
        #expect(session.command("Theme.Confirm", user: "bob").verdict == .wrongStage)
        #expect(try explanation(session).competitors.map(\.verdict) == ["accepted", "void"])
        var other = try waiting()
        other.command("Theme.Confirm", user: "ann")
        other.pass(.seconds(1))
        other.command("Theme.Confirm", user: "bob")
        #expect(try explanation(other).competitors.map(\.verdict) == ["accepted", "wrong_stage", "void"])
    }

    @Test func `in a paused session the deadline stands still`() throws {
        var session = try waiting()
        session.command("Pause")
        session.pass(.seconds(30 * 86_400))
        let deadline = try #require(try explanation(session).competitors.last)
        #expect(deadline.verdict == "paused")
        #expect(deadline.reason == "P7D left")
    }

    @Test func `an open wait has no winner and a deadline to come`() throws {
        let explanation = try explanation(try waiting())
        #expect(explanation.winner == nil)
        #expect(explanation.competitors.map(\.verdict) == ["due"])
        #expect(explanation.json["winner"].isNull)
    }
}
