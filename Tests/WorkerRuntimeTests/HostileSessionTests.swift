import Orchestration
import OrchestrationTesting
import Testing

/// What a session is told at the wrong time, twice, or by the wrong one.
@Suite struct HostileSessionTests {
    func started() throws -> SessionSpecification {
        var session = SessionSpecification(try #require(GenesisFlowTests.workflow))
        session.command("Start", ["theme": "sea"], user: "ann")
        return session
    }

    @Test func `a paused session keeps one answer of a task, and a second one does not block the partition`() throws {
        var session = try started()
        session.command("Pause")
        #expect(session.complete(["concepts": ["a"]])?.verdict == .buffered)
        #expect(session.complete(["concepts": ["b"]])?.verdict == .superseded)
        #expect(session.faults == [])
        session.command("Unpause")
        #expect(session.session?.state["chart"]["context"]["proposal"] == ["concepts": ["a"]])
        #expect(session.faults == [])
    }

    @Test func `what a paused session keeps raises its version, so that no unpause can miss it`() throws {
        var session = try started()
        session.command("Pause")
        let paused = try #require(session.session?.version)
        session.command("Concept.Confirm", ["concept_ids": ["a"]])
        #expect(session.session?.version == paused + 1)
        session.complete()
        #expect(session.session?.version == paused + 2)
        #expect(session.faults == [])
    }

    @Test func `a kept reply that is refused later is told so under an id of its own`() throws {
        var session = try started()
        session.complete()
        session.command("Pause")
        let kept = session.command("Concept.Confirm", ["concept_ids": []])
        session.command("Unpause")
        #expect(session.commands.first { $0.id == kept.id }?.verdict == .invalid)
        #expect(session.faults == [])
    }
}
