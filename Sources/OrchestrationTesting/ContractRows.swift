internal import Orchestration

/// Rows of one session of its own, as a commit writes them.
final class Rows {
    static let time = Instant(microseconds: 1_790_000_000_000_000)
    let name = "\(UInt64.random(in: 0 ... .max))"
    private var count = 0

    var session: SessionID { SessionID(derivedFrom: "contract", name) }

    func commit(from version: Int) -> Commit {
        var commit = Commit(sessionID: session, tenantID: "default", expectedVersion: version)
        commit.session = GenesisSession(
            id: session,
            tenantID: "default",
            userID: nil,
            status: .inProgress,
            currentStage: .conceptSelection,
            confirmedData: [:],
            novelID: nil,
            workflowName: "n",
            workflowVersion: "1",
            workflowHash: String(repeating: "a", count: 64),
            state: [:],
            nextTimerAt: nil,
            correlationID: "c",
            version: version + 1,
            createdAt: Self.time,
            updatedAt: Self.time
        )
        commit.events = [
            DomainEvent(
                eventID: EventID(derivedFrom: name, "\(version)"),
                tenantID: "default",
                aggregateID: session,
                aggregateVersion: version + 1,
                eventType: "E",
                payload: [:],
                metadata: [:],
                stateChange: [:],
                correlationID: "c",
                causationID: MessageID(derivedFrom: name),
                userID: nil,
                occurredAt: Self.time,
                createdAt: Self.time
            )
        ]
        return commit
    }

    func command(_ type: String, _ status: CommandStatus) -> InboxCommand {
        count += 1
        let id = MessageID(derivedFrom: "command", name, "\(count)")
        return InboxCommand(
            id: id,
            tenantID: "default",
            sessionID: session,
            commandType: type,
            idempotencyKey: id.description,
            payload: [:],
            correlationID: "c",
            causationID: nil,
            userID: nil,
            metadata: [:],
            source: "kafka",
            status: status,
            verdict: .accepted,
            errorMessage: nil,
            retryCount: 0,
            createdAt: Self.time,
            updatedAt: Self.time,
            processedAt: status == .completed ? Self.time : nil
        )
    }

    func handle(_ correlation: String, _ status: HandleStatus, _ expiresAt: Instant?) -> ResumeHandle {
        ResumeHandle(
            id: HandleID(derivedFrom: name, correlation),
            tenantID: "default",
            sessionID: session,
            correlationID: name + correlation,
            flowRunID: nil,
            taskName: nil,
            resumeHandle: [:],
            status: status,
            draft: nil,
            resumePayload: .null,
            resumedBy: nil,
            timeoutSeconds: nil,
            contextData: [:],
            expiresAt: expiresAt,
            pausedAt: nil,
            resumedAt: nil,
            createdAt: Self.time,
            updatedAt: Self.time
        )
    }

    func outbox(_ id: String, key: String? = nil) -> OutboxMessage {
        OutboxMessage(
            id: EventID(derivedFrom: "outbox", name, id),
            eventID: nil,
            tenantID: "default",
            topic: "t",
            partitionKey: key ?? session.description,
            headers: [:],
            payload: [:],
            createdAt: Self.time
        )
    }
}

extension InboxCommand {
    /// The row once it is done.
    var ended: InboxCommand {
        var row = self
        row.status = .completed
        row.processedAt = updatedAt
        return row
    }
}
