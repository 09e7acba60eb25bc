/// One version of a workflow file, checked and ready to run.
///
/// A session keeps the hash of the definition it started with, and runs on that one to its end.
package struct Workflow: Sendable {
    package var name: String
    package var version: String
    /// SHA-256 of the file's bytes, hexadecimal.
    package var hash: String
    /// The file's text as it was read.
    package var source: String
    package var chart: Chart
    /// What an `invoke` may start, by name.
    package var actors: [String: Actor]
    package var expressions: any ExpressionEvaluator

    package init(
        name: String,
        version: String,
        hash: String,
        source: String,
        chart: Chart,
        actors: [String: Actor],
        expressions: any ExpressionEvaluator
    ) {
        self.name = name
        self.version = version
        self.hash = hash
        self.source = source
        self.chart = chart
        self.actors = actors
        self.expressions = expressions
    }
}

extension Workflow {
    /// Whether a version comes before another: numbers as numbers, everything else as text.
    package static func isVersion(_ left: String, before right: String) -> Bool {
        let separators: Set<Character> = [".", "-", "+"]
        let lefts = left.split(whereSeparator: separators.contains)
        let rights = right.split(whereSeparator: separators.contains)
        for (mine, others) in zip(lefts, rights) where mine != others {
            if let number = Int(mine), let other = Int(others) {
                if number != other { return number < other }
            } else {
                return mine < others
            }
        }
        return lefts.count < rights.count
    }
}

/// A kind of work: who does it, how long to wait, how often to try.
package struct Actor: Sendable, Equatable {
    package var name: String
    package var executor: TaskExecutor
    /// How many of its tasks may be requested and not ended at once, in the whole fleet; nil for any number.
    package var concurrency: Int?
    /// The type of the request: the actor's name and `Requested`.
    package var requestType: String { name + "Requested" }
    /// The type of the result, e.g. `Outliner.Concept.Generated`.
    package var resultType: String
    package var timeouts: TaskTimeouts
    package var retry: RetryPolicy
    /// JSON Schema of the result; nil when anything will do.
    package var output: SchemaDocument?

    package init(
        name: String,
        executor: TaskExecutor,
        concurrency: Int? = nil,
        resultType: String,
        timeouts: TaskTimeouts = TaskTimeouts(),
        retry: RetryPolicy = RetryPolicy(),
        output: SchemaDocument? = nil
    ) {
        self.name = name
        self.executor = executor
        self.concurrency = concurrency
        self.resultType = resultType
        self.timeouts = timeouts
        self.retry = retry
        self.output = output
    }

    /// An actor whose work agents do, asked on one topic and answering on another.
    package init(
        name: String,
        topic: String,
        answersTopic: String,
        resultType: String,
        timeouts: TaskTimeouts = TaskTimeouts(),
        retry: RetryPolicy = RetryPolicy(),
        output: SchemaDocument? = nil
    ) {
        self.init(
            name: name,
            executor: .agent(AgentTopics(requests: topic, answers: answersTopic)),
            resultType: resultType,
            timeouts: timeouts,
            retry: retry,
            output: output
        )
    }

    /// The topics of an actor whose work agents do; nil when the worker does it itself.
    package var topics: AgentTopics? {
        switch executor {
        case .agent(let topics): topics
        case .http: nil
        }
    }

    /// Whether its tasks take turns, or are requested at once.
    package var isQueued: Bool {
        switch executor {
        case .agent: concurrency != nil
        case .http: true
        }
    }
}

/// Who does an actor's work.
package enum TaskExecutor: Sendable, Equatable {
    /// Agents, over Kafka.
    case agent(AgentTopics)
    /// The worker itself, with one call of an HTTP server.
    case http(HTTPRecipe)
}

package struct AgentTopics: Sendable, Equatable {
    /// Where requests go, e.g. `genesis.outline.tasks`.
    package var requests: String
    /// Where answers come from; by convention the request topic with `.tasks` replaced by `.events`.
    package var answers: String

    package init(requests: String, answers: String) {
        self.requests = requests
        self.answers = answers
    }
}

/// The four limits of a task.
package struct TaskTimeouts: Sendable, Equatable {
    /// From the request until an agent has started.
    package var queue: Interval = .seconds(300)
    /// From the start of an attempt to its end.
    package var attempt: Interval = .seconds(600)
    /// Between two signs of life of an attempt.
    package var heartbeat: Interval = .seconds(60)
    /// From the first request to the end, all attempts together.
    package var total: Interval = .seconds(3_600)

    package init() {}
}

package struct RetryPolicy: Sendable, Equatable {
    /// All attempts, the first included.
    package var maxAttempts: Int = 3
    package var initial: Interval = .seconds(5)
    package var factor: Double = 2
    package var cap: Interval = .seconds(60)
    /// Error codes that end the task at once.
    package var nonRetryable: [String] = []

    /// The longest pause that a failure may ask for itself (`details.retry_after`, in seconds).
    package static let retryAfterMax = Interval.seconds(3_600)

    package init() {}
}

/// What reading a workflow file found wrong, or worth a warning.
package struct WorkflowFinding: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Severity: String, Sendable { case error, warning }

    package var severity: Severity
    /// A stable name of the rule, e.g. `unknown-key`.
    package var rule: String
    package var message: String
    package var hint: String?
    package var file: String
    package var place: SourcePlace

    package init(
        severity: Severity,
        rule: String,
        message: String,
        hint: String? = nil,
        file: String,
        place: SourcePlace
    ) {
        self.severity = severity
        self.rule = rule
        self.message = message
        self.hint = hint
        self.file = file
        self.place = place
    }

    package var description: String {
        "\(file):\(place): \(severity.rawValue): \(message)" + (hint.map { " (\($0))" } ?? "") + " [\(rule)]"
    }
}

/// Turns the text of a workflow file into a workflow.
package protocol WorkflowReader: Sendable {
    /// A workflow that has no error, or everything that was found.
    func read(source: String, file: String) -> (workflow: Workflow?, findings: [WorkflowFinding])
}
