internal import Orchestration

/// An agent as small as can be, and the example of how to write a real one.
///
/// The rules that every agent follows:
///  1. Read the task topics with a consumer group of your own; take a task as soon as its record is there.
///  2. Answer on the topic's twin (`….tasks` → `….events`), with the session id as key, and with the `task_id` and
///     `attempt` of the request: answers to an older attempt change nothing.
///  3. Say `Task.Started`, then `Task.Progressed` at least as often as the workflow's heartbeat limit asks: silence
///     means that the agent has died, and another attempt begins.
///  4. End with exactly one result type (the actor's name with its last part in the past tense) or `Task.Failed`.
///  5. Stop when `Task.Cancelled` comes; nobody reads the answer any more.
///  6. Expect any request twice, as Kafka delivers at least once: event ids derived from task, attempt and step make
///     the repeated answer recognisable.
///
/// Unlike a serious agent it takes a request as done when it has begun: a task that it loses in a crash is asked again
/// when its heartbeat limit has passed.
actor DemoAgent {
    struct Settings: Sendable {
        var node: String
        /// From the start of a task to its result.
        var delay: Interval
        /// The share of attempts that fail, 0 to 1.
        var failRate: Double
        var seed: UInt64
    }

    /// Tasks worked on at once; when so many run, no further record is taken.
    static let tasksMax = 256
    /// `Task.Progressed` messages per task.
    static let progressSteps = 5
    /// Sendings of an answer before it is given up; then the heartbeat limit asks anew.
    static let sendTriesMax = 5

    private struct Work: Hashable {
        var task: TaskID
        var attempt: Int
    }

    private let settings: Settings
    /// By request type.
    private let actors: [String: Orchestration.Actor]
    private let source: any RecordSource
    private let sink: any RecordSink
    private let log: any LogSink
    private let drafts: DraftMaker
    private var running: [Work: Task<Void, Never>] = [:]
    private var waitingForRoom: CheckedContinuation<Void, Never>?
    private var fatal: String?

    init(
        settings: Settings,
        actors: [String: Orchestration.Actor],
        source: any RecordSource,
        sink: any RecordSink,
        log: any LogSink
    ) {
        self.settings = settings
        self.actors = actors
        self.source = source
        self.sink = sink
        self.log = log
        drafts = DraftMaker(seed: settings.seed)
    }

    /// Works until `stop` returns or the transport cannot go on.
    func run(until stop: @escaping @Sendable () async -> Void) async throws {
        let source = source
        let stopper = Task {
            await stop()
            await source.close()
        }
        log.info("the demo agent is ready", LogField("actors", actors.count))
        while let event = await source.next() {
            await take(event)
            if fatal != nil { break }
        }
        for task in running.values { task.cancel() }
        await source.close()
        await sink.close()
        stopper.cancel()
        if let fatal { throw CommandFailure.unavailable("Kafka: \(fatal)") }
        log.info("the demo agent has stopped")
    }

    private func take(_ event: SourceEvent) async {
        switch event {
        case .assigned(let generation, let partitions):
            let offsets = partitions.map { ($0, StartOffset.committed) }
            await source.start(generation: generation, at: Dictionary(offsets, uniquingKeysWith: { first, _ in first }))
        case .revoked: break
        case .batch(let batch):
            for record in batch.records { await take(record) }
            await source.done(batch)
        case .partitionStopped(let partition, let reason):
            log.error("a partition has stopped", LogField("partition", partition), LogField("reason", reason))
        case .brokersAway(_, let reason): log.warning("the brokers are away", LogField("reason", reason))
        case .brokersBack(let duration): log.warning("the brokers are back", LogField("away_for", duration))
        case .notice(let text): log.info(text)
        case .fatal(let reason): fatal = reason
        }
    }

    private func take(_ record: IncomingRecord) async {
        let (read, problem) = TaskRequest.read(record)
        guard let request = read else {
            // Somebody else's mistake must not stop the tasks behind it.
            log.warning("skipped a record", LogField("topic", record.topicPartition), LogField("reason", problem))
            return
        }
        switch request.kind {
        case .cancelled:
            for (work, task) in running where work.task == request.taskID { task.cancel() }
        case .request(let type):
            guard let actor = actors[type] else {
                log.warning("skipped a request of an unknown type", LogField("type", type))
                return
            }
            let work = Work(task: request.taskID, attempt: request.attempt)
            guard running[work] == nil else { return }
            while running.count >= Self.tasksMax { await withCheckedContinuation { waitingForRoom = $0 } }
            running[work] = Task {
                await self.perform(request, for: actor)
                self.ended(work)
            }
        }
    }

    private func ended(_ work: Work) {
        running[work] = nil
        waitingForRoom?.resume()
        waitingForRoom = nil
    }

    /// The whole life of one task.
    private func perform(_ request: TaskRequest, for actor: Orchestration.Actor) async {
        let fields = [
            LogField("session_id", request.sessionID), LogField("task_id", request.taskID),
            LogField("attempt", request.attempt), LogField("task_type", actor.name),
        ]
        log.write(.info, "working", fields)
        do {
            try await send("started", SessionMessages.taskStarted, ["node": .string(settings.node)], request, actor)
            let pause = settings.delay.microseconds / Int64(Self.progressSteps + 1)
            for step in 1...Self.progressSteps {
                try await Task.sleep(for: .microseconds(pause))
                let report: JSONObject = [
                    "progress": .int(step * 100 / (Self.progressSteps + 1)),
                    "message": .string(drafts.progressMessage(step: step, of: Self.progressSteps)),
                ]
                try await send("progress \(step)", SessionMessages.taskProgressed, report, request, actor)
            }
            try await Task.sleep(for: .microseconds(pause))
            if drafts.fails(task: request.taskID, attempt: request.attempt, rate: settings.failRate) {
                let failure: JSONObject = [
                    "code": "DEMO_FAILURE", "message": "The demo agent was told to fail now and then.",
                    "retryable": true,
                ]
                try await send("failed", SessionMessages.taskFailed, failure, request, actor)
            } else {
                let output = drafts.draft(for: actor.name, input: request.input, task: request.taskID)
                try await send("result", actor.resultType, ["output": output], request, actor)
            }
            log.write(.info, "done", fields)
        } catch {
            log.write(.info, "stopped: cancelled", fields)
        }
    }

    private func send(
        _ step: String,
        _ type: String,
        _ fields: JSONObject,
        _ request: TaskRequest,
        _ actor: Orchestration.Actor
    ) async throws {
        try Task.checkCancellation()
        guard let topics = actor.topics else { return }
        let record = request.answer(
            type: type,
            fields: fields,
            topic: topics.answers,
            id: EventID(derivedFrom: "answer", request.taskID.description, "\(request.attempt)", step),
            now: Surroundings.now()
        )
        for attempt in 1...Self.sendTriesMax {
            switch await sink.send([record]).first {
            case .sent: return
            case .failed(let reason), .blameless(let reason):
                log.warning("an answer was not taken", LogField("try", attempt), LogField("reason", reason))
                try await Task.sleep(for: .milliseconds(200 * attempt))
            case .refused(let reason):
                log.error("an answer will never be taken", LogField("reason", reason))
                return
            case .fatal(let reason):
                fatal = reason
                await source.close()
                throw CancellationError()
            case nil: return
            }
        }
    }
}
