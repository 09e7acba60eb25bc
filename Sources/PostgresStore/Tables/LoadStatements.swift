internal import Orchestration

/// What deciding a batch needs to know.
///
/// Keys are looked up one by one through their index: `OFFSET 0` keeps the planner, whose statistics may be from when
/// the table was empty or nothing in it was open, from reading all of it, or all that is open, instead; and so does
/// naming the two ways to a row apart.
enum LoadStatements {
    static let now = Statement("load_now", "SELECT clock_timestamp()")
    static let sessions = Statement(
        "load_sessions",
        "SELECT \(SessionsTable.columns) FROM genesis_sessions WHERE id = ANY ($1::uuid[])"
    )
    static let tasks = Statement(
        "load_tasks",
        """
        SELECT \(TasksTable.columns) FROM async_tasks
        WHERE id IN (
            SELECT open.id FROM unnest($1::uuid[]) AS u (session_id)
            CROSS JOIN LATERAL (
                SELECT t.id FROM async_tasks t
                WHERE t.session_id = u.session_id AND t.status IN ('PENDING', 'RUNNING') OFFSET 0
            ) AS open
            UNION ALL
            SELECT unnest($2::uuid[])
        )
        ORDER BY created_at, id
        """
    )
    static let handles = Statement(
        "load_handles",
        """
        SELECT \(HandlesTable.columns) FROM flow_resume_handles
        WHERE id IN (
            SELECT open.id FROM unnest($1::uuid[]) AS u (session_id)
            CROSS JOIN LATERAL (
                SELECT h.id FROM flow_resume_handles h
                WHERE h.session_id = u.session_id AND h.status IN ('PENDING_PAUSE', 'WAITING', 'PAUSED') OFFSET 0
            ) AS open
            UNION ALL
            SELECT named.id FROM unnest($2::text[], $3::text[]) AS u (tenant_id, correlation_id)
            CROSS JOIN LATERAL (
                SELECT h.id FROM flow_resume_handles h
                WHERE h.tenant_id = u.tenant_id AND h.correlation_id = u.correlation_id OFFSET 0
            ) AS named
        )
        ORDER BY created_at, id
        """
    )
    /// What nobody has decided is not ours, and its JSON may be beyond what we read: only its place counts.
    private static let pendingColumns = InboxTable.columns
        .replacing("payload", with: "CASE WHEN verdict IS NULL THEN '{}' ELSE payload END AS payload")
        .replacing("metadata", with: "CASE WHEN verdict IS NULL THEN '{}' ELSE metadata END AS metadata")
    static let pendingCommands = Statement(
        "load_pending_commands",
        """
        SELECT pending.* FROM unnest($1::uuid[]) AS u (id)
        CROSS JOIN LATERAL (
            SELECT \(pendingColumns) FROM command_inbox
            WHERE session_id = u.id AND status IN ('RECEIVED', 'PROCESSING') OFFSET 0
        ) AS pending
        ORDER BY pending.arrival
        """
    )
    static let answers = Statement(
        "load_answers",
        """
        SELECT answer.* FROM unnest($1::text[], $2::text[]) AS u (tenant, key)
        CROSS JOIN LATERAL (
            SELECT \(InboxTable.columns) FROM command_inbox
            WHERE tenant_id = u.tenant AND idempotency_key = u.key OFFSET 0
        ) AS answer
        """
    )
    static let keys = Statement(
        "load_keys",
        "SELECT id, tenant_id, idempotency_key FROM command_inbox WHERE id = ANY ($1::uuid[])"
    )
    static let received = Statement(
        "received_commands",
        """
        SELECT \(InboxTable.columns) FROM command_inbox
        WHERE verdict IS NULL AND status IN ('RECEIVED', 'FAILED')
            AND (status = 'RECEIVED' OR metadata ? '\(InboxCommand.behindKey)') AND NOT EXISTS (
            SELECT 1 FROM dead_letters d
            WHERE d.session_id = command_inbox.session_id AND d.reason = 'needs_newer_worker' AND d.requeued_at IS NULL
        )
        ORDER BY arrival LIMIT $1::bigint
        """
    )
    /// Nothing is due in a paused session; a wait's own row says so, other rows do not.
    private static let goesOn =
        "NOT EXISTS (SELECT FROM genesis_sessions AS s WHERE s.id = due.session_id AND s.status = 'PAUSED')"
    static let due = Statement(
        "due_inputs",
        """
        SELECT * FROM (
            (SELECT 'timer' AS kind, id AS session_id, tenant_id, id, 0 AS attempt, next_timer_at AS due_at
            FROM genesis_sessions WHERE status = 'IN_PROGRESS' AND next_timer_at <= statement_timestamp()
            ORDER BY next_timer_at LIMIT $1::bigint)
            UNION ALL
            (SELECT 'handle', session_id, tenant_id, id, 0, expires_at
            FROM flow_resume_handles AS due
            WHERE status IN ('PENDING_PAUSE', 'WAITING') AND expires_at <= statement_timestamp()
                AND (status = 'WAITING' OR \(goesOn))
            ORDER BY expires_at LIMIT $1::bigint)
            UNION ALL
            (SELECT 'reminder', session_id, tenant_id, id, 0, next_reminder_at
            FROM flow_resume_handles WHERE status = 'WAITING' AND next_reminder_at <= statement_timestamp()
            ORDER BY next_reminder_at LIMIT $1::bigint)
            UNION ALL
            (SELECT 'task', session_id, tenant_id, id, attempt, deadline_at
            FROM async_tasks AS due
            WHERE status IN ('PENDING', 'RUNNING') AND deadline_at <= statement_timestamp() AND \(goesOn)
            ORDER BY deadline_at LIMIT $1::bigint)
        ) AS due ORDER BY due_at, id LIMIT $1::bigint
        """
    )
}
