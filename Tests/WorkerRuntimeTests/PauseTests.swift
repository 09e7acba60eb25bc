import Orchestration
import OrchestrationTesting
import Testing
import WorkflowFiles

/// A pause stops the session's clock: what had time left before has as much left afterwards.
@Suite struct PauseTests {
    private static let pause = Interval.seconds(30 * 24 * 3_600)

    private func paused(_ session: inout SessionSpecification) {
        session.command("Pause")
        session.pass(Self.pause)
        session.command("Unpause")
    }

    @Test func `a wait has as long left as before the pause`() throws {
        var session = try SmallWorkflow.started()
        session.complete()
        session.pass(.seconds(6 * 24 * 3_600))
        let before = try #require(session.wait?.expiresAt)
        paused(&session)
        #expect(session.wait?.expiresAt == before + Self.pause)
        session.pass(.seconds(23 * 3_600))
        #expect(session.wait?.status == .waiting)
        session.pass(.seconds(3_600))
        #expect(session.session?.status == .abandoned)
        #expect(session.faults == [])
    }

    @Test func `an early reply is kept as long as if there had been no pause`() throws {
        var session = try SmallWorkflow.started()
        session.command("Theme.Confirm", user: "ann")
        session.pass(.seconds(120))
        paused(&session)
        session.pass(.seconds(60))
        #expect(session.handles.first?.status == .pendingPause)
        session.complete()
        #expect(session.session?.status == .completed)
        #expect(session.faults == [])
    }

    @Test func `while the session is paused, its waits say how long they have left`() throws {
        var session = try SmallWorkflow.started()
        session.command("Theme.Confirm", user: "ann")
        session.pass(.seconds(120))
        #expect(session.handles.first?.timeLeft == nil)
        session.command("Pause")
        session.pass(Self.pause)
        #expect(session.handles.first?.timeLeft == .seconds(86_400 - 120))
        session.command("Unpause")
        #expect(session.handles.first?.timeLeft == nil)
        session.complete()
        #expect(session.session?.status == .completed)
        #expect(session.faults == [])
    }

    @Test func `what the worker does by itself says so, and still names the session's owner`() throws {
        var session = try SmallWorkflow.started(park: ", reminders: [P1D]")
        session.complete()
        #expect(session.events.last?.metadata["source"] == .null)
        session.pass(.seconds(86_400))
        #expect(session.story.last == "WaitReminder")
        #expect(session.events.last?.metadata["source"] == "worker")
        #expect(session.events.last?.userID == "ann")
        session.pass(.seconds(7 * 86_400))
        #expect(session.events.last?.metadata["source"] == "worker")
        #expect(session.faults == [])
    }

    @Test func `each limit of a task has as much left as before the pause`() throws {
        var session = try SmallWorkflow.started()
        session.pass(.seconds(100))
        paused(&session)
        // 5 minutes in the queue, of which 100 s were over.
        session.pass(.seconds(190))
        #expect(session.tasks.last?.attempt == 1)
        session.pass(.seconds(20))
        #expect(session.tasks.last?.attempt == 2)
        #expect(session.tasks.last?.errorData["code"] == "QUEUE_TIMEOUT")
        #expect(session.faults == [])
    }

    @Test func `a sign of life during the pause counts from when it came`() throws {
        var session = try SmallWorkflow.started()
        session.answer(.started(node: "n"))
        session.command("Pause")
        session.pass(Self.pause)
        session.answer(.progressed(try #require(Percentage("10")), message: nil, details: nil))
        session.pass(.seconds(60))
        session.command("Unpause")
        let task = try #require(session.tasks.last)
        // The heartbeat of 5 minutes began with that sign, and its minute in the pause is given back.
        #expect(task.deadlineAt == session.now + .seconds(300))
        #expect(task.status == .running)
        #expect(session.faults == [])
    }

    @Test func `a timer of the chart fires as much later as the pause was long`() throws {
        let text = SmallWorkflow.text().replacing(
            "            park.expired: { target: '#small.GONE' }\n        needsHelp",
            with: "            park.expired: { target: '#small.GONE' }\n"
                + "          after: { 3600000: { target: '#small.DONE' } }\n        needsHelp"
        )
        let (workflow, findings) = WorkflowFileReader().read(source: text, file: "small.yaml")
        var session = SessionSpecification(try #require(workflow, "\(findings.map(\.description))"))
        session.command("Start", user: "ann")
        session.complete()
        let due = try #require(session.session?.nextTimerAt)
        paused(&session)
        #expect(session.session?.nextTimerAt == due + Self.pause)
        session.pass(.seconds(3_599))
        #expect(session.session?.status == .inProgress)
        session.pass(.seconds(1))
        #expect(session.session?.status == .completed)
        #expect(session.faults == [])
    }
}
