internal import Failpoints

/// The moments of a transaction; see `Failpoint`. Only looked at where something is ordered for one.
struct TransactionMoments {
    private enum Kind { case batch, due, mark, lanes, epochs, other }

    private let kind: Kind

    init(_ steps: [Step]) {
        let names = Set(steps.map(\.statement.name))
        kind =
            if names.contains("positions_advance") {
                .batch
            } else if names.contains("lock_sessions") {
                .due
            } else if names.contains("outbox_mark") {
                .mark
            } else if names.contains("lanes_lease") {
                .lanes
            } else if names.contains("positions_take") {
                .epochs
            } else {
                .other
            }
    }

    /// Whether something is ordered for a moment between two statements: they are then sent one by one.
    var isDivided: Bool {
        switch kind {
        case .batch:
            Failpoint.awaits([
                .batchBegun, .positionMoved, .sessionsLocked, .inboxWritten, .sessionsWritten, .eventsAppended,
                .tasksWritten, .handlesWritten, .outboxInserted, .deadLettersWritten,
            ])
        case .due: Failpoint.awaits([.dueSessionsLocked])
        case .mark, .lanes, .epochs, .other: false
        }
    }

    /// Reached when the statement has been answered.
    func after(_ statement: Statement) -> Failpoint? {
        switch (kind, statement.name) {
        case (.batch, "begin"): .batchBegun
        case (.batch, "positions_advance"): .positionMoved
        case (.batch, "lock_sessions"): .sessionsLocked
        case (.batch, "command_inbox_upsert"): .inboxWritten
        case (.batch, "genesis_sessions_upsert"): .sessionsWritten
        case (.batch, "domain_events_insert"): .eventsAppended
        case (.batch, "async_tasks_upsert"): .tasksWritten
        case (.batch, "flow_resume_handles_upsert"): .handlesWritten
        case (.batch, "event_outbox_insert"): .outboxInserted
        case (.batch, "dead_letters_insert"): .deadLettersWritten
        case (.due, "lock_sessions"): .dueSessionsLocked
        default: nil
        }
    }

    /// Reached when COMMIT has been sent and its answer has not been read.
    var committing: Failpoint? {
        switch kind {
        case .batch: .commitSent
        case .mark: .markSent
        case .due, .lanes, .epochs, .other: nil
        }
    }

    /// Reached when COMMIT has been answered.
    var committed: Failpoint? {
        switch kind {
        case .batch: .commitAnswered
        case .mark: .marked
        case .lanes: .lanesLeased
        case .epochs: .epochTaken
        case .due, .other: nil
        }
    }
}
