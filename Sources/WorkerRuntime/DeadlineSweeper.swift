internal import Orchestration

/// Finds what is past its time by the database's clock, and puts it in at the left end as messages.
struct DeadlineSweeper: Sendable {
    let settings: WorkerSettings
    let store: any Store
    let committer: Committer
    let log: any LogSink

    func run() async throws {
        var backoff = Backoff(initial: settings.backoffInitial, longest: settings.backoffMax)
        while !Task.isCancelled {
            do throws(StoreError) {
                let due = try await store.dueInputs(limit: settings.sweepBatchMax)
                backoff.reset()
                do {
                    for input in due { try await settle(input) }
                } catch {
                    throw StoreError.broken(reason: "\(error)")
                }
                if due.count < settings.sweepBatchMax { await Backoff.sleep(settings.sweepInterval) }
            } catch {
                switch error {
                case .broken(let reason): throw WorkerFailure(reason)
                case .conflict, .fenced, .unavailable, .exhausted, .refused:
                    log.warning("cannot look for deadlines", LogField("reason", error.reason))
                    await backoff.pause()
                }
            }
        }
    }

    private func settle(_ input: DueInput) async throws {
        let message = SessionMessage(due: input)
        switch try await committer.commit(
            [message],
            base: CommitBatch(),
            isMoved: { () async throws(StoreError) in false }
        ) {
        case .done, .fenced: return
        case .refused(let reason):
            log.error(
                "the database refuses what a deadline leads to",
                LogField("session_id", input.sessionID),
                LogField("reason", reason)
            )
        }
    }
}
