import Orchestration
import OrchestrationTesting
import Testing

/// What operators do to tasks.
@Suite struct OperatorCommandTests {
    static let output = "{ type: object, required: [text] }"

    private func payload(_ session: SessionSpecification, _ more: JSONObject = [:]) throws -> JSONValue {
        let task = try #require(session.tasks.last)
        return .object(more.merging(["task_id": JSONValue(task.id), "reason": "stuck"]))
    }

    /// A session whose only task has failed for good.
    private func failed() throws -> SessionSpecification {
        var session = try SmallWorkflow.started(output: Self.output)
        session.answer(.failed(code: "X", message: "no", retryable: false, details: nil))
        #expect(session.wait?.taskName?.hasSuffix("needsHelp") == true)
        return session
    }

    @Test func `completing an open task goes on with the operator's result and tells the agent to stop`() throws {
        var session = try SmallWorkflow.started(output: Self.output)
        let task = try #require(session.tasks.last)
        let payload = try payload(session, ["output": ["text": "by hand"]])
        #expect(session.command("Task.Complete", payload, user: "root").verdict == .accepted)
        #expect(session.tasks.last?.status == .completed)
        #expect(session.tasks.last?.resultData == ["text": "by hand"])
        #expect(session.wait?.draft == 1)
        let audit = try #require(session.events.first { $0.eventType == "Genesis.Session.Task.Completed" })
        #expect(audit.userID == "root")
        #expect(audit.payload["reason"] == "stuck")
        #expect(audit.payload["task_id"] == JSONValue(task.id))
        #expect(session.outbox.contains { $0.topic == "draft.tasks" && $0.payload.text.contains("Task.Cancelled") })
        let late = session.answer(.completed(type: "Writer.Draft.Generated", output: ["text": "late"]), task: task)
        #expect(late?.verdict == .superseded)
        #expect(session.commands.first?.status == .completed)
        #expect(session.faults == [])
    }

    @Test func `a result by hand must fit as an agent's must`() throws {
        var session = try SmallWorkflow.started(output: Self.output)
        let refused = session.command("Task.Complete", try payload(session, ["output": ["txt": 1]]))
        #expect(refused.verdict == .invalid)
        #expect(refused.errorMessage?.contains("/text is missing") == true)
        #expect(session.tasks.last?.status == .pending)
        #expect(session.faults == [])
    }

    @Test func `a skipped task leaves no result and the flow goes on`() throws {
        var session = try SmallWorkflow.started(output: Self.output)
        #expect(session.command("Task.Skip", try payload(session)).verdict == .accepted)
        #expect(session.tasks.last?.status == .completed)
        #expect(session.story == ["Started", "Task.Skipped", "Transitioned"])
        #expect(session.wait?.taskName?.hasSuffix("asking") == true)
        #expect(session.faults == [])
    }

    @Test func `a cancelled task is a failed one to the flow`() throws {
        var session = try SmallWorkflow.started()
        #expect(session.command("Task.Cancel", try payload(session)).verdict == .accepted)
        #expect(session.tasks.last?.status == .cancelled)
        #expect(session.tasks.last?.errorData["code"] == "CANCELLED_BY_OPERATOR")
        #expect(session.wait?.taskName?.hasSuffix("needsHelp") == true)
        #expect(session.command("Task.Cancel", try payload(session)).verdict == .wrongStage)
        #expect(session.faults == [])
    }

    @Test func `retrying an open task begins another attempt that is not counted`() throws {
        var session = try SmallWorkflow.started()
        let task = try #require(session.tasks.last)
        #expect(session.command("Task.Retry", try payload(session)).verdict == .accepted)
        #expect(session.tasks.last?.attempt == 2)
        #expect(session.tasks.last?.retryCount == 0)
        let late = session.answer(.completed(type: "Writer.Draft.Generated", output: [:]), task: task, attempt: 1)
        #expect(late?.verdict == .staleAttempt)
        session.complete()
        #expect(session.wait?.draft == 1)
        #expect(session.faults == [])
    }

    @Test func `retrying a failed task makes a new one where the workflow waits for that`() throws {
        var session = try failed()
        #expect(session.command("Task.Retry", try payload(session)).verdict == .accepted)
        #expect(session.tasks.map(\.status) == [.failed, .pending])
        #expect(session.faults == [])
    }

    @Test func `completing a failed task makes a new one and completes it in one commit`() throws {
        var session = try failed()
        let payload = try payload(session, ["output": ["text": "by hand"]])
        #expect(session.command("Task.Complete", payload, user: "root").verdict == .accepted)
        #expect(session.tasks.map(\.status) == [.failed, .completed])
        #expect(session.wait?.draft == 1)
        #expect(session.faults == [])
    }

    @Test func `a paused session keeps an operator's command and carries it out when it goes on`() throws {
        var session = try SmallWorkflow.started()
        session.command("Pause")
        #expect(session.command("Task.Skip", try payload(session)).verdict == .buffered)
        #expect(session.tasks.last?.status == .pending)
        session.command("Unpause")
        #expect(session.tasks.last?.status == .completed)
        #expect(session.faults == [])
    }

    @Test func `what names no task of the session is refused`() throws {
        var session = try SmallWorkflow.started()
        #expect(session.command("Task.Skip").verdict == .invalid)
        let stranger = TaskID(derivedFrom: "another")
        #expect(session.command("Task.Skip", ["task_id": JSONValue(stranger)]).verdict == .unknown)
        session.complete()
        #expect(session.command("Task.Retry", try payload(session)).verdict == .wrongStage)
        #expect(session.tasks.count == 1)
        #expect(session.faults == [])
    }
}
