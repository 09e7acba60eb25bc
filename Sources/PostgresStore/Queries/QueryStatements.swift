internal import Orchestration

/// What the command line asks. A filter that is NULL lets everything pass.
enum QueryStatements {
    static let sessions = Statement(
        "query_sessions",
        """
        SELECT \(SessionsTable.columns) FROM genesis_sessions
        WHERE ($1::text IS NULL OR status = $1::genesis_status) AND ($2::text IS NULL OR user_id = $2)
            AND ($3::timestamptz IS NULL OR (created_at, id) < ($3, $4::uuid))
        ORDER BY created_at DESC, id DESC LIMIT $5::bigint
        """
    )
    static let sessionsInNeed = Statement(
        "query_sessions_in_need",
        """
        SELECT \(SessionsTable.columns) FROM genesis_sessions
        WHERE status IN ('IN_PROGRESS', 'PAUSED')
            AND ($1::text IS NULL OR status = $1::genesis_status) AND ($2::text IS NULL OR user_id = $2)
            AND (state -> 'incident' <> 'null' OR id IN (
                SELECT session_id FROM flow_resume_handles
                WHERE status IN ('WAITING', 'PAUSED') AND resume_handle -> 'replies' ? $3::text
            ))
        ORDER BY created_at DESC, id DESC LIMIT $4::bigint
        """
    )
    static let session = Statement(
        "query_session",
        "SELECT \(SessionsTable.columns) FROM genesis_sessions WHERE id = $1::uuid"
    )
    static let events = Statement(
        "query_events",
        """
        SELECT \(EventsTable.columns) FROM domain_events
        WHERE aggregate_type = $1::text AND aggregate_id = $2::uuid AND aggregate_version > $3::bigint
        ORDER BY aggregate_version
        """
    )
    static let handles = Statement(
        "query_handles",
        """
        SELECT \(HandlesTable.columns) FROM flow_resume_handles
        WHERE ($1::uuid IS NULL OR session_id = $1) AND ($2::text IS NULL OR status = $2::handle_status)
            AND (NOT $3::bigint::int::bool OR status IN ('PENDING_PAUSE', 'WAITING', 'PAUSED'))
        ORDER BY created_at DESC, id LIMIT $4::bigint
        """
    )
    static let handle = Statement(
        "query_handle",
        "SELECT \(HandlesTable.columns) FROM flow_resume_handles WHERE id = $1::uuid"
    )
    static let handleByCorrelation = Statement(
        "query_handle_by_correlation",
        """
        SELECT \(HandlesTable.columns) FROM flow_resume_handles WHERE tenant_id = $1::text AND correlation_id = $2::text
        ORDER BY created_at DESC, id LIMIT 1
        """
    )
    static let tasks = Statement(
        "query_tasks",
        """
        SELECT \(TasksTable.columns) FROM async_tasks
        WHERE ($1::uuid IS NULL OR session_id = $1) AND ($2::text IS NULL OR status = $2::task_status)
        ORDER BY created_at DESC, id LIMIT $3::bigint
        """
    )
    static let task = Statement("query_task", "SELECT \(TasksTable.columns) FROM async_tasks WHERE id = $1::uuid")
    static let outbox = Statement(
        "query_outbox",
        """
        SELECT \(OutboxTable.columns) FROM event_outbox AS o \(OutboxTable.joinEvent)
        WHERE $1::text IS NULL OR o.status = $1::outbox_status
        ORDER BY o.position DESC LIMIT $2::bigint
        """
    )
    static let outboxStatistics = Statement(
        "query_outbox_statistics",
        """
        SELECT topic, status, count(*), min(created_at) FROM event_outbox GROUP BY topic, status ORDER BY topic, status
        """
    )
    static let deadLetters = Statement(
        "query_dead_letters",
        "SELECT \(DeadLettersTable.columns) FROM dead_letters ORDER BY created_at DESC, id LIMIT $1::bigint"
    )
    static let deadLetter = Statement(
        "query_dead_letter",
        "SELECT \(DeadLettersTable.columns) FROM dead_letters WHERE id = $1::uuid"
    )
    static let command = Statement(
        "query_command",
        "SELECT \(InboxTable.columns) FROM command_inbox WHERE id = $1::uuid"
    )
    static let commandByKey = Statement(
        "query_command_by_key",
        """
        SELECT \(InboxTable.columns) FROM command_inbox WHERE tenant_id = $1::text AND idempotency_key = $2::text
        """
    )
    static let commands = Statement(
        "query_commands",
        """
        SELECT \(InboxTable.columns) FROM command_inbox WHERE $1::uuid IS NULL OR session_id = $1
        ORDER BY arrival DESC LIMIT $2::bigint
        """
    )
    static let refused = Statement(
        "query_refused",
        """
        SELECT \(InboxTable.columns) FROM command_inbox
        WHERE status = 'FAILED' AND (verdict IS NULL OR verdict NOT IN ('accepted', 'buffered'))
            AND starts_with(command_type, $3::text) AND ($1::uuid IS NULL OR session_id = $1)
        ORDER BY created_at DESC, arrival DESC LIMIT $2::bigint
        """
    )
    static let commandsAboutTask = Statement(
        "query_commands_about_task",
        """
        SELECT \(InboxTable.columns) FROM command_inbox WHERE session_id = $1::uuid AND payload ->> 'task_id' = $2::text
        ORDER BY arrival DESC LIMIT $3::bigint
        """
    )
    static let sessionCounts = Statement(
        "query_session_counts",
        "SELECT status, count(*) FROM genesis_sessions GROUP BY status"
    )
    static let earlierCommand = Statement(
        "query_earlier_command",
        """
        SELECT \(InboxTable.columns) FROM command_inbox
        WHERE tenant_id = $1::text AND idempotency_key = $2::text
            OR session_id = $3::uuid AND command_type = $4::text AND status IN ('RECEIVED', 'PROCESSING')
        ORDER BY (tenant_id = $1::text AND idempotency_key = $2::text) DESC, arrival LIMIT 1
        """
    )
    static let insertCommand = Statement(
        "query_insert_command",
        """
        INSERT INTO command_inbox (
            id, tenant_id, session_id, aggregate_type, command_type, idempotency_key, payload, correlation_id,
            causation_id, user_id, metadata, source, status
        ) VALUES (
            $1::uuid, $2::text, $3::uuid, $4::text, $5::text, $6::text, $7::jsonb, $8::text, $9::text, $10::text,
            $11::jsonb, $12::text, $13::text::command_status
        )
        """
    )
}
