internal import KafkaTransport
internal import Orchestration

/// The people and agents of a run in one: answers every task request at once, and replies when it is time to.
///
/// A turn is a reply, and ends with the session's next task request.
actor StandIn {
    /// The reply that asks for another draft, so that a session goes round for ever.
    static let reply = "Seed.Request"
    /// What the worker says when a draft waits for its reply.
    static let waiting = "Genesis.Session.ConceptProposed"

    private let actors: [String: Orchestration.Actor]
    private let source: KafkaRecordSource
    private let sink: KafkaRecordSink
    /// Replies at once when a session waits; else it is `reply(to:)` that replies.
    private var repliesAtOnce = false
    private var asked: [SessionID: ContinuousClock.Instant] = [:]
    private(set) var parked: Set<SessionID> = []
    private(set) var turns = 0
    private var times: [Interval] = []
    private(set) var failure: String?

    init(_ environment: BenchEnvironment) throws {
        let actors = environment.workflows.flatMap { Array($0.actors.values) }
        self.actors = Dictionary(actors.map { ($0.requestType, $0) }) { first, _ in first }
        let topics = Topics.tasks(of: environment.workflows) + [Topics.events]
        source = try KafkaRecordSource(
            environment.kafka,
            assigning: topics.flatMap { topic in
                (0..<environment.partitions).map { TopicPartition(topic: topic, partition: $0) }
            }
        )
        sink = try KafkaRecordSink(environment.kafka)
    }

    /// Works until `close`.
    func run() async {
        while let event = await source.next() {
            switch event {
            case .assigned(let generation, let partitions):
                await source.start(
                    generation: generation,
                    at: Dictionary(partitions.map { ($0, StartOffset.beginning) }) { first, _ in first }
                )
            case .batch(let batch):
                let now = ContinuousClock.now
                let answers = batch.records.compactMap { take($0, now) }
                await source.done(batch)
                if !answers.isEmpty { Task { await self.send(answers) } }
            case .fatal(let reason), .partitionStopped(_, let reason): failure = reason
            case .revoked, .brokersAway, .brokersBack, .notice: break
            }
        }
    }

    func start(_ sessions: [SessionID]) async {
        await send(sessions.map { BenchRecords.command("Start", to: $0, ["seed": "a lighthouse"]) })
    }

    /// From now on every wait is answered at once, those that are open now included.
    func replyAtOnce() async {
        repliesAtOnce = true
        let waiting = parked
        parked = []
        await send(waiting.map { ask($0) })
    }

    /// Replies to one session that waits; false when none does.
    func replyToOne() async -> Bool {
        guard let session = parked.popFirst() else { return false }
        let record = ask(session)
        Task { await self.send([record]) }
        return true
    }

    /// Nobody will reply to this one.
    func setAside(_ session: SessionID) { parked.remove(session) }

    /// The times of all turns that ended since the last call, and forgets them.
    func takeTimes() -> [Interval] {
        defer { times = [] }
        return times
    }

    func close() async {
        await source.close()
        await sink.close()
    }

    private func ask(_ session: SessionID) -> OutgoingRecord {
        asked[session] = ContinuousClock.now
        return BenchRecords.command(Self.reply, to: session, ["feedback": "darker"])
    }

    /// What is to be sent because of the record.
    private func take(_ record: IncomingRecord, _ now: ContinuousClock.Instant) -> OutgoingRecord? {
        guard let type = record.header("event_type"), let session = record.session else { return nil }
        if let actor = actors[type], let topics = actor.topics {
            if let began = asked.removeValue(forKey: session) {
                turns += 1
                times.append(Interval(microseconds: Int64((now - began).seconds * 1e6)))
            }
            guard let task = record.header("task_id").flatMap({ TaskID($0) }) else { return nil }
            let request = TaskRequest(
                kind: .request(type: type),
                taskID: task,
                attempt: record.header("attempt").flatMap { Int($0) } ?? 1,
                sessionID: session,
                input: .null,
                tenantID: record.header("tenant_id")
            )
            return request.answer(
                type: actor.resultType,
                fields: ["output": ["concepts": [["id": "c1", "title": "A lighthouse"]]]],
                topic: topics.answers,
                id: EventID(derivedFrom: "bench answer", task.description, "\(request.attempt)"),
                now: Surroundings.now()
            )
        }
        guard type == Self.waiting else { return nil }
        if repliesAtOnce { return ask(session) }
        parked.insert(session)
        return nil
    }

    private func send(_ records: [OutgoingRecord]) async {
        let results = await sink.send(records)
        for result in results where result != .sent { failure = "Kafka did not take a record: \(result)" }
    }
}
