internal import Orchestration

/// Decides messages and commits what follows, with everything that can go wrong dealt with by its consequence.
package struct Committer: Sendable {
    let settings: WorkerSettings
    let store: any Store
    let decider: BatchDecider
    let relayBell: Bell
    let log: any LogSink

    /// What one attempt at a batch came to.
    enum Attempt {
        case done
        case fenced(String)
        /// The database refuses the values of something in the batch.
        case refused(String)
    }

    /// Decides and commits the messages and `base` (positions, dead letters) in one transaction, as often as it takes.
    ///
    /// - Parameter isMoved: whether a commit whose answer was lost has taken effect after all.
    func commit(
        _ messages: [SessionMessage],
        base: CommitBatch,
        isMoved: () async throws(StoreError) -> Bool
    ) async throws -> Attempt {
        var conflicts = 0
        var isUncertain = false
        var backoff = Backoff(initial: settings.backoffInitial, longest: settings.backoffMax)
        while true {
            do throws(StoreError) {
                if isUncertain, try await isMoved() { return .done }
                isUncertain = false
                let decided = try await decider.decide(messages)
                var batch = base
                batch.commits = decided.commits
                if !batch.isEmpty {
                    isUncertain = true
                    try await store.commit(batch)
                    isUncertain = false
                }
                report(decided)
                if !batch.outbox.isEmpty || decided.commits.contains(where: { !$0.outbox.isEmpty }) {
                    await relayBell.ring()
                }
                return .done
            } catch {
                switch error {
                case .conflict(let reason):
                    isUncertain = false
                    conflicts += 1
                    log.debug("conflict, deciding again", LogField("reason", reason))
                    if conflicts > settings.conflictRetriesMax {
                        await backoff.pause()
                        if Task.isCancelled { return .fenced("the worker is stopping; conflict: \(reason)") }
                    }
                case .fenced(let reason): return .fenced(reason)
                case .refused(let reason): return .refused(reason)
                case .unavailable(let reason), .exhausted(let reason):
                    log.warning("the database is away, waiting", LogField("reason", reason))
                    await backoff.pause()
                    if Task.isCancelled { return .fenced("the worker is stopping; the database is away: \(reason)") }
                case .broken(let reason): throw WorkerFailure(reason)
                }
            }
        }
    }

    /// Refusals are for whoever operates the worker, what went well for who looks for something.
    private static func level(of row: InboxCommand) -> LogLevel? {
        guard let verdict = row.verdict else { return nil }
        if verdict == .incident { return .error }
        return row.status == .failed ? .info : .debug
    }

    private func report(_ decided: BatchDecider.Decided) {
        for message in decided.duplicates where log.keeps(.debug) {
            log.debug(
                "duplicate",
                LogField("message_id", message.id),
                LogField("session_id", message.sessionID),
                LogField("type", message.type)
            )
        }
        for commit in decided.commits {
            for row in commit.commands {
                guard let level = Self.level(of: row), log.keeps(level) else { continue }
                log.write(
                    level,
                    row.status == .failed ? "refused" : "decided",
                    [
                        LogField("session_id", commit.sessionID), LogField("message_id", row.id),
                        LogField("correlation_id", row.correlationID), LogField("type", row.commandType),
                        LogField("verdict", row.verdict?.rawValue ?? ""), LogField("status", row.status.rawValue),
                        LogField("version", commit.session?.version ?? commit.expectedVersion),
                        LogField("events", commit.events.map(\.eventType).joined(separator: " ")),
                    ] + (row.errorMessage.map { [LogField("reason", $0)] } ?? [])
                )
            }
        }
    }
}
