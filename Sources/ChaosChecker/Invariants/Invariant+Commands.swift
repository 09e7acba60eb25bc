extension Invariant {
    /// What came in, and what became of it.
    static let commands = [
        Invariant(
            "I1 one answer",
            "Every message that was taken has one final status, and a verdict that goes with it.",
            """
            SELECT id, source, command_type, status, verdict, processed_at FROM command_inbox WHERE CASE status
                WHEN 'COMPLETED' THEN verdict IS DISTINCT FROM 'accepted' OR processed_at IS NULL
                WHEN 'FAILED' THEN verdict IS NULL OR processed_at IS NULL
                WHEN 'PROCESSING' THEN verdict IS DISTINCT FROM 'accepted'
                WHEN 'RECEIVED' THEN verdict IS DISTINCT FROM 'buffered'
            END
            """
        ),
        Invariant(
            "I1 work goes on",
            "A command is PROCESSING only while a task that it started is open.",
            """
            SELECT c.id, c.command_type FROM command_inbox c WHERE c.status = 'PROCESSING' AND NOT EXISTS (
                SELECT FROM async_tasks t
                WHERE t.triggered_by_command_id = c.id AND t.status IN ('PENDING', 'RUNNING')
            )
            """
        ),
        Invariant(
            "I1 kept for a reason",
            "An input is kept only for a paused session or for a wait that is still to come: no wake-up is lost.",
            """
            SELECT c.id, c.command_type, s.status FROM command_inbox c LEFT JOIN genesis_sessions s ON s.id = c.session_id
            WHERE c.status = 'RECEIVED' AND c.verdict = 'buffered' AND s.status IS DISTINCT FROM 'PAUSED' AND NOT EXISTS (
                SELECT FROM flow_resume_handles h WHERE h.resumed_by = c.id AND h.status = 'PENDING_PAUSE'
            )
            """
        ),
        Invariant(
            "I1 accepted has effect",
            "An accepted command has at least one event.",
            """
            SELECT c.id, c.command_type FROM command_inbox c
            WHERE c.verdict = 'accepted' AND c.command_type LIKE 'Command.%'
                AND NOT EXISTS (SELECT FROM domain_events e WHERE e.causation_id = c.id)
            """
        ),
        Invariant(
            "I1 refused has none",
            "A refused command has changed nothing.",
            """
            SELECT c.id, c.command_type, c.verdict, e.event_type, e.aggregate_version
            FROM command_inbox c JOIN domain_events e ON e.causation_id = c.id
            WHERE c.verdict NOT IN ('accepted', 'buffered') AND c.command_type LIKE 'Command.%'
                AND e.event_type NOT IN ('Genesis.Session.ReplyBuffered', 'Genesis.Session.IncidentRaised')
            """
        ),
        Invariant(
            "I1 decided once",
            "The events of one message stand together: it was decided once.",
            """
            SELECT e.aggregate_id, e.causation_id, array_agg(e.aggregate_version ORDER BY e.aggregate_version)
            FROM domain_events e JOIN command_inbox c ON c.id = e.causation_id AND c.source <> 'worker'
            WHERE e.event_type NOT IN ('Genesis.Session.ReplyBuffered', 'Genesis.Session.ResultBuffered')
            GROUP BY e.aggregate_id, e.causation_id
            HAVING max(e.aggregate_version) - min(e.aggregate_version) + 1 <> count(*) OR count(DISTINCT e.occurred_at) > 1
            """
        ),
        Invariant(
            "C7 all input is accounted for",
            "Every record on a topic that is read is an inbox row, a dead letter or something that is ignored on purpose.",
            """
            SELECT r.topic, r.partition, r.record_offset, r.body ->> 'event_type' AS event_type, r.body ->> 'command_type' AS command_type
            FROM checker.records r CROSS JOIN checker.run
            WHERE (r.topic = commands_topic OR r.topic IN (SELECT topic FROM kafka_positions))
                -- Ignored: no value; our own facts; what nobody takes on the events topic; progress, which has no answer.
                AND r.value IS NOT NULL
                AND (r.topic = commands_topic OR r.source IS DISTINCT FROM 'genesis-worker')
                AND (r.topic <> events_topic
                    OR coalesce(r.body ->> 'event_type', r.body ->> 'type', 'Genesis.Session.Command.Received')
                        = 'Genesis.Session.Command.Received')
                AND coalesce(r.body ->> 'event_type', '') NOT IN ('Task.Started', 'Task.Progressed')
                AND NOT EXISTS (
                    SELECT FROM dead_letters d
                    WHERE (d.topic, d.partition, d.record_offset) = (r.topic, r.partition, r.record_offset)
                )
                AND NOT EXISTS (
                    SELECT FROM command_inbox c WHERE c.idempotency_key = lower(checker.message_key(r.body))
                        OR c.idempotency_key = checker.message_key(r.body)
                )
            """
        ),
        Invariant(
            "C8 nothing is made up",
            "Every message from Kafka in the inbox is a record on Kafka.",
            """
            SELECT c.id, c.command_type FROM command_inbox c
            WHERE c.source = 'kafka' AND NOT EXISTS (
                SELECT FROM checker.records r WHERE lower(checker.message_key(r.body)) = lower(c.idempotency_key)
            )
            -- Of starts and progress that came too late there is one row for each attempt, under a key of its own.
            AND NOT (c.idempotency_key LIKE 'worker/late/%' AND EXISTS (
                SELECT FROM checker.records r
                WHERE r.body -> 'payload' ->> 'task_id' = split_part(c.idempotency_key, '/', 4)
                    AND r.body ->> 'event_type' = c.command_type AND c.idempotency_key = format('worker/late/%s/%s/%s/%s', r.body ->> 'aggregate_id',
                        r.body -> 'payload' ->> 'task_id', r.body -> 'payload' ->> 'attempt', c.command_type)
            ))
            """
        ),
        Invariant(
            "C9 ids are unique",
            "No key, event id, version or outbox id occurs twice, whatever the indexes say.",
            """
            SELECT 'idempotency key' AS what, idempotency_key AS name, count(*) FROM command_inbox
                GROUP BY tenant_id, idempotency_key HAVING count(*) > 1
            UNION ALL SELECT 'event id', event_id::text, count(*) FROM domain_events GROUP BY event_id HAVING count(*) > 1
            UNION ALL SELECT 'version', aggregate_id || '/' || aggregate_version, count(*) FROM domain_events
                GROUP BY aggregate_id, aggregate_version HAVING count(*) > 1
            UNION ALL SELECT 'outbox id', id::text, count(*) FROM event_outbox GROUP BY id HAVING count(*) > 1
            """
        ),
        Invariant(
            "I11 positions",
            "After the run each partition's position is one past its last record, and never beyond.",
            """
            SELECT p.topic, p.partition, p.next_offset, max(r.record_offset) AS last_record
            FROM kafka_positions p LEFT JOIN checker.records r ON (r.topic, r.partition) = (p.topic, p.partition)
            GROUP BY p.cluster_id, p.topic, p.partition, p.next_offset
            HAVING coalesce(p.next_offset, 0) <> coalesce(max(r.record_offset) + 1, 0)
            """
        ),
        Invariant(
            "I13 dead letters",
            "A dead letter has the reason and the bytes of its record, and exactly one copy goes to the topic's .dlq.",
            """
            SELECT d.id, d.topic, d.partition, d.record_offset, d.reason FROM dead_letters d
            WHERE d.detail = '' OR NOT EXISTS (
                    SELECT FROM checker.records r
                    WHERE (r.topic, r.partition, r.record_offset) = (d.topic, d.partition, d.record_offset)
                        AND r.key IS NOT DISTINCT FROM d.record_key
                        AND coalesce(r.value, '') = coalesce(d.record_value, '')
                )
                OR 1 <> (
                    SELECT count(*) FROM event_outbox o WHERE o.topic = d.topic || '.dlq'
                        AND o.headers ->> 'dlq_partition' = d.partition::text
                        AND o.headers ->> 'dlq_offset' = d.record_offset::text
                )
            """
        ),
        Invariant(
            "I15 operators",
            "An accepted operator's command has exactly one event with the operator and the reason.",
            """
            SELECT c.id, c.command_type, count(e.*) FROM command_inbox c LEFT JOIN domain_events e
                ON e.causation_id = c.id AND e.payload ->> 'command_id' = c.id::text AND e.payload ? 'operator'
                    AND e.payload ? 'reason'
            WHERE c.verdict = 'accepted' AND c.command_type LIKE 'Command.Genesis.Session.Task.%' AND c.payload ? 'task_id'
            GROUP BY c.id, c.command_type HAVING count(e.*) <> 1
            """
        ),
    ]
}
