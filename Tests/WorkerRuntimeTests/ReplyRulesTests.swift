import Orchestration
import OrchestrationTesting
import Testing

/// Who may reply, and what a reply and a result must look like.
@Suite struct ReplyRulesTests {
    static let schemas =
        ", schemas: { Command.Genesis.Session.Theme.Confirm: { type: object, required: [title], "
        + "properties: { title: { type: string, maxLength: 5 }, tags: { items: { type: string } } } } }"

    @Test func `a reply that does not fit is invalid with its pointers, and the wait stays open`() throws {
        var session = try SmallWorkflow.started(park: Self.schemas)
        session.complete()
        let reply = session.command("Theme.Confirm", ["title": "too long", "tags": ["a", 1]])
        #expect(reply.verdict == .invalid)
        let message = try #require(reply.errorMessage)
        #expect(message.contains("/title must have at most 5 code points"))
        #expect(message.contains("/tags/1 must be string, not number"))
        #expect(session.wait?.status == .waiting)
        #expect(session.command("Theme.Confirm", ["title": "sea"]).verdict == .accepted)
        #expect(session.session?.status == .completed)
        #expect(session.faults == [])
    }

    @Test func `an early reply that does not fit is refused at once and takes no place`() throws {
        var session = try SmallWorkflow.started(park: Self.schemas)
        #expect(session.command("Theme.Confirm", [:]).verdict == .invalid)
        #expect(session.command("Theme.Confirm", ["title": "sea"]).verdict == .buffered)
        session.complete()
        #expect(session.session?.status == .completed)
        #expect(session.faults == [])
    }

    @Test func `a wait opens although an early reply for it has expired, and another can come early`() throws {
        var session = try SmallWorkflow.started()
        session.command("Theme.Confirm", user: "ann")
        session.answer(.failed(code: "X", message: "no", retryable: false, details: nil))
        session.pass(.seconds(25 * 3_600))
        #expect(session.handles.first?.status == .expired)
        session.command("Task.Retry")
        #expect(session.command("Theme.Request", ["draft": 1]).verdict == .buffered)
        session.pass(.seconds(25 * 3_600))
        session.command("Task.Retry")
        session.complete()
        #expect(session.wait?.taskName?.hasSuffix("asking") == true)
        #expect(session.faults == [])
    }

    @Test func `a reply that a paused session kept is checked again when the session goes on`() throws {
        let park = ", allowed: 'if .context.draft == 0 then [\"ann\"] else [\"bob\"] end'"
        var session = try SmallWorkflow.started(park: park)
        session.command("Pause")
        let kept = session.command("Theme.Confirm", user: "ann")
        #expect(kept.verdict == .buffered)
        session.complete()
        session.command("Unpause")
        #expect(session.commands.first { $0.id == kept.id }?.verdict == .notAllowed)
        #expect(session.wait?.status == .waiting)
        #expect(session.faults == [])
    }

    @Test(arguments: [false, true])
    func `in a paused session a reply that none may give takes no place`(isAsked: Bool) throws {
        var session = try SmallWorkflow.started(park: ", allowed: .context.editors" + Self.schemas)
        if isAsked { session.complete() }
        session.command("Pause")
        #expect(session.command("Theme.Confirm", ["title": "sea"], user: "eve").verdict == .notAllowed)
        #expect(session.command("Theme.Confirm", ["title": 1], user: "ann").verdict == .invalid)
        let kept = session.command("Theme.Confirm", ["title": "sea"], user: "ann")
        #expect(kept.verdict == .buffered)
        if !isAsked { session.complete() }
        session.command("Unpause")
        #expect(session.commands.first { $0.id == kept.id }?.verdict == .accepted)
        #expect(session.session?.status == .completed)
        #expect(session.faults == [])
    }

    @Test func `in a paused session a reply to another draft takes no place`() throws {
        var session = try SmallWorkflow.started()
        session.complete()
        session.command("Pause")
        #expect(session.command("Theme.Confirm", ["draft": 2]).verdict == .staleAttempt)
        #expect(session.command("Theme.Confirm", ["draft": 1]).verdict == .buffered)
        session.command("Unpause")
        #expect(session.session?.status == .completed)
        #expect(session.faults == [])
    }

    @Test func `in a paused session nobody confirms a second draft unseen`() throws {
        var session = try SmallWorkflow.started()
        session.complete()
        session.command("Theme.Request")
        session.command("Pause")
        #expect(session.command("Theme.Confirm").verdict == .staleAttempt)
        session.complete()
        session.command("Unpause")
        #expect(session.wait?.draft == 2)
        #expect(session.session?.status == .inProgress)
        #expect(session.faults == [])
    }

    @Test func `in a paused session an operator's result that does not fit takes no place`() throws {
        var session = try SmallWorkflow.started(output: "{ type: object, required: [text] }")
        let task = JSONValue(try #require(session.tasks.last).id)
        session.command("Pause")
        #expect(session.command("Task.Complete", ["task_id": task, "output": [:]]).verdict == .invalid)
        let fit: JSONValue = ["task_id": task, "output": ["text": "a"]]
        #expect(session.command("Task.Complete", fit).verdict == .buffered)
        session.command("Unpause")
        #expect(session.tasks.last?.status == .completed)
        #expect(session.faults == [])
    }

    @Test func `only the users that the wait names may reply`() throws {
        var session = try SmallWorkflow.started(park: ", allowed: .context.editors")
        session.complete()
        #expect(session.wait?.resumeHandle["allowed"] == ["ann", "bob"])
        #expect(session.command("Theme.Confirm", user: "eve").verdict == .notAllowed)
        #expect(session.command("Theme.Confirm").verdict == .notAllowed)
        #expect(session.wait?.status == .waiting)
        #expect(session.command("Theme.Confirm", user: "bob").verdict == .accepted)
        #expect(session.faults == [])
    }

    @Test func `a stranger's early reply takes no place`() throws {
        var session = try SmallWorkflow.started(park: ", allowed: .context.editors")
        #expect(session.command("Theme.Confirm", user: "eve").verdict == .notAllowed)
        #expect(session.command("Theme.Confirm", user: "ann").verdict == .buffered)
        session.complete()
        #expect(session.session?.status == .completed)
        #expect(session.faults == [])
    }

    @Test func `a program that gives no list of users lets nobody reply`() throws {
        var session = try SmallWorkflow.started(park: ", allowed: .context.nobody")
        session.complete()
        #expect(session.command("Theme.Confirm", user: "ann").verdict == .notAllowed)
        #expect(session.events.last?.metadata["incident"].string?.contains("no array of user ids") == true)
        #expect(session.faults == [])
    }

    @Test func `a result that does not fit fails the attempt, and another is made`() throws {
        var session = try SmallWorkflow.started(output: "{ type: object, required: [text] }")
        let answered = session.complete(["txt": "a"])
        let refused = try #require(answered)
        #expect(refused.verdict == .invalid)
        #expect(refused.errorMessage?.contains("/text is missing") == true)
        let task = try #require(session.tasks.last)
        #expect(task.status == .pending)
        #expect(task.attempt == 2)
        #expect(task.errorData["code"] == "INVALID_OUTPUT")
        #expect(task.errorData["details"]["faults"].array?.first?["pointer"] == "/text")
        #expect(session.story == ["Started", "TaskRetried"])
        session.complete(["txt": "again"])
        #expect(session.tasks.last?.status == .failed)
        #expect(session.wait?.taskName == "small.STORY_CONCEPTION.needsHelp")
        #expect(session.faults == [])
    }

    @Test func `a result above the limit is refused with the limit and its size`() throws {
        var session = try SmallWorkflow.started()
        let text = String(repeating: "a", count: 600_000)
        let answered = session.complete(["text": .string(text)])
        let refused = try #require(answered)
        #expect(refused.verdict == .invalid)
        #expect(refused.errorMessage == "the result has 600011 bytes, the limit is 524288")
        #expect(session.tasks.last?.errorData["code"] == "OUTPUT_TOO_LARGE")
        #expect(session.faults == [])
    }

    @Test func `a result that comes for an older attempt is stale, whatever it looks like`() throws {
        var session = try SmallWorkflow.started(output: "{ type: object, required: [text] }")
        session.complete([:])
        let task = try #require(session.tasks.last)
        let late = session.answer(.completed(type: "Writer.Draft.Generated", output: [:]), task: task, attempt: 1)
        #expect(late?.verdict == .staleAttempt)
        #expect(session.faults == [])
    }
}
