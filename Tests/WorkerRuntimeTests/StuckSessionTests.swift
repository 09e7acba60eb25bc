import Orchestration
import OrchestrationTesting
import Testing
import WorkflowFiles

/// A workflow that can follow neither the result nor the failure of its task: an operator can.
@Suite struct StuckSessionTests {
    /// Both ways out fail unless the result is an object with `text`.
    private func stuck() throws -> SessionSpecification {
        let text = SmallWorkflow.text()
            .replacing(
                "{ proposal: .event.output, draft: (.context.draft + 1) }",
                with: "{ proposal: .event.output.text, draft: (.context.draft + 1) }"
            )
            .replacing(
                "onError: { target: needsHelp }",
                with:
                    "onError: { target: needsHelp, actions: [{ type: assign, params: { expr: '{ a: (1 + \"a\") }' } }] }"
            )
        let (workflow, findings) = WorkflowFileReader().read(source: text, file: "small.yaml")
        var session = SessionSpecification(try #require(workflow, "\(findings.map(\.description))"))
        session.command("Start", user: "ann")
        session.complete("no object")
        return session
    }

    private func naming(_ task: AsyncTask?, _ more: JSONObject = [:]) throws -> JSONValue {
        .object(more.merging(["task_id": JSONValue(try #require(task).id), "reason": "mended"]))
    }

    @Test func `the session says so, and names the task`() throws {
        let session = try stuck()
        let incident = try #require(session.session?.state["incident"])
        #expect(incident["task_id"] == JSONValue(session.tasks.last?.id))
        #expect(incident["error"].string?.contains("small 1.0.0") == true)
        #expect(session.story.contains("IncidentRaised"))
        #expect(session.wait == nil)
        #expect(session.faults == [])
    }

    @Test func `retry makes a new task with the same input, and its result goes on`() throws {
        var session = try stuck()
        let first = try #require(session.tasks.last)
        #expect(session.command("Task.Retry", try naming(first), user: "root").verdict == .accepted)
        let second = try #require(session.tasks.last)
        #expect(second.id != first.id)
        #expect(second.status == .pending)
        #expect(second.inputData == first.inputData)
        #expect(session.outbox.contains { $0.topic == "draft.tasks" && $0.payload["task_id"] == JSONValue(second.id) })
        session.complete(["text": "good"])
        #expect(session.wait?.draft == 1)
        #expect(session.session?.state["incident"].isNull == true)
        #expect(session.faults == [])
    }

    @Test func `complete brings a result that the workflow can follow`() throws {
        var session = try stuck()
        let payload = try naming(session.tasks.last, ["output": ["text": "by hand"]])
        #expect(session.command("Task.Complete", payload, user: "root").verdict == .accepted)
        #expect(session.wait?.draft == 1)
        #expect(session.faults == [])
    }

    @Test func `a result by hand that does not help either is an incident again`() throws {
        var session = try stuck()
        let payload = try naming(session.tasks.last, ["output": "no object"])
        #expect(session.command("Task.Complete", payload).verdict == .incident)
        let again = try naming(session.tasks.last, ["output": ["text": "good"]])
        #expect(session.command("Task.Complete", again).verdict == .accepted)
        #expect(session.wait?.draft == 1)
        #expect(session.faults == [])
    }
}
