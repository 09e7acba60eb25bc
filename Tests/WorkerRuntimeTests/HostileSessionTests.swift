import Orchestration
import OrchestrationTesting
import Testing
import WorkflowFiles

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

    @Test func `a kept reply that ends the session is accepted and nowhere called refused`() throws {
        var session = try started()
        for name in ["Concept", "Theme", "World", "Character"] {
            session.complete()
            session.command("\(name).Confirm", ["concept_ids": ["a"]])
        }
        // Kept until the plot is confirmed; then the session is over at once.
        let finish = session.command("Finish")
        #expect(finish.verdict == .buffered)
        session.complete()
        session.command("Plot.Confirm")
        #expect(session.session?.status == .completed)
        #expect(session.commands.first { $0.id == finish.id }?.verdict == .accepted)
        #expect(
            !session.outbox.contains {
                $0.payload["payload"]["command_id"].string == finish.id.description
                    && $0.payload["event_type"].string?.hasSuffix("Rejected") == true
            }
        )
        #expect(session.faults == [])
    }

    @Test func `nobody outside can say that a deadline has passed or a task is done`() throws {
        var session = try started()
        session.complete()
        for type in [SessionMessages.parkExpired, "xstate.done.actor.0.genesis.CONCEPT_SELECTION.generating"] {
            let message = SessionMessage(
                kind: .command,
                id: MessageID(derivedFrom: "forged", type),
                idempotencyKey: type,
                type: type,
                tenantID: "default",
                sessionID: session.sessionID,
                payload: [:],
                source: "kafka"
            )
            #expect(session.tell(message)?.verdict == .invalid)
        }
        #expect(session.session?.status == .inProgress)
        #expect(session.wait?.status == .waiting)
        #expect(session.faults == [])
    }

    @Test func `a session can be abandoned with the name of a wait that is over`() throws {
        var session = try started()
        session.complete()
        let wait = try #require(session.wait)
        session.command("Concept.Confirm", ["concept_ids": ["a"]])
        #expect(session.command("Abandon", correlation: wait.correlationID).verdict == .accepted)
        #expect(session.session?.status == .abandoned)
        #expect(session.faults == [])
    }

    @Test func `a wait opens although an early reply to it has expired`() throws {
        var session = try started()
        session.command("Task.Retry")
        // The early reply is over after a day; the task fails for good only afterwards.
        session.now = session.now + .seconds(25 * 3_600)
        session.command("Branch.Create")
        #expect(session.handles.map(\.status) == [.expired])
        #expect(session.command("Task.Retry").verdict == .buffered)
        session.now = session.now + .seconds(25 * 3_600)
        session.command("Branch.Create")
        session.answer(.failed(code: "INVALID_INPUT", message: "no", retryable: false, details: .null))
        #expect(session.handles.map(\.status) == [.expired, .expired, .waiting])
        #expect(Set(session.handles.map(\.id)).count == 3)
        #expect(session.faults == [])
    }

    @Test func `a pause that is longer than the wait leaves what was left of the wait`() throws {
        var session = try started()
        session.complete()
        session.pass(.seconds(86_400))
        session.command("Pause")
        session.pass(.seconds(30 * 86_400))
        session.command("Unpause")
        session.pass(.seconds(5 * 86_400))
        #expect(session.session?.status == .inProgress)
        #expect(session.wait?.status == .waiting)
        session.pass(.seconds(86_400))
        #expect(session.session?.status == .abandoned)
        #expect(session.faults == [])
    }

    /// A workflow whose deadlines cannot be answered: their action assigns a number.
    static let brittle = """
        workflow: brittle
        version: 1.0.0
        setup:
          delays: { soon: PT1M, later: PT1H }
          actions:
            fail: { assign: '1' }
        machine:
          id: brittle
          initial: waiting
          states:
            waiting:
              meta: { park: { expires: later } }
              after: { soon: { actions: [fail] } }
              on:
                Command.Genesis.Session.Finish: { target: ended }
                park.expired: { target: ended, actions: [fail] }
            ended: { type: final, tags: [completed] }
        """

    @Test func `a deadline that the workflow cannot answer is an incident once, not in every sweep`() throws {
        let reading = WorkflowFileReader().read(source: Self.brittle, file: "brittle.yaml")
        var session = SessionSpecification(try #require(reading.workflow, "\(reading.findings)"))
        session.command("Start")
        session.pass(.seconds(60))
        #expect(session.story == ["Started", "IncidentRaised"])
        #expect(session.session?.nextTimerAt == nil)
        session.pass(.seconds(3_600))
        #expect(session.story == ["Started", "IncidentRaised", "IncidentRaised", "WaitExpired"])
        #expect(session.handles.map(\.status) == [.expired])
        // The state is as it was: a person can go on from here.
        #expect(session.command("Finish").verdict == .accepted)
        #expect(session.session?.status == .completed)
        #expect(session.faults == [])
    }
}
