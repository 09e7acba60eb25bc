import Orchestration
import Testing

@testable import genesis

/// What `genesis tasks watch` and `genesis sessions show` print of tasks.
@Suite struct TaskWatchTests {
    private static let now = Instant(microseconds: 1_800_000_000_000_000)

    private static func task(
        _ type: String,
        _ status: TaskStatus,
        _ progress: String,
        _ change: (inout AsyncTask) -> Void = { _ in }
    ) -> AsyncTask {
        var task = AsyncTask(
            id: TaskID(derivedFrom: type),
            tenantID: "default",
            sessionID: SessionID(derivedFrom: "s"),
            taskType: type,
            actorID: "a",
            triggeredByCommandID: nil,
            correlationID: "c",
            status: status,
            progress: Percentage(progress) ?? .zero,
            progressMessage: nil,
            progressDetails: .null,
            inputData: [:],
            resultData: .null,
            errorData: .null,
            executionNode: nil,
            attempt: 1,
            retryCount: 0,
            maxRetries: 2,
            deadlineAt: nil,
            attemptDeadlineAt: nil,
            totalDeadlineAt: now,
            startedAt: nil,
            completedAt: nil,
            createdAt: now + .seconds(-60),
            updatedAt: now
        )
        change(&task)
        return task
    }

    private static let tasks = [
        task("Outliner.Concept.Generation", .running, "33.33") {
            $0.executionNode = "agent-1"
            $0.startedAt = now + .seconds(-12)
            $0.progressMessage = "Weighing\u{1B}[31m the options"
        },
        task("Plot.Structure.Generation", .pending, "0") { $0.notBefore = now + .seconds(-1) },
        task("Writer", .pending, "0") {
            $0.notBefore = now + .seconds(5)
            $0.attempt = 2
            $0.errorData = ["code": "HTTP_429"]
        },
        task("World", .completed, "100") {
            $0.startedAt = now + .seconds(-50)
            $0.completedAt = now + .seconds(-10)
        },
        task("Review", .failed, "12.50") {
            $0.attempt = 3
            $0.errorData = ["code": "LEASE_EXPIRED"]
            $0.completedAt = now
        },
    ]

    @Test func `the bars stand under one another, with what each task does`() {
        #expect(
            TaskWatch.lines(Self.tasks, now: Self.now) == [
                "Outliner.Concept.Generation  ███████▉░░░░░░░░░░░░░░░░  33 %  RUNNING on agent-1 for 12s  Weighing the options",
                "Plot.Structure.Generation    ░░░░░░░░░░░░░░░░░░░░░░░░   0 %  PENDING, waits for its turn",
                "Writer                       ░░░░░░░░░░░░░░░░░░░░░░░░   0 %  PENDING, next try in 5s, attempt 2  HTTP_429",
                "World                        ████████████████████████ 100 %  COMPLETED after 40s",
                "Review                       ███░░░░░░░░░░░░░░░░░░░░░  12 %  FAILED after 60s, attempt 3  LEASE_EXPIRED",
            ]
        )
    }

    @Test func `in a narrow terminal the bars give way, not what is said of the tasks`() {
        #expect(
            TaskWatch.lines(Array(Self.tasks.prefix(2)), now: Self.now, width: 93) == [
                "Outliner.Concept.Generation  ██▋░░░░░  33 %  RUNNING on agent-1 for 12s  Weighing the options",
                "Plot.Structure.Generation    ░░░░░░░░   0 %  PENDING, waits for its turn",
            ]
        )
    }

    @Test func `a frame is drawn over the one before, and moves with progress and with time`() {
        #expect(TaskWatch.frame(["a", "b"], over: 0) == "\r\u{1B}[Ka\n\r\u{1B}[Kb\n\u{1B}[J")
        #expect(TaskWatch.frame(["a"], over: 2).hasPrefix("\u{1B}[2A\r\u{1B}[Ka\n"))
        var running = Self.tasks[0]
        let before = TaskWatch.lines([running], now: Self.now)
        #expect(TaskWatch.lines([running], now: Self.now + .seconds(1)) != before)
        running.progress = Percentage("34") ?? .zero
        #expect(TaskWatch.lines([running], now: Self.now) != before)
    }

    @Test func `where nothing can be drawn over, a change is a line with time, task and exact progress`() {
        let line = TaskWatch.change(Self.tasks[0], now: Self.now)
        #expect(
            line
                == "08:00:00.000  \(Self.tasks[0].id)  Outliner.Concept.Generation  33.33 %  "
                + "RUNNING on agent-1 for 12s  Weighing the options"
        )
        #expect(!line.contains("\u{1B}"))
    }
}
