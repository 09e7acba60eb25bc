internal import Orchestration

/// Decides a batch: loads every session it touches in one round trip, then decides message by message in order.
struct BatchDecider: Sendable {
    let settings: WorkerSettings
    let store: any Store
    let catalog: WorkflowCatalog

    struct Decided {
        var commits: [Commit] = []
        /// Messages whose key was seen before; nothing is written for them.
        var duplicates: [SessionMessage] = []
        /// Which of the messages, by index, are for a session that waits for a newer worker; nothing was decided.
        var waiting: [Int] = []
    }

    /// - Parameter takesUp: whether the messages are those for which their sessions were set aside.
    func decide(_ messages: [SessionMessage], takesUp: Bool = false) async throws(StoreError) -> Decided {
        guard !messages.isEmpty else { return Decided() }
        let loaded = try await store.load(request(for: messages))
        var scopes = loaded.scopes
        var decided = Decided()
        var seen = Set<TenantKey>()
        var ids: [MessageID: TenantKey] = [:]
        for (index, message) in messages.enumerated() {
            if !takesUp, loaded.waiting.contains(message.sessionID) {
                decided.waiting.append(index)
                continue
            }
            let key = TenantKey(tenantID: message.tenantID, key: message.idempotencyKey)
            if isAnswered(message, loaded.answers[key]) || (message.hasAnswer && !seen.insert(key).inserted) {
                decided.duplicates.append(message)
                if let first = loaded.answers[key], let notice = notice(to: message, of: first, loaded.now) {
                    let version = scopes[message.sessionID]?.session?.version ?? 0
                    var commit = Commit(
                        sessionID: message.sessionID,
                        tenantID: message.tenantID,
                        expectedVersion: version
                    )
                    commit.outbox = [notice]
                    decided.commits.append(commit)
                }
                continue
            }
            if message.hasAnswer {
                // Written under the same id, it would overwrite what is known of the other, and be forgotten itself.
                guard (loaded.keys[message.id] ?? key) == key, (ids.updateValue(key, forKey: message.id) ?? key) == key
                else { throw .refused(reason: "the id \(message.id) is another message's; each needs its own") }
            }
            var scope = scopes[message.sessionID] ?? SessionScope()
            let workflow = try await workflow(for: message, scope)
            for due in SessionDecision.overdue(in: scope, now: loaded.now) where message.isFromOutside {
                decided.commits.append(decideOne(SessionMessage(due: due), &scope, workflow, loaded.now))
            }
            decided.commits.append(decideOne(message, &scope, workflow, loaded.now))
            scopes[message.sessionID] = scope
        }
        return decided
    }

    /// A command under the key of another one is told what became of that. The same command once more is not: it has
    /// its answer, and brokers and restarts repeat records.
    private func notice(to message: SessionMessage, of first: InboxCommand, _ now: Instant) -> OutboxMessage? {
        guard message.kind == .command, message.row == nil, message.id != first.id else { return nil }
        let became = first.verdict.map { "its verdict is \($0.rawValue)" } ?? "it has no verdict yet"
        let reason = "the key is command \(first.id)'s; \(became)"
        return settings.topics.notice(
            of: message.inboxRow(.failed, .duplicate, reason: reason, correlationID: first.correlationID, now: now),
            now: now
        )
    }

    private func decideOne(
        _ message: SessionMessage,
        _ scope: inout SessionScope,
        _ workflow: Workflow?,
        _ now: Instant
    ) -> Commit {
        SessionDecision.decide(message, scope: &scope, workflow: workflow, topics: settings.topics, now: now)
    }

    private func request(for messages: [SessionMessage]) -> LoadRequest {
        var request = LoadRequest()
        request.sessions = Array(Set(messages.map(\.sessionID))).sorted()
        for message in messages {
            if message.hasAnswer {
                request.messages.append(message.id)
                request.idempotencyKeys.append(TenantKey(tenantID: message.tenantID, key: message.idempotencyKey))
            }
            switch message.kind {
            case .answer(let answer): request.tasks.append(answer.taskID)
            case .due(.task(let id, _)), .due(.turn(let id, _, _)): request.tasks.append(id)
            case .unreadableAnswer: break
            case .due(.timer), .due(.handle), .due(.reminder): break
            case .command:
                if let task = message.operatedTask { request.tasks.append(task) }
                if let name = message.correlationID {
                    request.correlations.append(TenantKey(tenantID: message.tenantID, key: name))
                }
            }
        }
        return request
    }

    /// Whether the key's recorded row is the answer already; an inserted row that nobody has decided is not.
    private func isAnswered(_ message: SessionMessage, _ row: InboxCommand?) -> Bool {
        guard let row else { return false }
        return !(row.id == message.id && row.verdict == nil && message.row != nil)
    }

    private func workflow(for message: SessionMessage, _ scope: SessionScope) async throws(StoreError) -> Workflow? {
        if let session = scope.session { return try await catalog.workflow(hash: session.workflowHash) }
        return try await catalog.newest(named: message.payload["workflow"].string ?? settings.defaultWorkflow)
    }
}

extension SessionMessage {
    /// Whether the message is remembered under its key. Progress is not: it is told many times and means the same.
    var hasAnswer: Bool {
        switch kind {
        case .command, .unreadableAnswer: true
        case .answer(let answer):
            switch answer.kind {
            case .started, .progressed: false
            case .completed, .failed, .handedBack: true
            }
        // What is due is checked against the row's own state instead.
        case .due: false
        }
    }

    var isFromOutside: Bool {
        switch kind {
        case .command, .answer, .unreadableAnswer: true
        case .due: false
        }
    }
}
