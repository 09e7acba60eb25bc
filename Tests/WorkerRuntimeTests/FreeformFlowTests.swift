import Foundation
import Orchestration
import OrchestrationTesting
import Testing
import WorkflowFiles

/// `Workflows/freeform.yaml` played on plain values: stages in any order, a review beside them, rest and return.
@Suite struct FreeformFlowTests {
    static let read: (workflow: Workflow?, findings: [WorkflowFinding]) = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Workflows/freeform.yaml")
        guard let source = try? String(contentsOf: file, encoding: .utf8) else { return (nil, []) }
        return WorkflowFileReader().read(source: source, file: "freeform.yaml")
    }()

    func started() throws -> SessionSpecification {
        var session = SessionSpecification(try #require(Self.read.workflow))
        session.command("Start", ["workflow": "freeform", "seed": "sea"], user: "ann")
        return session
    }

    func output(_ session: inout SessionSpecification, of type: String, _ output: JSONValue) throws {
        let task = try #require(session.tasks.last { $0.taskType == type && $0.status.isOpen })
        let result = try #require(session.workflow.actors[type]).resultType
        session.answer(.completed(type: result, output: output), task: task)
    }

    func states(_ session: SessionSpecification) -> JSONValue { session.session?.state["chart"]["value"] ?? .null }

    @Test func `the sample has no findings`() {
        #expect(Self.read.workflow != nil)
        #expect(Self.read.findings == [])
    }

    @Test func `stages come in the order the person chooses, and the end needs concepts and plot`() throws {
        var session = try started()
        #expect(session.wait?.status == .waiting)
        #expect(session.command("Finish").verdict == .invalid)
        #expect(session.command("Navigate", ["stage": "PLOT_OUTLINE"]).verdict == .accepted)
        #expect(session.session?.currentStage == .plotOutline)
        try output(&session, of: "Plot.Structure.Generation", ["acts": 3])
        #expect(session.command("Plot.Confirm").verdict == .accepted)
        #expect(session.command("Finish").verdict == .invalid)
        #expect(session.command("Navigate", ["stage": "CONCEPT_SELECTION"]).verdict == .accepted)
        #expect(session.session?.currentStage == .conceptSelection)
        try output(&session, of: "Outliner.Concept.Generation", ["concepts": ["a"]])
        #expect(session.command("Concept.Request", ["note": "darker"]).status == .processing)
        #expect(session.tasks.last?.inputData["feedback"]["note"].string == "darker")
        try output(&session, of: "Outliner.Concept.Generation", ["concepts": ["b"]])
        #expect(session.wait?.draft == 2)
        #expect(session.command("Concept.Confirm", ["draft": 2]).verdict == .accepted)
        #expect(session.command("Finish").verdict == .accepted)
        #expect(session.session?.status == .completed)
        #expect(session.session?.confirmedData.object?.keys == ["concepts", "plot"])
        #expect(session.session?.confirmedData["concepts"]["concepts"] == ["b"])
        #expect(session.faults == [])
    }

    @Test func `leaving a stage cancels its task and its wait`() throws {
        var session = try started()
        session.command("Navigate", ["stage": "WORLDVIEW"])
        session.command("Navigate", ["stage": "CHARACTERS"])
        #expect(session.session?.currentStage == .characters)
        #expect(session.tasks.map(\.status).prefix(1) == [.cancelled])
        #expect(session.tasks.last?.taskType == "Character.Design.Generation")
        #expect(session.command("World.Confirm").verdict != .accepted)
        #expect(session.faults == [])
    }

    @Test func `a task that is begun anew is asked for, even if the session is as it was before`() throws {
        var session = try started()
        session.command("Navigate", ["stage": "WORLDVIEW"])
        for _ in 0..<2 {
            let requests = session.outbox.count { $0.topic == "genesis.world.tasks" }
            let events = session.events.count
            session.command("Navigate", ["stage": "WORLDVIEW"])
            #expect(session.events.count > events)
            // The old one is taken back, the new one asked for.
            #expect(session.outbox.count { $0.topic == "genesis.world.tasks" } == requests + 2)
        }
        #expect(session.tasks.map(\.status) == [.cancelled, .cancelled, .pending])
        #expect(session.faults == [])
    }

    @Test func `a review runs beside the drafting and stops nothing`() throws {
        var session = try started()
        session.command("Navigate", ["stage": "STORY_CONCEPTION"])
        #expect(session.command("Review.Request").verdict == .accepted)
        #expect(states(session) == ["writing": ["workshop": ["story": "generating"], "review": "reading"]])
        #expect(session.tasks.filter { $0.status.isOpen }.count == 2)
        try output(&session, of: "Outliner.Theme.Generation", ["theme": "t"])
        #expect(session.command("Theme.Confirm").verdict == .accepted)
        #expect(states(session) == ["writing": ["workshop": "choosing", "review": "reading"]])
        try output(&session, of: "Writer.Content.Generation", ["opinion": "good"])
        #expect(states(session) == ["writing": ["workshop": "choosing", "review": "idle"]])
        #expect(session.events.contains { $0.eventType == "Genesis.Session.Review.Completed" })
        #expect(session.faults == [])
    }

    @Test func `rest leaves everything, and return brings both regions back as they were`() throws {
        var session = try started()
        session.command("Navigate", ["stage": "CHARACTERS"])
        try output(&session, of: "Character.Design.Generation", ["people": ["p"]])
        session.command("Review.Request")
        let place: JSONValue = ["writing": ["workshop": ["characters": "awaitingReply"], "review": "reading"]]
        #expect(states(session) == place)
        #expect(session.command("Rest").verdict == .accepted)
        #expect(states(session) == "rest")
        #expect(session.tasks.allSatisfy { !$0.status.isOpen })
        #expect(session.handles.filter { $0.status.isOpen }.map(\.taskName) == ["freeform.rest"])
        session.pass(.seconds(10 * 86_400))
        #expect(session.command("Return").verdict == .accepted)
        #expect(states(session) == place)
        #expect(session.session?.currentStage == .characters)
        // The draft from before the rest is still the one that is asked about, and the review is asked for anew.
        #expect(session.wait?.draft == 1)
        #expect(session.tasks.filter { $0.status.isOpen }.map(\.taskType) == ["Writer.Content.Generation"])
        #expect(session.command("Character.Confirm").verdict == .accepted)
        #expect(session.session?.confirmedData["characters"]["people"] == ["p"])
        #expect(session.faults == [])
    }

    @Test func `who never comes back is abandoned after a year`() throws {
        var session = try started()
        session.command("Rest")
        session.pass(.seconds(366 * 86_400))
        #expect(session.session?.status == .abandoned)
        #expect(session.faults == [])
    }
}
