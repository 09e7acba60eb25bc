/// Where things are decided: a message meets a session, and a `Commit` says everything that follows.
///
/// Pure: the same message, scope, workflow and time give the same commit. A refusal is a decision too and is
/// committed like any other, so that a repeated message gets the same answer.
package enum SessionDecision {
    /// Decides one message and brings `scope` up to date, so that the next message of the batch builds on it.
    ///
    /// - Parameters:
    ///   - workflow: the definition the session is pinned to, or for a new session the newest; nil when there is none.
    ///   - now: the database's time.
    package static func decide(
        _ message: SessionMessage,
        scope: inout SessionScope,
        workflow: Workflow?,
        topics: SessionTopics,
        now: Instant
    ) -> Commit {
        guard let workflow else {
            return refuseWithoutWorkflow(message, scope: &scope, topics: topics, now: now)
        }
        var turn = Turn(message: message, scope: scope, workflow: workflow, topics: topics, now: now)
        turn.deliver(message)
        scope = turn.scope
        return turn.commit
    }

    /// What is past its time in the scope and must be dealt with before anything that arrives now.
    ///
    /// So a reply one millisecond after the deadline loses even if no sweeper has run.
    package static func overdue(in scope: SessionScope, now: Instant) -> [DueInput] {
        guard let session = scope.session, session.status == .inProgress else { return [] }
        var due: [DueInput] = []
        for handle in scope.handles {
            guard let expiresAt = handle.expiresAt, expiresAt <= now,
                handle.status == .waiting || handle.status == .pendingPause
            else { continue }
            due.append(
                DueInput(sessionID: session.id, tenantID: session.tenantID, kind: .handle(handle.id), dueAt: expiresAt)
            )
        }
        if let timer = session.nextTimerAt, timer <= now {
            due.append(DueInput(sessionID: session.id, tenantID: session.tenantID, kind: .timer, dueAt: timer))
        }
        return due.sorted { $0.dueAt < $1.dueAt }
    }

    private static func refuseWithoutWorkflow(
        _ message: SessionMessage,
        scope: inout SessionScope,
        topics: SessionTopics,
        now: Instant
    ) -> Commit {
        let name = scope.session?.workflowName ?? message.payload["workflow"].string ?? "genesis"
        let hash = scope.session.map { " (\($0.workflowHash.prefix(12)))" } ?? ""
        var commit = Commit(
            sessionID: message.sessionID,
            tenantID: message.tenantID,
            expectedVersion: scope.session?.version ?? 0
        )
        // What is due stays due until a worker has the workflow.
        if case .due = message.kind { return commit }
        let flow = scope.session?.correlationID ?? message.sessionID.description
        let isStart = message.type == SessionMessages.start || scope.session != nil
        let verdict: Verdict = isStart ? .incident : .unknown
        let reason =
            isStart
            ? "this worker has no workflow `\(name)`\(hash) that may be used; add its file to the workflows folder, or enable "
                + "a stored version"
            : message.noSuchSession
        let row = message.inboxRow(.failed, verdict, reason: reason, correlationID: flow, now: now)
        commit.commands = [row]
        commit.outbox = [topics.notice(of: row, now: now)]
        return commit
    }
}

/// The topics that a decision's records go to.
package struct SessionTopics: Equatable, Sendable {
    /// Where every domain event of a session goes.
    package var events: String

    package init(events: String = "genesis.session.events") { self.events = events }

    /// What the sender of a command without events is told.
    package func notice(of row: InboxCommand, now: Instant) -> OutboxMessage {
        PublishedForm.rejection(
            of: row,
            verdict: row.verdict ?? .incident,
            reason: row.errorMessage ?? "",
            topic: events,
            traceparent: row.metadata["traceparent"].string,
            now: now
        )
    }
}
