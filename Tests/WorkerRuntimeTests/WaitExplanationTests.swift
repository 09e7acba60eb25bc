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

    @Test func `an open wait has no winner and a deadline to come`() throws {
        let explanation = try explanation(try waiting())
        #expect(explanation.winner == nil)
        #expect(explanation.competitors.map(\.verdict) == ["due"])
        #expect(explanation.json["winner"].isNull)
    }
}
