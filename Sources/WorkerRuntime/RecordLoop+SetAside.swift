internal import Orchestration

/// Sessions that are sent a message of a newer shape stand still, with everything that comes for them, until a worker
/// takes them up that can read it. The partition goes on.
extension RecordLoop {
    func letter(_ record: IncomingRecord, of session: SessionID, _ version: Int) -> DeadLetter {
        log.warning(
            "session set aside: it needs a newer worker",
            LogField("record", Self.name(record)),
            LogField("session_id", session),
            LogField("schema_version", version)
        )
        return DeadLetter(
            of: record,
            clusterID: cluster,
            waitingFor: session,
            needsSchema: version,
            detail:
                "schema version \(version) is newer than \(settings.schemaVersionMax), the newest this worker reads",
            now: .wallClock
        )
    }

    static func letter(
        _ record: IncomingRecord,
        behind session: SessionID,
        in cluster: String
    ) -> DeadLetter {
        DeadLetter(
            of: record,
            clusterID: cluster,
            waitingFor: session,
            needsSchema: 0,
            detail: "the session waits for a newer worker because of an earlier record",
            now: .wallClock
        )
    }
}

/// Takes up, in order, the records of sessions that an older worker has set aside.
struct SetAsideReader: Sendable {
    let settings: WorkerSettings
    let store: any Store
    let reader: MessageReader
    let committer: Committer
    let log: any LogSink

    func run() async throws {
        var hindrance = Hindrance("cannot look for sessions that were set aside", settings, log)
        while !Task.isCancelled {
            do throws(StoreError) {
                let letters = try await store.waitingRecords(
                    schemaVersion: settings.schemaVersionMax,
                    limit: settings.setAsideBatchMax
                )
                hindrance.passed()
                do {
                    for letter in letters { try await takeUp(letter) }
                } catch let error as StoreError {
                    throw error
                } catch {
                    throw StoreError.broken(reason: "\(error)")
                }
                if letters.count < settings.setAsideBatchMax { await Backoff.sleep(settings.setAsideLookInterval) }
            } catch {
                switch error {
                case .broken(let reason): throw WorkerFailure(reason)
                case .conflict, .duplicate, .fenced, .unavailable, .exhausted, .refused:
                    await hindrance.pause(error.reason)
                }
            }
        }
    }

    private func takeUp(_ letter: DeadLetter) async throws {
        var messages: [SessionMessage] = []
        var settled = SettledLetter(id: letter.id)
        switch try await reader.read(letter.record) {
        case .message(let message): messages.append(message)
        case .ignored: break
        case .deadLetter(let reason, let detail): settled = SettledLetter(id: letter.id, reason: reason, detail: detail)
        case .newer: return
        }
        switch try await commit(messages, settled) {
        case .done: log.info("taken up after a newer worker was needed", LogField("dead_letter_id", letter.id))
        case .fenced: return
        case .refused(let reason):
            settled = SettledLetter(id: letter.id, reason: .refused, detail: reason)
            _ = try await commit([], settled)
        }
    }

    private func commit(_ messages: [SessionMessage], _ settled: SettledLetter) async throws -> Committer.Attempt {
        var base = CommitBatch()
        base.settledLetters = [settled]
        // Taken up twice, it meets its own answer.
        return try await committer.commit(
            messages,
            base: base,
            takesUp: true,
            isMoved: { () async throws(StoreError) in false }
        )
    }
}
