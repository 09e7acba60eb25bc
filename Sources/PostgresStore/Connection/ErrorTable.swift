internal import Orchestration

/// What the server said about a statement that failed.
struct ServerFault: Equatable {
    /// Five characters; empty when the connection was lost instead.
    var sqlState: String
    var message: String
    var constraint: String = ""
    var detail: String = ""
}

/// SQLSTATE → what the caller can do about it. The one place where errors are told apart; what is not listed is ours
/// to mend (`.broken`).
enum ErrorTable {
    /// Unique constraints that another writer can reach first.
    static let raceConstraints: Set<String> = [
        "idx_command_inbox_unique_pending_command", "command_inbox_idempotency_key", "command_inbox_pkey",
        "domain_events_stream_key", "domain_events_event_id_key", "genesis_sessions_pkey",
    ]

    /// A handle's correlation is taken by another session: deciding again would change nothing.
    static let takenConstraints: Set<String> = [
        "idx_flow_resume_handles_unique_correlation", "idx_flow_resume_handles_unique_early",
        "idx_flow_resume_handles_unique_paused",
    ]

    /// A prepared statement is unknown, exists already, or does not fit the tables any more.
    static let forgottenPlanStates: Set<String> = ["26000", "42P05", "0A000"]

    static func error(_ fault: ServerFault) -> StoreError {
        let detail = fault.detail.isEmpty ? "" : " (\(fault.detail))"
        let reason =
            fault.sqlState.isEmpty ? fault.message : "\(fault.message)\(detail) [SQLSTATE \(fault.sqlState)]"
        switch fault.sqlState {
        case "": return .unavailable(reason: reason)
        case "GN001": return .conflict(reason: reason)
        case "GN002": return .fenced(reason: reason)
        case "40001", "40P01", "55P03", "57014": return .conflict(reason: reason)
        case "57P01", "57P02", "57P03", "57P05", "25P03", "25P04", "25006", "53300": return .unavailable(reason: reason)
        case "53000", "53100", "53200", "53400", "58030", "XX001", "XX002": return .exhausted(reason: reason)
        case "23505" where raceConstraints.contains(fault.constraint): return .duplicate(reason: reason)
        case "23505" where takenConstraints.contains(fault.constraint): return .refused(reason: reason)
        case "23502", "23514", "54000", "54001": return .refused(reason: reason)
        default: break
        }
        if fault.sqlState.hasPrefix("08") { return .unavailable(reason: reason) }
        if fault.sqlState.hasPrefix("22") { return .refused(reason: reason) }
        if fault.sqlState == "26000" || fault.sqlState == "42P05" {
            return .broken(
                reason: "\(reason); if a pooler in transaction mode (PgBouncer) stands before the database, set "
                    + "GENESIS_PREPARE_STATEMENTS=off"
            )
        }
        if fault.sqlState == "42P01" || fault.sqlState == "42703" || fault.sqlState == "42883" {
            return .broken(reason: "\(reason); the schema may be missing or older: run `genesis migrate up`")
        }
        return .broken(reason: reason)
    }
}
