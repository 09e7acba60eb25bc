internal import Failpoints
internal import Orchestration

/// Kafka out: publishes the rows of its lanes in order, waits for the brokers, and marks what became of them.
struct OutboxRelay: Sendable {
    let settings: WorkerSettings
    let store: any Store
    let sink: any RecordSink
    let bell: Bell
    let log: any LogSink

    func run() async throws {
        var lanes: [LaneLease] = []
        var renewAt = ContinuousClock.now
        // Whether more is waiting than one batch takes. If not, shares would only make more and smaller transactions.
        var isBehind = false
        var hindrance = Hindrance("the relay waits", settings, log)
        var idle = Backoff(initial: settings.relayPollInterval, longest: settings.idlePollMax)
        var outage = Hindrance("the brokers take nothing, waiting", settings, log)
        // What an earlier process of this name still holds is ours, under a new epoch.
        try? await store.releaseLanes(owner: settings.node)
        while !Task.isCancelled {
            do throws(StoreError) {
                if ContinuousClock.now >= renewAt {
                    // Counted from before the request, so that our belief ends before the database's does.
                    renewAt = ContinuousClock.now + .microseconds(renewInterval.microseconds)
                    lanes = try await store.leaseLanes(owner: settings.node, duration: settings.laneLeaseDuration)
                }
                let batch = try await workOff(lanes, shares: isBehind ? settings.relayShares : 1)
                hindrance.passed()
                isBehind = batch.isFull
                if batch.found > 0 { idle.reset() }
                // Who holds all lanes is woken by whatever this process commits; with others about, their commits have rows for
                // our lanes and cannot wake us.
                let isAlone = lanes.count == OutboxMessage.laneCount
                if batch.found == 0 {
                    await bell.wait(atMost: isAlone ? idle.advance() : settings.relayPollInterval)
                } else if batch.settled == 0 {
                    await outage.pause("\(batch.found) records: \(batch.trouble ?? "no answer")")
                } else {
                    outage.passed()
                    // Nothing else was due when these were read, and what has come since has rung.
                    if isAlone, !isBehind { await bell.wait(atMost: idle.advance()) }
                }
            } catch {
                switch error {
                case .broken(let reason): throw WorkerFailure(reason)
                case .conflict, .duplicate, .fenced, .unavailable, .exhausted, .refused:
                    // What was sent and not marked is sent again, with the same ids.
                    renewAt = ContinuousClock.now
                    await hindrance.pause(error.reason)
                }
            }
        }
    }

    private var renewInterval: Interval { Interval(microseconds: settings.laneLeaseDuration.microseconds / 3) }

    /// The brokers may take longer to answer than a lease lasts. If another relay took the lanes meanwhile, it would send
    /// the same records once more.
    private func keepingLanes<Sent>(_ send: () async throws -> Sent) async throws -> Sent {
        let keeper = Task { [store, settings, renewInterval] in
            let end = ContinuousClock.now + .microseconds(settings.laneKeepLimit.microseconds)
            while ContinuousClock.now < end {
                await Backoff.sleep(renewInterval)
                if Task.isCancelled { return }
                try? await store.renewLanes(owner: settings.node, duration: settings.laneLeaseDuration)
            }
        }
        defer { keeper.cancel() }
        return try await send()
    }

    /// How many batches a stopping worker still sends; the rest is for whoever takes the lanes next.
    static let lastBatchesMax = 20

    /// Sends what the last commits of a stopping worker have left, and gives the lanes back.
    func finish() async {
        do {
            let lanes = try await store.leaseLanes(owner: settings.node, duration: settings.laneLeaseDuration)
            for _ in 0..<Self.lastBatchesMax {
                let rows = try await store.dueOutbox(lanes: lanes, limit: settings.relayBatchMax)
                if rows.isEmpty { break }
                let outcomes = try await publish(rows).outcomes
                if !outcomes.isEmpty { try await store.markOutbox(outcomes, lanes: lanes) }
                if outcomes.count < rows.count || outcomes.contains(where: { $0.result != .sent }) { break }
            }
            try await store.releaseLanes(owner: settings.node)
        } catch {
            log.warning("what is left in the outbox is left to the next worker", LogField("reason", "\(error)"))
        }
    }

    /// How many rows were due, and how many of them have had an outcome.
    private struct Progress: Sendable {
        var found = 0
        /// Whether there may be more: a batch ends at a number of rows, or of bytes.
        var isFull = false
        var settled = 0
        /// Why the brokers took nothing.
        var trouble: String?
    }

    /// One batch of each share of the lanes, side by side: while one waits for the brokers, another waits for the
    /// database. A key is in one lane, so its order is kept.
    private func workOff(_ lanes: [LaneLease], shares count: Int) async throws(StoreError) -> Progress {
        if count <= 1 { return try await workOff(share: lanes) }
        let shares = Dictionary(grouping: lanes) { $0.lane % count }.values
        let results = await withTaskGroup(of: Result<Progress, StoreError>.self) { group in
            for share in shares {
                group.addTask {
                    do throws(StoreError) {
                        return .success(try await workOff(share: share))
                    } catch {
                        return .failure(error)
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        var total = Progress()
        var failure: StoreError?
        for result in results {
            switch result {
            case .success(let some):
                total.found += some.found
                total.isFull = total.isFull || some.isFull
                total.settled += some.settled
                total.trouble = some.trouble ?? total.trouble
            // What ends the worker is told before what can be waited for.
            case .failure(.broken(let reason)): throw .broken(reason: reason)
            case .failure(let error): failure = error
            }
        }
        if let failure { throw failure }
        return total
    }

    private func workOff(share: [LaneLease]) async throws(StoreError) -> Progress {
        let rows = try await store.dueOutbox(lanes: share, limit: settings.relayBatchMax)
        if rows.isEmpty { return Progress() }
        Failpoint.reach(.outboxRead)
        let (outcomes, trouble): ([OutboxOutcome], String?)
        do {
            (outcomes, trouble) = try await publish(rows)
        } catch {
            throw StoreError.broken(reason: "\(error)")
        }
        Failpoint.reach(.recordsAcknowledged)
        if !outcomes.isEmpty { try await store.markOutbox(outcomes, lanes: share) }
        let isFull =
            rows.count >= settings.relayBatchMax
            || rows.reduce(0) { $0 + $1.bytesBound } >= OutboxMessage.batchBytesMax / 2
        return Progress(found: rows.count, isFull: isFull, settled: outcomes.count, trouble: trouble)
    }

    /// Sends the rows and says what became of them; of those that failed because no broker answers only why.
    private func publish(_ rows: [OutboxMessage]) async throws -> (outcomes: [OutboxOutcome], trouble: String?) {
        let sent = try await keepingLanes { try await sendInRounds(rows) }
        let troubled = Set(sent.filter { $0.result.failure != nil }.map { rows[$0.place].topic })
        let states = troubled.isEmpty ? [:] : await sink.states(of: troubled)
        var outcomes: [OutboxOutcome] = []
        var trouble: String?
        var delays: [String] = []
        for (place, result) in sent {
            guard let error = result.failure else {
                outcomes.append(OutboxOutcome(id: rows[place].id, lane: rows[place].lane, result: result))
                continue
            }
            let row = rows[place]
            guard let states else {
                // Nobody answers, and no record is to blame: counted as tries, an outage of minutes would leave them
                // DEAD; told one by one, it would fill the log.
                trouble = error
                continue
            }
            let next: OutboxOutcome.Result
            if result.isBlamed(states[row.topic] ?? .away) {
                log.warning("not taken by Kafka", LogField("outbox_id", row.id), LogField("reason", error))
                next = .failed(error: error, retryAfter: Self.retryDelay(row.retryCount, settings))
            } else {
                delays.append(error)
                next = .delayed(error: error, retryAfter: settings.relayOutageDelay)
            }
            outcomes.append(OutboxOutcome(id: row.id, lane: row.lane, result: next))
        }
        if let reason = delays.last {
            log.warning(
                "not taken by Kafka for now, through no fault of theirs",
                LogField("records", delays.count),
                LogField("reason", reason)
            )
        }
        return (outcomes, trouble)
    }

    /// Sends in rounds, each with at most one row of a topic and key: a row is sent only once those before it are
    /// through, so a record that the brokers refuse never lets a later one of its key overtake.
    ///
    /// - Returns: places in `rows`, which are large to copy, with what became of those.
    private func sendInRounds(
        _ rows: [OutboxMessage]
    ) async throws -> [(place: Int, result: OutboxOutcome.Result)] {
        var queues: [[Int]] = []
        var indices: [RouteKey: Int] = [:]
        for place in rows.indices {
            let route = RouteKey(topic: rows[place].topic, key: rows[place].partitionKey)
            if let index = indices[route] {
                queues[index].append(place)
            } else {
                indices[route] = queues.count
                queues.append([place])
            }
        }
        var outcomes: [(place: Int, result: OutboxOutcome.Result)] = []
        var round = 0
        let end = ContinuousClock.now + .microseconds(settings.relayRoundsLimit.microseconds)
        while true {
            let heads = queues.indices.filter { queues[$0].count > round }
            // Rows without an outcome are due again.
            if heads.isEmpty || (round > 0 && ContinuousClock.now >= end) { return outcomes }
            let sent = heads.map { queues[$0][round] }
            for (index, (place, result)) in zip(heads, zip(sent, try await send(sent, of: rows))) {
                outcomes.append((place, result))
                if result != .sent { queues[index].removeSubrange((round + 1)...) }
            }
            round += 1
        }
    }

    private func send(_ places: [Int], of rows: [OutboxMessage]) async throws -> [OutboxOutcome.Result] {
        let records = places.map { rows[$0].record() }
        var answers = await sink.send(records)
        // Brokers judge what came together: one record too many, or one that is not valid, and all of them are refused.
        let end = ContinuousClock.now + .microseconds(settings.relayRoundsLimit.microseconds)
        for (index, answer) in answers.enumerated() where records.count > 1 {
            guard case .refused(let reason) = answer else { continue }
            answers[index] =
                ContinuousClock.now < end
                ? await sink.sendAlone(records[index]) : .blameless("\(reason); not sent alone yet")
        }
        return try zip(places, answers).map { place, answer in try outcome(answer, at: place, of: rows) }
    }

    private func outcome(
        _ answer: SendResult,
        at place: Int,
        of rows: [OutboxMessage]
    ) throws -> OutboxOutcome.Result {
        switch answer {
        case .sent: return .sent
        case .failed(let reason):
            return .failed(error: reason, retryAfter: Self.retryDelay(rows[place].retryCount, settings))
        case .blameless(let reason): return .delayed(error: reason, retryAfter: settings.relayOutageDelay)
        case .refused(let reason):
            log.error("refused by Kafka", LogField("outbox_id", rows[place].id), LogField("reason", reason))
            return .dead(error: reason)
        case .fatal(let reason): throw WorkerFailure("the Kafka producer cannot go on: \(reason)")
        }
    }

    /// Twice as long with each failure, up to the limit, and somewhere in its upper half.
    static func retryDelay(_ failures: Int, _ settings: WorkerSettings) -> Interval {
        var delay = settings.relayRetryInitial.microseconds
        for _ in 0..<min(failures, 32) where delay < settings.relayRetryMax.microseconds { delay *= 2 }
        delay = min(delay, settings.relayRetryMax.microseconds)
        return Interval(microseconds: Int64.random(in: delay / 2...max(1, delay)))
    }

    private struct RouteKey: Hashable {
        var topic: String
        var key: String
    }
}

extension OutboxOutcome.Result {
    /// Whether a try is counted for a record that is to be sent again.
    fileprivate func isBlamed(_ state: TopicState) -> Bool {
        switch state {
        case .takes: if case .failed = self { true } else { false }
        case .away: false
        case .refuses: true
        }
    }

    /// Why the record is to be sent again.
    fileprivate var failure: String? {
        switch self {
        case .sent, .dead: nil
        case .failed(let error, _), .delayed(let error, _): error
        }
    }
}
