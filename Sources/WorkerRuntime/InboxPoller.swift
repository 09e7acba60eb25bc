internal import Failpoints
internal import Orchestration

/// Decides the commands that other services and operators insert into `command_inbox`, oldest first.
struct InboxPoller: Sendable {
    let settings: WorkerSettings
    let store: any Store
    let committer: Committer
    let log: any LogSink

    func run() async throws {
        var hindrance = Hindrance("cannot read the inbox", settings, log)
        var idle = Backoff(initial: settings.inboxPollInterval, longest: settings.idlePollMax)
        while !Task.isCancelled {
            do throws(StoreError) {
                let rows = try await store.receivedCommands(limit: settings.inboxBatchMax)
                hindrance.passed()
                if rows.isEmpty {
                    await idle.pause()
                    continue
                }
                idle.reset()
                Failpoint.reach(.inboxRead)
                do {
                    for row in rows where row.payload.object == nil {
                        try await fail(
                            row,
                            "the payload must be a JSON object" + (row.errorMessage.map { ": \($0)" } ?? "")
                        )
                    }
                    try await decide(rows.filter { $0.payload.object != nil }[...])
                } catch let error as StoreError {
                    throw error
                } catch {
                    throw StoreError.broken(reason: "\(error)")
                }
            } catch {
                switch error {
                case .broken(let reason): throw WorkerFailure(reason)
                case .conflict, .duplicate, .fenced, .unavailable, .exhausted, .refused:
                    await hindrance.pause(error.reason)
                }
            }
        }
    }

    /// One transaction for all; if the database refuses one of them, halves until it stands alone and fails it.
    private func decide(_ rows: ArraySlice<InboxCommand>) async throws {
        guard let first = rows.first else { return }
        let messages = rows.map { SessionMessage(row: $0) }
        // A row that was decided after all is no longer found, so a lost answer needs no question.
        switch try await committer.commit(
            messages,
            base: CommitBatch(),
            isMoved: { () async throws(StoreError) in false }
        ) {
        case .done, .fenced: return
        case .refused(let reason):
            if rows.count > 1 {
                let middle = rows.startIndex + rows.count / 2
                try await decide(rows[..<middle])
                try await decide(rows[middle...])
            } else {
                try await fail(first, "the database refuses what the command leads to: \(reason)")
            }
        }
    }

    private func fail(_ row: InboxCommand, _ reason: String) async throws {
        var failed = row
        failed.status = .failed
        failed.verdict = .invalid
        failed.errorMessage = reason
        failed.retryCount += 1
        var request = LoadRequest()
        request.sessions = [row.sessionID]
        let loaded = try await store.load(request)
        var commit = Commit(
            sessionID: row.sessionID,
            tenantID: row.tenantID,
            expectedVersion: loaded.scopes[row.sessionID]?.session?.version ?? 0
        )
        failed.processedAt = loaded.now
        commit.commands = [failed]
        commit.outbox = [settings.topics.notice(of: failed, now: loaded.now)]
        var batch = CommitBatch()
        batch.commits = [commit]
        try await store.commit(batch)
        log.error("command failed", LogField("message_id", row.id), LogField("reason", reason))
    }
}
