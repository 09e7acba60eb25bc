internal import Orchestration

/// Decides messages and commits what follows, with everything that can go wrong dealt with by its consequence.
package struct Committer: Sendable {
    let settings: WorkerSettings
    let store: any Store
    let decider: BatchDecider
    let relayBell: Bell
    let tasksBell: Bell
    let watchdog: Watchdog
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
    /// - Parameters:
    ///   - takesUp: whether the messages are those for which their sessions were set aside.
    ///   - setAside: the row for a message, by index, whose session waits for a newer worker; nil leaves it as it is.
    ///   - isMoved: whether a commit whose answer was lost has taken effect after all.
    func commit(
        _ messages: [SessionMessage],
        base: CommitBatch,
        takesUp: Bool = false,
        setAside: @Sendable (Int) -> DeadLetter? = { _ in nil },
        isMoved: () async throws(StoreError) -> Bool
    ) async throws -> Attempt {
        let work = watchdog.begin(
            messages.first.map { "the work on \($0.type) of session \($0.sessionID)" } ?? "a position's move"
        )
        defer { watchdog.end(work) }
        var conflicts = 0
        var duplicates = 0
        var isUncertain = false
        // The server may still have been at it when it was asked.
        var wasUncertain = false
        // Why the position is not ours, if it was not we who moved it.
        var fencedFor: String?
        var backoff = Backoff(initial: settings.backoffInitial, longest: settings.backoffMax)
        var outage = Hindrance("the database is away, waiting", settings, log)
        while true {
            do throws(StoreError) {
                if isUncertain {
                    if try await isMoved() { return .done }
                    if let reason = fencedFor { return .fenced(reason) }
                    (isUncertain, wasUncertain) = (false, true)
                }
                let decided = try await decider.decide(messages, takesUp: takesUp)
                var batch = base
                // A session's records are taken up in the order in which they were set aside.
                batch.deadLetters = (batch.deadLetters + decided.waiting.compactMap(setAside)).inOrderOfRecords
                batch.commits = decided.commits
                if !batch.isEmpty {
                    isUncertain = true
                    try await store.commit(batch)
                    isUncertain = false
                }
                outage.passed()
                report(decided)
                if !batch.outbox.isEmpty || decided.commits.contains(where: { !$0.outbox.isEmpty }) {
                    await relayBell.ring()
                }
                if decided.commits.contains(where: { $0.tasks.contains(where: \.movesQueue) }) {
                    await tasksBell.ring()
                }
                return .done
            } catch {
                switch error {
                case .conflict(let reason), .duplicate(let reason):
                    isUncertain = false
                    conflicts += 1
                    if case .duplicate = error { duplicates += 1 } else { duplicates = 0 }
                    log.debug("conflict, deciding again", LogField("reason", reason))
                    if duplicates > settings.duplicatesMax {
                        return .refused("deciding again changes nothing: \(reason)")
                    }
                    if conflicts > settings.conflictRetriesMax {
                        await backoff.pause()
                        if Task.isCancelled { return .fenced("the worker is stopping; conflict: \(reason)") }
                    }
                case .fenced(let reason):
                    guard wasUncertain else { return .fenced(reason) }
                    (isUncertain, fencedFor) = (true, reason)
                case .refused(let reason): return .refused(reason)
                case .unavailable(let reason), .exhausted(let reason):
                    watchdog.excuse(work)
                    await outage.pause(reason)
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

    private static func word(for row: InboxCommand) -> String {
        if row.verdict?.isRefusal == true { return "refused" }
        return row.status == .failed ? "failed" : "decided"
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
                    Self.word(for: row),
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
