import Orchestration
import Testing

@Suite struct TaskLifeTests {
    static let now = Instant(microseconds: 1_800_000_000_000_000)

    static let actor: Actor = {
        var retry = RetryPolicy()
        retry.nonRetryable = ["INVALID_INPUT"]
        return Actor(name: "A", topic: "a.tasks", answersTopic: "a.events", resultType: "A.Done", retry: retry)
    }()

    static func task() -> AsyncTask {
        AsyncTask(
            id: TaskID(derivedFrom: "task"),
            tenantID: "default",
            sessionID: SessionID(derivedFrom: "session"),
            taskType: "A",
            actorID: "0.a",
            triggeredByCommandID: nil,
            correlationID: "c",
            status: .pending,
            progress: .zero,
            progressMessage: nil,
            progressDetails: .null,
            inputData: [:],
            resultData: .null,
            errorData: .null,
            executionNode: nil,
            attempt: 1,
            retryCount: 0,
            maxRetries: 2,
            deadlineAt: now + .seconds(300),
            attemptDeadlineAt: nil,
            totalDeadlineAt: now + .seconds(3_600),
            startedAt: nil,
            completedAt: nil,
            createdAt: now,
            updatedAt: now
        )
    }

    static let answers: [AgentAnswer.Kind] = [
        .started(node: "n"), .progressed(Percentage("50") ?? .zero, message: "half", details: .null),
        .completed(type: "A.Done", output: ["x": 1]), .failed(code: "E", message: "m", retryable: true, details: .null),
        .failed(code: "INVALID_INPUT", message: "m", retryable: true, details: .null),
    ]

    @Test func `in whatever order answers come, an ended task never changes and an attempt never goes back`() {
        var walked = 0
        func walk(_ task: AsyncTask, depth: Int) {
            walked += 1
            guard depth > 0 else { return }
            for kind in Self.answers {
                for attempt in 1...3 {
                    var next = task
                    let reaction = next.handle(
                        AgentAnswer(taskID: task.id, attempt: attempt, kind: kind),
                        actor: Self.actor,
                        now: Self.now
                    )
                    #expect(next.attempt >= task.attempt)
                    #expect(next.retryCount <= next.maxRetries)
                    if !task.status.isOpen {
                        #expect(next == task)
                        #expect(reaction == .ended)
                    } else if attempt != task.attempt {
                        #expect(next == task)
                        #expect(reaction == .staleAttempt)
                    } else if next.attempt == task.attempt {
                        #expect(next.progress >= task.progress)
                    }
                    #expect(next.status.isOpen == (next.completedAt == nil))
                    #expect(next.status.isOpen == (next.deadlineAt != nil))
                    if next != task { walk(next, depth: depth - 1) }
                }
            }
        }
        walk(Self.task(), depth: 5)
        #expect(walked > 50)
    }

    @Test func `each limit has its own code`() {
        var queued = Self.task()
        #expect(queued.handleDeadline(attempt: 1, actor: Self.actor, now: Self.now) == .changed)
        _ = queued.handleDeadline(attempt: 1, actor: Self.actor, now: Self.now + .seconds(300))
        #expect(queued.errorData["code"].string == "QUEUE_TIMEOUT")
        #expect(queued.attempt == 2)

        var silent = Self.task()
        _ = silent.handle(
            AgentAnswer(taskID: silent.id, attempt: 1, kind: .started(node: nil)),
            actor: Self.actor,
            now: Self.now
        )
        _ = silent.handleDeadline(attempt: 1, actor: Self.actor, now: Self.now + .seconds(60))
        #expect(silent.errorData["code"].string == "HEARTBEAT_TIMEOUT")

        var slow = Self.task()
        for second in stride(from: Int64(0), through: 590, by: 30) {
            let answer = AgentAnswer(
                taskID: slow.id,
                attempt: 1,
                kind: .progressed(.zero, message: nil, details: .null)
            )
            _ = slow.handle(answer, actor: Self.actor, now: Self.now + .seconds(second))
        }
        _ = slow.handleDeadline(attempt: 1, actor: Self.actor, now: Self.now + .seconds(600))
        #expect(slow.errorData["code"].string == "ATTEMPT_TIMEOUT")

        var endless = Self.task()
        #expect(endless.handleDeadline(attempt: 1, actor: Self.actor, now: Self.now + .seconds(3_600)) == .failed)
        #expect(endless.errorData["code"].string == "TOTAL_TIMEOUT")
    }

    @Test func `a code that is not worth another attempt ends the task`() {
        var task = Self.task()
        let answer = AgentAnswer(
            taskID: task.id,
            attempt: 1,
            kind: .failed(code: "INVALID_INPUT", message: "no", retryable: true, details: .null)
        )
        #expect(task.handle(answer, actor: Self.actor, now: Self.now) == .failed)
        #expect(task.status == .failed)
    }

    @Test func `pauses are spread from nothing to a limit that grows by the factor up to the cap, the same each time`()
    {
        let policy = RetryPolicy()
        let tasks = (0..<200).map { TaskID(derivedFrom: "\($0)") }
        var limit = policy.initial.microseconds
        for attempt in 2...10 {
            let delays = tasks.map { policy.delay(beforeAttempt: attempt, of: $0).microseconds }
            #expect(delays == tasks.map { policy.delay(beforeAttempt: attempt, of: $0).microseconds })
            // Of 200 one is in the first tenth, and one in the last.
            #expect(delays.contains { $0 < limit / 10 } && delays.contains { $0 > limit * 9 / 10 })
            #expect(delays.allSatisfy { (0...limit).contains($0) })
            limit = min(policy.cap.microseconds, Int64(Double(limit) * policy.factor))
        }
        #expect(limit == policy.cap.microseconds)
    }
}
