import Testing

@testable import Orchestration

/// Tasks that take turns, and those that the worker does itself.
@Suite struct QueuedTaskTests {
    private static let now = TaskLifeTests.now
    private static let own = Actor(
        name: "A",
        executor: .http(HTTPRecipe(url: "https://example.org/")),
        resultType: "A.Done"
    )
    private static let limited = Actor(
        name: "A",
        executor: .agent(AgentTopics(requests: "a.tasks", answers: "a.events")),
        concurrency: 1,
        resultType: "A.Done"
    )

    private func queued(_ actor: Actor) -> AsyncTask {
        var task = TaskLifeTests.task()
        task.request(actor, notBefore: Self.now, now: Self.now)
        return task
    }

    private func says(_ kind: AgentAnswer.Kind, _ task: AsyncTask, attempt: Int? = nil) -> AgentAnswer {
        AgentAnswer(taskID: task.id, attempt: attempt ?? task.attempt, kind: kind)
    }

    @Test func `while a task waits for its turn only the total limit runs, and a turn is one attempt's`() {
        var task = queued(Self.limited)
        #expect((task.requestedAt, task.notBefore, task.deadlineAt) == (nil, Self.now, task.totalDeadlineAt))
        let refused1 = task.takeTurn(attempt: 2, node: "n", actor: Self.limited, now: Self.now)
        #expect(!refused1)
        let taken4 = task.takeTurn(attempt: 1, node: "n", actor: Self.limited, now: Self.now)
        #expect(taken4)
        #expect((task.status, task.requestedAt, task.deadlineAt) == (.pending, Self.now, Self.now + .seconds(300)))
        _ = task.handleDeadline(attempt: 1, actor: Self.limited, now: Self.now + .seconds(300))
        #expect(task.errorData["code"].string == "QUEUE_TIMEOUT")
        #expect((task.attempt, task.requestedAt) == (2, nil))
        let refused2 = task.takeTurn(attempt: 1, node: "n", actor: Self.limited, now: Self.now)
        #expect(!refused2)
    }

    @Test func `a lease that is not renewed ends the attempt, and what comes later is of an older one`() {
        var task = queued(Self.own)
        let taken5 = task.takeTurn(attempt: 1, node: "n", actor: Self.own, now: Self.now)
        #expect(taken5)
        #expect((task.status, task.executionNode, task.startedAt) == (.running, "n", Self.now))
        #expect(task.deadlineAt == Self.now + .seconds(60))
        let refused3 = task.takeTurn(attempt: 1, node: "m", actor: Self.own, now: Self.now)
        #expect(!refused3)
        _ = task.handleDeadline(attempt: 1, actor: Self.own, now: Self.now + .seconds(60))
        #expect(task.errorData["code"].string == "LEASE_EXPIRED")
        #expect((task.status, task.attempt, task.retryCount, task.executionNode) == (.pending, 2, 1, nil))
        let before = task
        let late = says(.completed(type: "A.Done", output: 1), task, attempt: 1)
        let reaction6 = task.handle(late, actor: Self.own, now: Self.now)
        #expect(reaction6 == .staleAttempt)
        #expect(task == before)
    }

    @Test func `what a stopping worker hands back is another attempt at once, and no retry`() {
        var task = queued(Self.own)
        _ = task.takeTurn(attempt: 1, node: "n", actor: Self.own, now: Self.now)
        let back = says(.handedBack(reason: "stopped"), task)
        let reaction7 = task.handle(back, actor: Self.own, now: Self.now)
        #expect(reaction7 == .retry(after: .zero))
        #expect((task.attempt, task.retryCount, task.notBefore) == (2, 0, Self.now))
        #expect(task.errorData["code"].string == "HANDED_BACK")
    }

    @Test(arguments: [(0.0, 0), (7, 7), (1e12, 3_600), (-5, 0)])
    func `a failure may ask for a longer pause, within bounds`(asked: Double, seconds: Int64) {
        var task = queued(Self.own)
        task.totalDeadlineAt = Self.now + .seconds(100_000)
        _ = task.takeTurn(attempt: 1, node: "n", actor: Self.own, now: Self.now)
        let failed = AgentAnswer.Kind.failed(
            code: "E",
            message: "",
            retryable: true,
            details: ["retry_after": .number(asked)]
        )
        guard case .retry(let pause) = task.handle(says(failed, task), actor: Self.own, now: Self.now) else {
            Issue.record("not repeated")
            return
        }
        let own = Self.own.retry.delay(beforeAttempt: 2, of: task.id)
        #expect(pause == max(own, .seconds(seconds)))
        #expect(task.notBefore == Self.now + pause)
    }
}
