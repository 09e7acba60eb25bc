import Orchestration
import OrchestrationTesting
import Testing
import WorkflowFiles

/// What one session may fill.
@Suite struct SizeLimitTests {
    private func text(_ count: Int) -> JSONValue { .string(String(repeating: "a", count: count)) }

    @Test func `a payload above the limit is refused with the limit and its size`() throws {
        var session = SessionSpecification(try SmallWorkflow.read())
        let start = session.command("Start", ["theme": text(300_000)])
        #expect(start.verdict == .invalid)
        #expect(start.errorMessage == "the payload has 300012 bytes, the limit is 262144")
        #expect(session.session == nil)
        session.command("Start", ["theme": text(200_000)])
        session.complete()
        #expect(session.command("Theme.Confirm", ["a": text(300_000)]).verdict == .invalid)
        #expect(session.wait?.status == .waiting)
        #expect(session.faults == [])
    }

    /// A stage that works, with waits after it that `E0`, `E1` … answer; each reply asks for more.
    private func manyWaits(_ count: Int) throws -> SessionSpecification {
        let waits = (0..<count).map { index in
            "        w\(index):\n          meta: { park: { expires: P1D } }\n"
                + "          on: { Command.E\(index): \(index + 1 < count ? "w\(index + 1)" : "generating") }"
        }
        let source = """
            workflow: many
            version: 1.0.0
            setup:
              actors: { A.Generation: { topic: a.tasks, timeouts: {}, retry: {} } }
            machine:
              id: many
              initial: WORLDVIEW
              on: { Command.Grow: { actions: [{ type: assign, params: { expr: '{ large: (.context.large + [.event.payload.text]) }' } }] } }
              context: { large: [] }
              states:
                WORLDVIEW:
                  initial: generating
                  states:
                    generating: { invoke: { src: A.Generation, input: '.context.large', onDone: w0 } }
            \(waits.joined(separator: "\n"))
            """
        let (workflow, findings) = WorkflowFileReader().read(source: source, file: "many.yaml")
        var session = SessionSpecification(try #require(workflow, "\(findings.map(\.description))"))
        session.command("Start")
        return session
    }

    @Test func `a session keeps a bounded number of early replies`() throws {
        var session = try manyWaits(10)
        let verdicts = (0..<10).map { session.command("Command.E\($0)").verdict }
        #expect(verdicts.prefix(8).allSatisfy { $0 == .buffered })
        #expect(verdicts.suffix(2).allSatisfy { $0 == .notAllowed })
        #expect(session.commands.last?.errorMessage?.contains("the limit is 8") == true)
        #expect(session.faults == [])
    }

    @Test func `a session keeps early replies of a bounded size`() throws {
        var session = try manyWaits(4)
        let verdicts = (0..<4).map { session.command("Command.E\($0)", ["t": text(200_000)]).verdict }
        #expect(verdicts == [.buffered, .buffered, .notAllowed, .notAllowed])
        #expect(session.commands.last?.errorMessage?.contains("600024 bytes, the limit is 524288") == true)
        #expect(session.faults == [])
    }

    @Test func `a command whose event would be more than a record holds is refused, and what went before stays`() throws
    {
        let source = SmallWorkflow.text()
            .replacing("context: { editors", with: "context: { large: [], editors")
            .replacing(
                "sayPaused:",
                with: "sayGrown: { emit: Novel.Grown, payload: '{ large: .context.large }' }\n    sayPaused:"
            )
            .replacing(
                "Command.Genesis.Session.Abandon: {",
                with: "Command.Grow: { actions: [{ type: assign, params: { expr: "
                    + "'{ large: (.context.large + [.event.payload.text]) }' } }, sayGrown] }\n"
                    + "    Command.Genesis.Session.Abandon: {"
            )
        let (workflow, findings) = WorkflowFileReader().read(source: source, file: "small.yaml")
        var session = SessionSpecification(try #require(workflow, "\(findings.map(\.description))"))
        session.command("Start")
        let verdicts = (0..<4).map { _ in session.command("Command.Grow", ["text": text(200_000)]).verdict }
        #expect(verdicts == [.accepted, .accepted, .accepted, .invalid])
        #expect(
            session.commands.last?.errorMessage == "the event Novel.Grown would have 800023 bytes, the limit is 786432"
        )
        #expect(session.faults == [])
    }

    @Test func `details of any length leave a session that can be published`() throws {
        var session = try SmallWorkflow.started()
        session.answer(.progressed(.zero, message: nil, details: ["seen": text(200_000)]))
        session.answer(.failed(code: "X", message: "no", retryable: true, details: ["log": text(900_000)]))
        let task = try #require(session.tasks.last)
        let kept: [JSONValue] = [task.progressDetails["omitted"], task.errorData["details"]["omitted"]]
        #expect(kept == ["200011 bytes, the limit is 131072", "900010 bytes, the limit is 131072"])
        #expect(session.faults == [])
    }

    @Test func `a reply that would ask an agent with too much input is refused`() throws {
        var session = try manyWaits(1)
        for _ in 0..<4 { session.command("Command.Grow", ["text": text(200_000)]) }
        session.complete()
        let refused = session.command("Command.E0")
        #expect(refused.verdict == .invalid)
        #expect(refused.errorMessage?.contains("the limit is 786432") == true)
        #expect(session.wait?.status == .waiting)
        #expect(session.faults == [])
    }
}
