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
    }

    func decide(_ messages: [SessionMessage]) async throws(StoreError) -> Decided {
        guard !messages.isEmpty else { return Decided() }
        let loaded = try await store.load(request(for: messages))
        var scopes = loaded.scopes
        var decided = Decided()
        var seen = Set<TenantKey>()
        var ids: [MessageID: TenantKey] = [:]
        for message in messages {
            let key = TenantKey(tenantID: message.tenantID, key: message.idempotencyKey)
            if isAnswered(message, loaded.answers[key]) || (message.hasAnswer && !seen.insert(key).inserted) {
                decided.duplicates.append(message)
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
            case .due(.task(let id, _)): request.tasks.append(id)
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
        case .command: true
        case .answer(let answer):
            switch answer.kind {
            case .started, .progressed: false
            case .completed, .failed: true
            }
        // What is due is checked against the row's own state instead.
        case .due: false
        }
    }

    var isFromOutside: Bool {
        switch kind {
        case .command, .answer: true
        case .due: false
        }
    }
}
