import Foundation
import Orchestration
import OrchestrationTesting
import Testing
import WorkflowFiles

/// `Workflows/genesis.yaml` played on plain values: given, when, then.
@Suite struct GenesisFlowTests {
    static let workflow: Workflow? = {
        let file = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appending(path: "Workflows/genesis.yaml")
        guard let source = try? String(contentsOf: file, encoding: .utf8) else { return nil }
        return WorkflowFileReader().read(source: source, file: "genesis.yaml").workflow
    }()

    func started() throws -> SessionSpecification {
        var session = SessionSpecification(try #require(Self.workflow))
        session.command("Start", ["theme": "sea"], user: "ann")
        return session
    }

    /// A session that waits for the reply to its first concepts.
    func waiting() throws -> SessionSpecification {
        var session = try started()
        session.complete(["concepts": ["a", "b"]])
        return session
    }

    @Test func `a start gives the first event, a session in the first stage and a task`() throws {
        let session = try started()
        #expect(session.story == ["Started"])
        #expect(session.session?.version == 1)
        #expect(session.session?.status == .inProgress)
        #expect(session.session?.currentStage == .conceptSelection)
        #expect(session.tasks.map(\.taskType) == ["Outliner.Concept.Generation"])
        #expect(session.commands.map(\.status) == [.processing])
        #expect(session.outbox.map(\.topic) == ["genesis.session.events", "genesis.outline.tasks"])
        #expect(session.faults == [])
    }

    @Test func `a result becomes a proposal, a wait opens and the start is completed`() throws {
        let session = try waiting()
        #expect(session.story == ["Started", "ConceptProposed"])
        #expect(session.wait?.status == .waiting)
        #expect(session.wait?.draft == 1)
        #expect(session.commands.first?.status == .completed)
        #expect(session.events.last?.metadata["wait"]["correlation_id"].string == session.wait?.correlationID)
        #expect(session.faults == [])
    }

    @Test func `six stages lead to the end with everything that was confirmed`() throws {
        var session = try waiting()
        #expect(session.command("Concept.Confirm", ["concept_ids": ["a"]]).verdict == .accepted)
        #expect(session.session?.currentStage == .storyConception)
        for (name, stage) in [
            ("Theme", GenesisStage.worldview), ("World", .characters), ("Character", .plotOutline),
        ] {
            session.complete(["text": .string(name)])
            #expect(session.command("\(name).Confirm", ["choice": .string(name)]).verdict == .accepted)
            #expect(session.session?.currentStage == stage)
        }
        session.complete(["text": "plot"])
        #expect(session.command("Plot.Confirm").verdict == .accepted)
        let novel = "0190b8f0-0000-7000-8000-000000000001"
        #expect(session.command("Finish", ["novel_id": .string(novel)]).verdict == .accepted)
        #expect(session.session?.status == .completed)
        #expect(session.session?.currentStage == .finished)
        #expect(session.session?.novelID?.description == novel)
        #expect(session.session?.confirmedData.object?.keys == ["characters", "concepts", "plot", "theme", "world"])
        #expect(session.command("Seed.Request").verdict == .wrongStage)
        #expect(session.faults == [])
    }

    @Test func `asking for another draft keeps the stage and numbers the draft`() throws {
        var session = try waiting()
        #expect(session.command("Seed.Request", ["feedback": "darker"]).status == .processing)
        #expect(session.tasks.last?.inputData["feedback"].string == "darker")
        session.complete(["concepts": ["c"]])
        #expect(session.session?.currentStage == .conceptSelection)
        #expect(session.wait?.draft == 2)
        #expect(session.handles.map(\.status) == [.resumed, .waiting])
        #expect(session.commands.filter { $0.commandType.hasSuffix("Seed.Request") }.map(\.status) == [.completed])
        #expect(session.faults == [])
    }

    @Test func `a reply to an older draft changes nothing`() throws {
        var session = try waiting()
        let first = try #require(session.wait)
        session.command("Seed.Request")
        session.complete()
        let version = session.session?.version
        let named = session.command("Concept.Confirm", ["concept_ids": ["a"]], correlation: first.correlationID)
        #expect(named.verdict == .staleAttempt)
        #expect(session.command("Concept.Confirm", ["concept_ids": ["a"], "draft": 1]).verdict == .staleAttempt)
        #expect(session.session?.version == version)
        #expect(session.wait?.status == .waiting)
        #expect(session.faults == [])
    }

    @Test func `a reply to a wait that was answered is superseded`() throws {
        var session = try waiting()
        let wait = try #require(session.wait)
        session.command("Concept.Confirm", ["concept_ids": ["a"]], correlation: wait.correlationID)
        let late = session.command("Concept.Confirm", ["concept_ids": ["b"]], correlation: wait.correlationID)
        #expect(late.verdict == .superseded)
        #expect(session.faults == [])
    }

    @Test func `a reply that a guard refuses leaves the wait open`() throws {
        var session = try waiting()
        let refused = session.command("Stage.Complete", ["stage": "PLOT_OUTLINE"])
        #expect(refused.verdict == .invalid)
        #expect(refused.errorMessage?.contains("guard") == true)
        #expect(refused.status == .failed)
        #expect(session.wait?.status == .waiting)
        #expect(session.command("Concept.Confirm", ["concept_ids": ["a"]]).verdict == .accepted)
        #expect(session.faults == [])
    }

    @Test func `a reply that came before its question is kept and answers it`() throws {
        var session = try started()
        let early = session.command("Concept.Confirm", ["concept_ids": ["a"]])
        #expect(early.verdict == .buffered)
        #expect(session.handles.map(\.status) == [.pendingPause])
        session.complete(["concepts": ["a"]])
        #expect(session.session?.currentStage == .storyConception)
        #expect(session.handles.map(\.status) == [.resumed])
        #expect(session.commands.first { $0.id == early.id }?.verdict == .accepted)
        #expect(session.faults == [])
    }

    @Test(arguments: [[:], ["concept_ids": []], ["concept_ids": ["a", "b", "c", "d"]]] as [JSONValue])
    func `an early confirmation of no concept, or of too many, takes no place from the right one`(
        payload: JSONValue
    ) throws {
        var session = try started()
        let early = session.command("Concept.Confirm", payload)
        #expect(early.verdict == .invalid)
        #expect(early.errorMessage?.contains("/concept_ids") == true)
        #expect(session.handles.isEmpty)
        #expect(session.command("Concept.Confirm", ["concept_ids": ["a"]]).verdict == .buffered)
        session.complete(["concepts": ["a"]])
        #expect(session.session?.currentStage == .storyConception)
        #expect(session.faults == [])
    }

    @Test func `an early reply that a guard refuses is refused when its wait opens`() throws {
        var session = try started()
        let early = session.command("Stage.Complete", ["stage": "PLOT_OUTLINE"])
        #expect(early.verdict == .buffered)
        session.complete()
        #expect(session.commands.first { $0.id == early.id }?.verdict == .invalid)
        #expect(session.wait?.status == .waiting)
        #expect(session.faults == [])
    }

    @Test func `an early reply is kept for a day and then expires`() throws {
        var session = try started()
        let task = try #require(session.tasks.last)
        session.answer(.started(node: "n"), task: task)
        let early = session.command("Concept.Confirm", ["concept_ids": ["a"]])
        session.pass(.seconds(25 * 3_600))
        #expect(session.commands.first { $0.id == early.id }?.verdict == .expired)
        #expect(session.handles.first?.status == .expired)
        #expect(session.faults == [])
    }

    @Test func `a reply without its draft's number is not taken for a draft nobody has read`() throws {
        var session = try waiting()
        session.command("Seed.Request")
        #expect(session.command("Concept.Confirm", ["concept_ids": ["a"]]).verdict == .staleAttempt)
        #expect(session.command("Concept.Confirm", ["concept_ids": ["a"], "draft": 2]).verdict == .buffered)
        session.complete()
        #expect(session.session?.currentStage == .storyConception)
        #expect(session.faults == [])
    }

    @Test func `a command of another stage is refused and changes nothing`() throws {
        var session = try waiting()
        let before = session.session
        #expect(session.command("Plot.Confirm").verdict == .wrongStage)
        #expect(session.command("Finish").verdict == .wrongStage)
        #expect(session.command("Start").verdict == .notAllowed)
        #expect(session.command("No.Such").verdict == .invalid)
        #expect(session.session == before)
        #expect(session.faults == [])
    }

    @Test func `a second request of the same kind is a duplicate that names the first`() throws {
        var session = try waiting()
        let first = session.command("Seed.Request")
        let second = session.command("Seed.Request")
        #expect(second.verdict == .duplicatePending)
        #expect(second.errorMessage?.contains(first.id.description) == true)
        #expect(session.tasks.count == 2)
        #expect(session.faults == [])
    }

    @Test func `the same key gets the same answer`() throws {
        var session = try waiting()
        let first = session.command("Concept.Confirm", ["concept_ids": ["a"]], key: "k")
        let again = session.command("Concept.Confirm", ["concept_ids": ["b"]], key: "k")
        #expect(again.id == first.id)
        #expect(session.story.filter { $0 == "ConceptConfirmed" }.count == 1)
    }

    @Test func `abandoning cancels tasks and waits, wherever the session is`() throws {
        var generating = try started()
        #expect(generating.command("Abandon", ["reason": "no time"]).verdict == .accepted)
        #expect(generating.session?.status == .abandoned)
        #expect(generating.tasks.map(\.status) == [.cancelled])
        #expect(generating.outbox.contains { $0.payload["event_type"].string == "Task.Cancelled" })
        #expect(generating.complete()?.verdict == .superseded)
        #expect(generating.commands.first?.status == .failed)
        #expect(generating.faults == [])

        var waiting = try waiting()
        waiting.command("Abandon")
        #expect(waiting.handles.map(\.status) == [.cancelled])
        #expect(waiting.session?.currentStage == .conceptSelection)
        #expect(waiting.command("Concept.Confirm", ["concept_ids": ["a"]]).verdict == .wrongStage)
        #expect(waiting.faults == [])
    }

    @Test func `the deadline of a wait abandons the session and a later reply is expired`() throws {
        var session = try waiting()
        let wait = try #require(session.wait)
        session.pass(.seconds(8 * 86_400))
        #expect(session.session?.status == .abandoned)
        #expect(session.handles.map(\.status) == [.expired])
        let late = session.command("Concept.Confirm", ["concept_ids": ["a"]], correlation: wait.correlationID)
        #expect(late.verdict == .expired)
        #expect(session.faults == [])
    }

    @Test func `a reply one microsecond after the deadline loses although nobody has swept`() throws {
        var session = try waiting()
        let wait = try #require(session.wait)
        session.now = try #require(wait.expiresAt)
        let late = session.command("Concept.Confirm", ["concept_ids": ["a"]], correlation: wait.correlationID)
        #expect(late.verdict == .expired)
        #expect(session.handles.map(\.status) == [.expired])
        #expect(session.faults == [])
    }

    @Test func `a failed generation is tried again, then waits for a person, who tries again`() throws {
        var session = try started()
        for attempt in 1...3 {
            #expect(session.tasks.last?.attempt == attempt)
            session.answer(.failed(code: "MODEL", message: "out of words", retryable: true, details: .null))
        }
        #expect(session.tasks.last?.status == .failed)
        #expect(session.tasks.last?.retryCount == 2)
        #expect(session.commands.first?.status == .failed)
        #expect(session.session?.state["chart"]["tags"].array?.contains("incident") == true)
        #expect(session.command("Task.Retry").verdict == .accepted)
        session.complete(["concepts": ["a"]])
        #expect(session.wait?.draft == 1)
        #expect(session.story.filter { $0 == "TaskRetried" }.count == 2)
        #expect(session.faults == [])
    }

    @Test func `an answer of an older attempt changes nothing`() throws {
        var session = try started()
        session.answer(.failed(code: "MODEL", message: "no", retryable: true, details: .null))
        let task = try #require(session.tasks.last)
        let late = session.answer(.completed(type: "Outliner.Concept.Generated", output: [:]), task: task, attempt: 1)
        #expect(late?.verdict == .staleAttempt)
        #expect(session.tasks.last?.status == .pending)
        #expect(session.faults == [])
    }

    @Test func `progress rises, never falls, and is a sign of life`() throws {
        var session = try started()
        let half = try #require(Percentage("33.33"))
        session.answer(.progressed(half, message: "writing", details: ["page": 1]))
        #expect(session.tasks.last?.status == .running)
        #expect(session.tasks.last?.progress.description == "33.33")
        session.answer(.progressed(.zero, message: nil, details: .null))
        #expect(session.tasks.last?.progress.description == "33.33")
        session.pass(.seconds(50))
        session.answer(.progressed(half, message: nil, details: .null))
        session.pass(.seconds(50))
        #expect(session.tasks.last?.attempt == 1)
        session.pass(.seconds(20))
        #expect(session.tasks.last?.attempt == 2)
        #expect(session.tasks.last?.errorData["code"].string == "HEARTBEAT_TIMEOUT")
        #expect(session.tasks.last?.progressDetails["page"].int == 1)
        #expect(session.faults == [])
    }

    @Test func `a paused session keeps what comes in and applies it in order`() throws {
        var session = try waiting()
        #expect(session.command("Pause").verdict == .accepted)
        #expect(session.session?.status == .paused)
        #expect(session.handles.map(\.status) == [.paused])
        #expect(session.command("Pause").verdict == .notAllowed)
        let reply = session.command("Concept.Confirm", ["concept_ids": ["a"]])
        #expect(reply.verdict == .buffered)
        #expect(session.command("Concept.Confirm", ["concept_ids": ["b"]]).verdict == .duplicatePending)
        session.pass(.seconds(30 * 86_400))
        #expect(session.session?.status == .paused)
        #expect(session.command("Unpause").verdict == .accepted)
        #expect(session.session?.faultFree == true)
        #expect(session.faults == [])
    }

    @Test func `a paused session keeps a result and takes it when it goes on`() throws {
        var session = try started()
        session.command("Pause")
        #expect(session.complete(["concepts": ["a"]])?.verdict == .buffered)
        #expect(session.tasks.map(\.status) == [.pending])
        session.command("Unpause")
        #expect(session.tasks.map(\.status) == [.completed])
        #expect(session.wait?.status == .waiting)
        #expect(session.faults == [])
    }

    @Test func `navigating back cancels what runs and starts the earlier stage again`() throws {
        var session = try waiting()
        session.command("Concept.Confirm", ["concept_ids": ["a"]])
        #expect(session.command("Navigate", ["stage": "PLOT_OUTLINE"]).verdict != .accepted)
        #expect(session.command("Navigate", ["stage": "CONCEPT_SELECTION"]).verdict == .accepted)
        #expect(session.session?.currentStage == .conceptSelection)
        #expect(session.tasks.map(\.status) == [.completed, .cancelled, .pending])
        #expect(session.session?.confirmedData["concepts"] != .null)
        #expect(session.story.last == "Navigated")
        #expect(session.faults == [])
    }

    @Test func `another tenant's session does not exist`() throws {
        var session = try waiting()
        session.tenantID = "other"
        #expect(session.command("Abandon").verdict == .unknown)
        #expect(session.session?.status == .inProgress)
    }

    @Test func `a message for an unknown session is refused`() throws {
        var session = SessionSpecification(try #require(Self.workflow))
        #expect(session.command("Concept.Confirm").verdict == .unknown)
        #expect(session.session == nil)
        #expect(session.faults == [])
    }
}

extension GenesisSession {
    fileprivate var faultFree: Bool { state["incident"].isNull }
}
