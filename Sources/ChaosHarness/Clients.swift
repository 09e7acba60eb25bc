internal import Glibc
internal import KafkaTransport
internal import Orchestration

/// Everybody around the workers: people who start sessions, reply late, early, twice or never, and agents that work,
/// fail, repeat themselves or forget. Who does what is thrown with the round's dice.
package actor Clients {
    package struct Load: Sendable {
        /// Sessions started in a second, and how many of the chaos workflow may be open at once.
        package var sessionsPerSecond = 5
        package var openMax = 120
        /// Of a hundred sessions so many play `genesis.yaml`; the others the chaos workflow.
        package var genesisShare = 12

        package init() {}
    }

    private let field: Field
    private let history: History
    private let load: Load
    private let source: KafkaRecordSource
    private let sink: KafkaRecordSink
    let database: Database
    var dice: Dice
    private(set) var seedOfAgents: UInt64
    private(set) var isDraining = false
    private var isClosed = false
    private var underWay = 0
    private(set) package var started = 0
    private(set) package var poisoned = 0
    private(set) package var failure: String?
    private var seenWaits: Set<String> = []
    private var seenRequests: [String: Int] = [:]

    /// How often the request has come, this time included.
    func times(_ request: WorkRequest) -> Int {
        let times = (seenRequests["\(request.task)/\(request.attempt)"] ?? 0) + 1
        seenRequests["\(request.task)/\(request.attempt)"] = times
        return times
    }

    private var loops: [Task<Void, Never>] = []

    package init(_ field: Field, history: History, dice: Dice, load: Load = Load()) throws {
        (self.field, self.history, self.load, self.dice) = (field, history, load, dice)
        seedOfAgents = self.dice.next()
        let topics = Arena.topics.filter { $0.hasSuffix(".tasks") } + ["genesis.session.events"]
        source = try KafkaRecordSource(
            field.configuration,
            assigning: topics.flatMap { topic in
                (0..<field.partitions).map { TopicPartition(topic: topic, partition: $0) }
            }
        )
        sink = try KafkaRecordSink(field.configuration)
        database = Database(field.databaseURL)
    }

    package func run() {
        loops = [
            Task { await self.read() }, Task { await self.startSessions() }, Task { await self.lookForWaits() },
        ]
    }

    /// No new session, no new reply; the agents answer everything from now on. Returns when nothing is under way.
    package func drain() async {
        isDraining = true
        while underWay > 0, !Task.isCancelled { try? await Task.sleep(for: .milliseconds(10)) }
    }

    package func close() async {
        isClosed = true
        await source.close()
        await sink.close()
        for loop in loops { await loop.value }
        database.close()
    }

    // MARK: Sending

    func later(_ milliseconds: Int, _ body: @escaping @Sendable (Clients) async -> Void) {
        underWay += 1
        Task {
            try? await Task.sleep(for: .milliseconds(milliseconds))
            await body(self)
            underWay -= 1
        }
    }

    /// Sends the command so many times, as clients that saw no answer do.
    func offer(_ command: ClientCommand, copies: Int, after delay: Int, viaInbox: Bool = false) {
        for copy in 1...copies {
            let pause = delay + (copy - 1) * dice.number(0...400)
            later(pause) { clients in
                if viaInbox {
                    await clients.insert(command, copy: copy)
                } else {
                    await clients.send(command.record, command.history(copy: copy, via: "kafka"))
                }
            }
        }
    }

    private func insert(_ command: ClientCommand, copy: Int) async {
        let line = command.history(copy: copy, via: "inbox")
        history.write("offered", line)
        while !isClosed {
            if (try? database.rows(command.insertion)) != nil { return history.write("acknowledged", line) }
            try? await Task.sleep(for: .milliseconds(100))
        }
    }

    /// Sends until Kafka has taken it; nil for `line`: nobody need remember it.
    func send(_ record: OutgoingRecord, _ line: JSONObject?, kind: String = "acknowledged") async {
        if let line, kind == "acknowledged" { history.write("offered", line) }
        while !isClosed {
            switch await sink.send([record]).first {
            case .sent:
                if let line { history.write(kind, line) }
                return
            case .fatal(let reason), .refused(let reason):
                failure = reason
                return
            case .failed, .blameless, nil: try? await Task.sleep(for: .milliseconds(50))
            }
        }
    }

    // MARK: Starting

    private func startSessions() async {
        var pause = 0
        while !isDraining, !isClosed {
            pause = 2_000 / max(1, load.sessionsPerSecond)
            try? await Task.sleep(for: .milliseconds(dice.number(0...pause)))
            let open =
                (try? database.number(
                    "SELECT count(*) FROM genesis_sessions WHERE status = 'IN_PROGRESS' AND workflow_name = 'chaos'"
                )) ?? load.openMax
            // It may have begun during the pause, and must not end before what is sent here.
            if isDraining { break }
            if open < load.openMax { startOne() }
            if dice.percent(6) { poison() }
        }
    }

    private func startOne() {
        started += 1
        let session = dice.identifier()
        let workflow = dice.percent(load.genesisShare) ? "genesis" : ChaosWorkflow.name
        let command = ClientCommand(
            "Start",
            to: session,
            of: dice.percent(20) ? "beta" : "default",
            ["seed": "a lighthouse", "workflow": .string(workflow)],
            dice: &dice
        )
        offer(command, copies: dice.number(1...3), after: 0, viaInbox: dice.percent(15))
        if dice.percent(3) {
            var abandon = command
            abandon.id = dice.identifier()
            abandon.type = SessionMessages.abandon
            abandon.payload = [:]
            offer(abandon, copies: dice.number(1...2), after: dice.number(0...3_000))
        }
    }

    /// So many records that nobody can read, now.
    func poison(_ count: Int) { for _ in 0..<count { poison() } }

    /// So many sessions started through the table, one after another.
    func insertStarts(_ count: Int) {
        for number in 0..<count {
            let command = ClientCommand(
                "Start",
                to: dice.identifier(),
                of: "default",
                ["seed": "a lighthouse", "workflow": .string(ChaosWorkflow.name)],
                dice: &dice
            )
            started += 1
            offer(command, copies: 1, after: number * 150, viaInbox: true)
        }
    }

    private func poison() {
        poisoned += 1
        let tag = "poison-\(dice.identifier())"
        let session = dice.identifier()
        let bodies = [
            "{\"\(tag)\":", "[\"\(tag)\"]", "{\"command_type\":\"\(tag)\"}",
            "{\"command_id\":\"\(session)\",\"command_type\":\"Command.Nobody.Knows\",\"aggregate_id\":\"\(tag)\"}",
            "{\"command_id\":\"\(session)\",\"command_type\":\"Command.Nobody.Knows\",\"correlation_id\":\"\(tag)\"}",
        ]
        let record = OutgoingRecord(
            topic: "genesis.session.commands",
            key: dice.percent(20) ? nil : Array(session.utf8),
            value: Array(dice.pick(bodies).utf8)
        )
        later(0) { clients in
            await clients.send(
                record,
                ["topic": "genesis.session.commands", "tag": .string(tag)],
                kind: "poison"
            )
        }
    }

    // MARK: Reading

    private func read() async {
        while let event = await source.next() {
            switch event {
            case .assigned(let generation, let partitions):
                await source.start(
                    generation: generation,
                    at: Dictionary(partitions.map { ($0, StartOffset.beginning) }) { first, _ in first }
                )
            case .batch(let batch):
                for record in batch.records {
                    if record.topicPartition.topic == "genesis.session.events" {
                        note(record)
                    } else if let request = WorkRequest(record) {
                        work(on: request)
                    }
                }
                await source.done(batch)
            case .partitionStopped(_, let reason), .fatal(let reason): failure = reason
            case .revoked, .brokersAway, .brokersBack, .notice: break
            }
        }
    }

    private func note(_ record: IncomingRecord) {
        guard let value = record.value, let body = try? JSONText.parse(value), let cause = body["causation_id"].string
        else { return }
        history.write(
            "answered",
            [
                "message_id": .string(cause), "session_id": body["aggregate_id"], "type": body["event_type"],
                "version": body["aggregate_version"],
            ]
        )
    }

    // MARK: People

    private func lookForWaits() async {
        while !isClosed {
            try? await Task.sleep(for: .milliseconds(60))
            if isDraining { continue }
            let sql = """
                SELECT id, session_id, tenant_id, correlation_id, coalesce(task_name, ''), coalesce(draft, 0)
                FROM flow_resume_handles WHERE status = 'WAITING' AND created_at > now() - interval '30 seconds'
                """
            for row in (try? database.rows(sql)) ?? [] {
                guard let wait = Wait(row), seenWaits.insert(wait.id).inserted else { continue }
                decide(wait)
            }
        }
    }
}
