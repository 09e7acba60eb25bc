extension Invariant {
    /// What sessions wait for.
    static let waits = [
        Invariant(
            "I6 one open wait",
            "At most one wait of a correlation, and at most one of a session's state, is open.",
            """
            SELECT tenant_id, correlation_id AS name, count(*) FROM flow_resume_handles
                WHERE status IN ('PENDING_PAUSE', 'WAITING', 'PAUSED') GROUP BY 1, 2 HAVING count(*) > 1
            UNION ALL SELECT tenant_id, session_id || ' ' || task_name, count(*) FROM flow_resume_handles
                WHERE status IN ('WAITING', 'PAUSED') GROUP BY 1, 2 HAVING count(*) > 1
            """
        ),
        Invariant(
            "I7 a wait ends once",
            "A wait that a reply or its deadline has ended has exactly one event that says so, no wait has two, and an open one has none.",
            """
            SELECT h.id, h.status, count(e.*), array_agg(e.aggregate_version) FROM flow_resume_handles h
            LEFT JOIN domain_events e ON e.aggregate_id = h.session_id
                AND e.metadata -> 'wait_ended' ->> 'handle_id' = h.id::text
            GROUP BY h.id, h.status
            HAVING count(e.*) > 1 OR count(e.*) < CASE WHEN h.status IN ('RESUMED', 'EXPIRED') THEN 1 ELSE 0 END
                OR (h.status IN ('PENDING_PAUSE', 'WAITING', 'PAUSED') AND count(e.*) > 0)
                OR bool_or(e.metadata -> 'wait_ended' ->> 'status' <> h.status::text)
            """
        ),
        Invariant(
            "I7 a reply resumes once",
            "A resumed wait names the accepted reply that did it, and a reply resumes at most one wait.",
            """
            SELECT h.id, h.resumed_by, c.verdict FROM flow_resume_handles h
                LEFT JOIN command_inbox c ON c.id = h.resumed_by AND c.session_id = h.session_id
                WHERE h.status = 'RESUMED' AND c.verdict IS DISTINCT FROM 'accepted'
            UNION ALL SELECT (array_agg(id))[1], resumed_by, NULL FROM flow_resume_handles WHERE status = 'RESUMED'
                GROUP BY resumed_by HAVING count(*) > 1
            """
        ),
        Invariant(
            "I7 a reply goes where it says",
            "A reply that names a draft or a wait has resumed no other.",
            """
            SELECT h.id, h.correlation_id, e.draft, c.id AS reply, c.correlation_id AS named, c.payload ->> 'draft' AS named_draft
            FROM flow_resume_handles h JOIN command_inbox c ON c.id = h.resumed_by
            LEFT JOIN LATERAL (
                -- The question as it was published; the row may have been changed since.
                SELECT e.metadata -> 'wait' ->> 'draft' AS draft FROM domain_events e
                WHERE e.aggregate_id = h.session_id AND e.metadata -> 'wait' ->> 'handle_id' = h.id::text LIMIT 1
            ) AS e ON true
            WHERE h.status = 'RESUMED' AND (
                coalesce(c.payload ->> 'draft', c.payload ->> 'attempt') <> coalesce(e.draft, h.draft::text)
                OR (c.correlation_id <> h.correlation_id AND EXISTS (
                    SELECT FROM flow_resume_handles o
                    WHERE o.session_id = h.session_id AND o.correlation_id = c.correlation_id
                ))
            )
            """
        ),
        Invariant(
            "I7 deadlines",
            "No wait expired before its deadline, and none took a reply after it.",
            """
            SELECT h.id, h.status, h.expires_at, h.resumed_at, o.published_at FROM flow_resume_handles h
            JOIN domain_events e ON e.aggregate_id = h.session_id
                AND e.metadata -> 'wait_ended' ->> 'handle_id' = h.id::text
            JOIN event_outbox o ON o.id = e.event_id
            WHERE (h.status = 'EXPIRED' AND (e.occurred_at < h.expires_at OR o.published_at < h.expires_at))
                OR (h.status = 'RESUMED' AND h.resumed_at > h.expires_at)
            """
        ),
        Invariant(
            "I9 announced waits exist",
            "A wait that an event announces is a row of that session, and an open or resumed wait is announced once.",
            """
            SELECT h.id, e.event_id, e.aggregate_version FROM domain_events e LEFT JOIN flow_resume_handles h
                ON h.session_id = e.aggregate_id AND h.id::text = e.metadata -> 'wait' ->> 'handle_id'
                WHERE e.metadata ? 'wait' AND h.id IS NULL
            UNION ALL SELECT h.id, NULL, count(e.*) FROM flow_resume_handles h LEFT JOIN domain_events e
                ON e.aggregate_id = h.session_id AND e.metadata -> 'wait' ->> 'handle_id' = h.id::text
                WHERE h.status IN ('WAITING', 'PAUSED', 'RESUMED') GROUP BY h.id HAVING count(e.*) <> 1
            """
        ),
        Invariant(
            "C10 nothing is overdue",
            "After the run nothing is left that became due long before.",
            """
            SELECT 'wait' AS what, h.id, h.expires_at AS due FROM flow_resume_handles h
                JOIN genesis_sessions s ON s.id = h.session_id CROSS JOIN checker.run
                WHERE s.status = 'IN_PROGRESS' AND h.status IN ('PENDING_PAUSE', 'WAITING') AND h.expires_at < overdue_before
            UNION ALL SELECT 'timer', s.id, s.next_timer_at FROM genesis_sessions s CROSS JOIN checker.run
                WHERE s.status = 'IN_PROGRESS' AND s.next_timer_at < overdue_before
            UNION ALL SELECT 'task', t.id, t.deadline_at FROM async_tasks t
                JOIN genesis_sessions s ON s.id = t.session_id CROSS JOIN checker.run
                WHERE s.status = 'IN_PROGRESS' AND t.status IN ('PENDING', 'RUNNING') AND t.deadline_at < overdue_before
            UNION ALL SELECT 'outbox', o.id, greatest(o.created_at, o.scheduled_at, o.next_retry_at) FROM event_outbox o
                CROSS JOIN checker.run
                WHERE o.status IN ('PENDING', 'FAILED')
                    AND greatest(o.created_at, o.scheduled_at, o.next_retry_at) < overdue_before
                    AND NOT EXISTS (
                        SELECT FROM event_outbox b WHERE (b.topic, b.partition_key) = (o.topic, o.partition_key)
                            AND b.position < o.position AND b.status = 'DEAD'
                    )
            """
        ),
    ]

    /// What agents work on.
    static let tasks = [
        Invariant(
            "I10 tasks",
            "A task was not retried beyond its limit, and has a time of its end exactly when it has ended.",
            """
            SELECT id, status, attempt, retry_count, max_retries, completed_at FROM async_tasks
            WHERE retry_count > max_retries OR attempt <= retry_count
                OR (status IN ('COMPLETED', 'FAILED', 'CANCELLED')) <> (completed_at IS NOT NULL)
            """
        ),
        Invariant(
            "I10 one request an attempt",
            "Every attempt of a task was requested exactly once.",
            """
            SELECT t.id, t.attempt, array_agg(r.attempt ORDER BY r.attempt) AS requested
            FROM async_tasks t LEFT JOIN checker.requests r ON r.task_id = t.id
            WHERE NOT EXISTS (
                -- What an operator completes or skips on a task that had ended may never have been requested.
                SELECT FROM domain_events e WHERE e.aggregate_id = t.session_id AND e.payload ->> 'task_id' = t.id::text
                    AND e.event_type IN ('Genesis.Session.Task.Completed', 'Genesis.Session.Task.Skipped')
            )
            GROUP BY t.id, t.attempt
            HAVING count(r.attempt) <> t.attempt OR count(DISTINCT r.attempt) <> t.attempt
            """
        ),
        Invariant(
            "I10 one result a task",
            "At most one result of a task was accepted.",
            """
            SELECT t.id, count(*) FROM async_tasks t JOIN command_inbox c
                ON c.session_id = t.session_id AND c.verdict = 'accepted' AND c.source <> 'worker'
                    AND c.command_type NOT LIKE 'Command.%' AND split_part(c.command_type, '/', 1) <> 'Task.Failed'
                    AND c.payload ->> 'task_id' = t.id::text
            GROUP BY t.id HAVING count(*) > 1
            """
        ),
    ]
}
