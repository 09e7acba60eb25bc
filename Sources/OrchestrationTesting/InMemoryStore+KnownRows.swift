internal import Orchestration

/// A store may write less of a row that was there before (`Commit.knownTasks`, `knownWaits`, commands with an arrival).
/// What it leaves out must not have changed; here a decision that changes it is found out.
extension InMemoryStore {
    static func requireUnchanged(_ new: AsyncTask, _ old: AsyncTask) throws(StoreError) {
        guard new.tenantID == old.tenantID, new.sessionID == old.sessionID, new.userID == old.userID,
            new.taskType == old.taskType, new.triggeredByCommandID == old.triggeredByCommandID,
            new.correlationID == old.correlationID, new.inputData == old.inputData, new.createdAt == old.createdAt
        else { throw lost("task \(new.id)") }
    }

    static func requireUnchanged(_ new: ResumeHandle, _ old: ResumeHandle) throws(StoreError) {
        guard new.tenantID == old.tenantID, new.sessionID == old.sessionID, new.correlationID == old.correlationID,
            new.flowRunID == old.flowRunID, new.taskName == old.taskName, new.draft == old.draft,
            new.timeoutSeconds == old.timeoutSeconds, new.contextData == old.contextData, new.createdAt == old.createdAt
        else { throw lost("wait \(new.id)") }
    }

    static func requireUnchanged(_ new: InboxCommand, _ old: InboxCommand) throws(StoreError) {
        guard new.tenantID == old.tenantID, new.sessionID == old.sessionID, new.aggregateType == old.aggregateType,
            new.commandType == old.commandType, new.idempotencyKey == old.idempotencyKey, new.payload == old.payload,
            new.correlationID == old.correlationID, new.causationID == old.causationID, new.userID == old.userID,
            new.metadata == old.metadata, new.source == old.source, new.createdAt == old.createdAt
        else { throw lost("command \(new.id)") }
    }

    private static func lost(_ row: String) -> StoreError {
        .broken(reason: "a decision changed what is not written of \(row), which was there before")
    }
}
