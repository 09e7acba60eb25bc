internal import Failpoints
internal import Orchestration

/// Finds what is past its time by the database's clock, and puts it in at the left end as messages.
struct DeadlineSweeper: Sendable {
    let settings: WorkerSettings
    let store: any Store
    let committer: Committer
    let log: any LogSink

    /// When to look again at something that has been settled and is due all the same: its workflow is unknown here, or
    /// the database refuses what it leads to.
    private struct Revisit {
        var at: ContinuousClock.Instant
        var pause: Interval
    }

    /// How many of those are remembered; beyond, they are looked at in every sweep.
    private static let revisitsMax = 10_000

    private func postpone(_ input: DueInput, _ id: MessageID, in waiting: inout [MessageID: Revisit]) {
        let last = waiting[id]?.pause ?? Interval(microseconds: settings.sweepInterval.microseconds / 2)
        let pause = min(Interval(microseconds: last.microseconds * 2), settings.sweepRevisitMax)
        if waiting[id] != nil {
            log.warning(
                "still due although it was settled; looking again later",
                LogField("session_id", input.sessionID),
                LogField("due_at", input.dueAt)
            )
        }
        waiting[id] = Revisit(at: .now + .microseconds(pause.microseconds), pause: pause)
    }

    func run() async throws {
        var hindrance = Hindrance("cannot look for deadlines", settings, log)
        var waiting: [MessageID: Revisit] = [:]
        while !Task.isCancelled {
            do throws(StoreError) {
                // More by what is only looked at later: however much that is, it must not hide the rest.
                let found = try await store.dueInputs(limit: settings.sweepBatchMax + waiting.count)
                    .map { (input: $0, message: SessionMessage(due: $0)) }
                let now = ContinuousClock.now
                let ids = Set(found.map(\.message.id))
                waiting = waiting.filter { ids.contains($0.key) }
                let due = found.filter { (waiting[$0.message.id]?.at ?? now) <= now }
                hindrance.passed()
                if !due.isEmpty { Failpoint.reach(.deadlinesFound) }
                do {
                    for (input, message) in due {
                        try await settle(message)
                        if waiting.count < Self.revisitsMax { postpone(input, message.id, in: &waiting) }
                    }
                } catch {
                    throw StoreError.broken(reason: "\(error)")
                }
                if due.count < settings.sweepBatchMax { await Backoff.sleep(settings.sweepInterval) }
            } catch {
                switch error {
                case .broken(let reason): throw WorkerFailure(reason)
                case .conflict, .duplicate, .fenced, .unavailable, .exhausted, .refused:
                    await hindrance.pause(error.reason)
                }
            }
        }
    }

    private func settle(_ message: SessionMessage) async throws {
        switch try await committer.commit(
            [message],
            base: CommitBatch(),
            isMoved: { () async throws(StoreError) in false }
        ) {
        case .done, .fenced: return
        case .refused(let reason):
            log.error(
                "the database refuses what a deadline leads to",
                LogField("session_id", message.sessionID),
                LogField("reason", reason)
            )
        }
    }
}
