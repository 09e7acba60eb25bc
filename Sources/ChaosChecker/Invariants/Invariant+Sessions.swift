extension Invariant {
    /// Sessions and their events.
    static let sessions = [
        Invariant(
            "I2 versions",
            "A session's events have the versions 1, 2, 3, … without a gap.",
            """
            SELECT aggregate_id, min(aggregate_version), max(aggregate_version), count(*) FROM domain_events
            GROUP BY aggregate_id
            HAVING min(aggregate_version) <> 1 OR max(aggregate_version) <> count(*)
            """
        ),
        Invariant(
            "I3 row is the fold",
            "A session's row is the fold of its events, and its version their number.",
            """
            SELECT s.id, s.version, f.events, image - 'state' AS folded FROM genesis_sessions s LEFT JOIN (
                SELECT aggregate_id, count(*) AS events, checker.fold(state_change ORDER BY aggregate_version) AS image
                FROM domain_events GROUP BY aggregate_id
            ) AS f ON f.aggregate_id = s.id
            WHERE f.events IS DISTINCT FROM s.version
                OR (f.image - 'next_timer_at') IS DISTINCT FROM jsonb_build_object(
                    'id', s.id, 'tenant_id', s.tenant_id, 'user_id', s.user_id, 'status', s.status,
                    'current_stage', s.current_stage, 'confirmed_data', s.confirmed_data, 'novel_id', s.novel_id,
                    'workflow_name', s.workflow_name, 'workflow_version', s.workflow_version,
                    'workflow_hash', s.workflow_hash, 'state', s.state, 'correlation_id', s.correlation_id
                )
                OR (f.image ->> 'next_timer_at')::timestamptz IS DISTINCT FROM s.next_timer_at
            """
        ),
        Invariant(
            "I3 every stream has its row",
            "Events belong to a session that exists.",
            """
            SELECT DISTINCT e.aggregate_id FROM domain_events e
            WHERE NOT EXISTS (SELECT FROM genesis_sessions s WHERE s.id = e.aggregate_id)
            """
        ),
        Invariant(
            "I5 global order",
            "A session's events stand in the order of their versions among all events, and their times do not go back.",
            """
            SELECT aggregate_id, aggregate_version, global_position, earlier, occurred_at, before FROM (
                SELECT aggregate_id, aggregate_version, global_position, occurred_at,
                    lag(global_position) OVER stream AS earlier, lag(occurred_at) OVER stream AS before
                FROM domain_events WINDOW stream AS (PARTITION BY aggregate_id ORDER BY aggregate_version)
            ) AS t WHERE earlier >= global_position OR occurred_at < before - interval '1 second'
            """
        ),
        Invariant(
            "I8 an ended session is closed",
            "No wait, task or command of an ended session is open.",
            """
            SELECT s.id, s.status, open.what, open.id AS open_id FROM genesis_sessions s JOIN (
                SELECT 'wait' AS what, id, session_id FROM flow_resume_handles
                    WHERE status IN ('PENDING_PAUSE', 'WAITING', 'PAUSED')
                UNION ALL SELECT 'task', id, session_id FROM async_tasks WHERE status IN ('PENDING', 'RUNNING')
                UNION ALL SELECT 'command', id, session_id FROM command_inbox WHERE status IN ('RECEIVED', 'PROCESSING')
            ) AS open ON open.session_id = s.id
            WHERE s.status IN ('COMPLETED', 'ABANDONED', 'FAILED')
            """
        ),
        Invariant(
            "I12 tenants",
            "No row refers to a row of another tenant.",
            """
            SELECT s.id, s.tenant_id, other.what, other.id AS other_id, other.tenant_id AS other_tenant
            FROM genesis_sessions s JOIN (
                SELECT 'event' AS what, event_id AS id, aggregate_id AS session_id, tenant_id FROM domain_events
                UNION ALL SELECT 'wait', id, session_id, tenant_id FROM flow_resume_handles
                UNION ALL SELECT 'task', id, session_id, tenant_id FROM async_tasks
                UNION ALL SELECT 'command', id, session_id, tenant_id FROM command_inbox WHERE verdict = 'accepted'
                UNION ALL SELECT 'outbox', o.id, e.aggregate_id, o.tenant_id
                    FROM event_outbox o JOIN domain_events e ON e.event_id = o.event_id
            ) AS other ON other.session_id = s.id AND other.tenant_id <> s.tenant_id
            """
        ),
        Invariant(
            "T1 one clock",
            "Nothing is published before it happened: deciding and publishing go by the database's clock.",
            """
            SELECT e.event_id, e.event_type, e.occurred_at, o.published_at
            FROM domain_events e JOIN event_outbox o ON o.id = e.event_id
            WHERE o.published_at < e.occurred_at
            """
        ),
    ]
}
