/// Two sessions, a refusal, a dead letter and some repetitions, written by hand as a clean run would leave them.
///
/// Session `a…` has started, was answered by its agent, took a reply, let a wait expire and is over. Session `b…` waits for
/// its agent, keeps an early reply, and an operator has retried its task.
enum CleanRun {
    static let sql = """
        CREATE FUNCTION checker.id(text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$ SELECT md5($1)::uuid $$;

        INSERT INTO genesis_sessions (id, user_id, status, current_stage, confirmed_data, workflow_hash, state,
            next_timer_at, correlation_id, version, created_at) VALUES
            (checker.id('a'), 'u1', 'COMPLETED', 'FINISHED', '{"title": "x"}', 'h', '{"chart": {"n": 3}}', NULL, 'ca', 4, '2026-01-01'),
            (checker.id('b'), 'u1', 'IN_PROGRESS', 'CONCEPT_SELECTION', '{}', 'h', '{"chart": {}}', '2099-01-01Z', 'cb', 3, '2026-01-01');

        INSERT INTO command_inbox (id, idempotency_key, session_id, command_type, payload, correlation_id, source, status, verdict,
            processed_at, error_message)
        SELECT checker.id(name), coalesce(key, checker.id(name)::text), checker.id(session), type, payload::jsonb, correlation, source,
            status::command_status, verdict::reply_verdict,
            CASE WHEN status IN ('COMPLETED', 'FAILED') THEN timestamptz '2026-01-01 00:00:09' END, NULL
        FROM (VALUES
            ('c1', NULL, 'a', 'Command.Genesis.Session.Start', '{}', 'ca', 'kafka', 'COMPLETED', 'accepted'),
            ('r1', NULL, 'a', 'Chaos.Work.Generated', jsonb_build_object('task_id', checker.id('t1'))::text, 'ca', 'kafka', 'COMPLETED', 'accepted'),
            ('c2', 'key of c2', 'a', 'Command.Genesis.Session.Concept.Confirm', '{"draft": 1}', checker.id('w1')::text, 'kafka', 'COMPLETED', 'accepted'),
            ('d1', NULL, 'a', 'park.expired', '{}', 'ca', 'worker', 'COMPLETED', 'accepted'),
            ('l1', 'worker/late/' || checker.id('a') || '/' || checker.id('t1') || '/1/Task.Started', 'a', 'Task.Started', '{}', 'ca', 'kafka', 'FAILED', 'superseded'),
            ('c5', NULL, 'a', 'Command.Genesis.Session.Seed.Request', '{}', 'ca', 'kafka', 'FAILED', 'wrong_stage'),
            ('c3', NULL, 'b', 'Command.Genesis.Session.Start', '{}', 'cb', 'table', 'PROCESSING', 'accepted'),
            ('c4', NULL, 'b', 'Command.Genesis.Session.Concept.Confirm', '{}', 'cb', 'kafka', 'RECEIVED', 'buffered'),
            ('c6', NULL, 'b', 'Command.Genesis.Session.Task.Retry', jsonb_build_object('task_id', checker.id('t2'))::text, 'cb', 'table', 'COMPLETED', 'accepted')
        ) AS rows (name, key, session, type, payload, correlation, source, status, verdict);

        INSERT INTO domain_events (event_id, aggregate_id, aggregate_version, event_type, payload, metadata, state_change,
            correlation_id, causation_id, occurred_at, created_at)
        SELECT checker.id(session || version), checker.id(session), version, type, payload::jsonb, metadata::jsonb, change::jsonb,
            'c' || session, checker.id(cause), time, time
        FROM (VALUES
            ('a', 1, 'Genesis.Session.Started', '{}', '{}', (
                SELECT jsonb_object_agg(key, jsonb_build_object('s', value)) FROM jsonb_each(jsonb_build_object(
                    'id', checker.id('a'), 'tenant_id', 'default', 'user_id', 'u1', 'status', 'IN_PROGRESS', 'current_stage', 'CONCEPT_SELECTION',
                    'confirmed_data', '{"gone": 1}'::jsonb, 'novel_id', NULL, 'workflow_name', 'genesis', 'workflow_version', '', 'workflow_hash', 'h',
                    'state', '{"chart": {"n": 1}}'::jsonb, 'next_timer_at', '2026-01-01T00:00:05Z', 'correlation_id', 'ca'))
            )::text, 'c1', timestamptz '2026-01-01 00:00:01'),
            ('a', 2, 'Genesis.Session.ConceptProposed', '{"turn": 1}', jsonb_build_object('wait', jsonb_build_object('handle_id', checker.id('h1')))::text,
                '{"state": {"p": {"chart": {"p": {"n": {"s": 2}}}}}}', 'r1', timestamptz '2026-01-01 00:00:02'),
            ('a', 3, 'Genesis.Session.ConceptConfirmed', '{"turn": 1}', jsonb_build_object('wait', jsonb_build_object('handle_id', checker.id('h2')),
                'wait_ended', jsonb_build_object('handle_id', checker.id('h1'), 'status', 'RESUMED'))::text,
                '{"confirmed_data": {"p": {"gone": {"d": null}, "title": {"s": "x"}}}}', 'c2', timestamptz '2026-01-01 00:00:03'),
            ('a', 4, 'Genesis.Session.WaitExpired', '{}', jsonb_build_object('wait_ended', jsonb_build_object('handle_id', checker.id('h2'), 'status', 'EXPIRED'))::text,
                '{"state": {"p": {"chart": {"p": {"n": {"s": 3}}}}}, "status": {"s": "COMPLETED"}, "current_stage": {"s": "FINISHED"}, "next_timer_at": {"s": null}}',
                'd1', timestamptz '2026-01-01 00:00:05'),
            ('b', 1, 'Genesis.Session.Started', '{}', '{}', (
                SELECT jsonb_object_agg(key, jsonb_build_object('s', value)) FROM jsonb_each(jsonb_build_object(
                    'id', checker.id('b'), 'tenant_id', 'default', 'user_id', 'u1', 'status', 'IN_PROGRESS', 'current_stage', 'CONCEPT_SELECTION',
                    'confirmed_data', '{}'::jsonb, 'novel_id', NULL, 'workflow_name', 'genesis', 'workflow_version', '', 'workflow_hash', 'h',
                    'state', '{"chart": {}}'::jsonb, 'next_timer_at', '2099-01-01T00:00:00Z', 'correlation_id', 'cb'))
            )::text, 'c3', timestamptz '2026-01-01 00:00:01'),
            ('b', 2, 'Genesis.Session.ReplyBuffered', '{}', '{}', '{}', 'c4', timestamptz '2026-01-01 00:00:02'),
            ('b', 3, 'Genesis.Session.Task.Retried', jsonb_build_object('command_id', checker.id('c6'), 'operator', 'o', 'reason', '')::text, '{}', '{}',
                'c6', timestamptz '2026-01-01 00:00:03')
        ) AS rows (session, version, type, payload, metadata, change, cause, time);

        INSERT INTO async_tasks (id, session_id, task_type, triggered_by_command_id, status, attempt, completed_at, requested_at) VALUES
            (checker.id('t1'), checker.id('a'), 'Chaos.Work.Generation', checker.id('c1'), 'COMPLETED', 1, '2026-01-01 00:00:02', '2026-01-01'),
            (checker.id('t2'), checker.id('b'), 'Chaos.Work.Generation', checker.id('c3'), 'PENDING', 2, NULL, '2026-01-01');
        INSERT INTO flow_resume_handles (id, session_id, correlation_id, task_name, status, draft, resumed_by, resumed_at, expires_at) VALUES
            (checker.id('h1'), checker.id('a'), checker.id('w1')::text, 'one', 'RESUMED', 1, checker.id('c2'), '2026-01-01 00:00:03', '2026-01-01 00:00:04'),
            (checker.id('h2'), checker.id('a'), checker.id('w2')::text, 'two', 'EXPIRED', 2, NULL, NULL, '2026-01-01 00:00:04.5'),
            (checker.id('h3'), checker.id('b'), checker.id('w3')::text, 'one', 'PENDING_PAUSE', NULL, checker.id('c4'), NULL, '2099-01-01');
        INSERT INTO dead_letters (cluster_id, topic, partition, record_offset, record_key, record_value, reason, detail) VALUES
            ('k', 'genesis.session.commands', 0, 4, 'k', 'poison-7', 'invalid_json', 'line 1: no JSON');

        INSERT INTO event_outbox (id, event_id, topic, partition_key, lane, headers, payload, status, published_at)
            SELECT event_id, event_id, 'genesis.session.events', aggregate_id, 0,
                jsonb_build_object('source', 'genesis-worker', 'ce_id', event_id),
                jsonb_build_object('event_id', event_id, 'event_type', event_type, 'aggregate_id', aggregate_id,
                    'aggregate_version', aggregate_version, 'payload', payload, 'causation_id', causation_id, 'tenant_id', tenant_id),
                'SENT', occurred_at + interval '1 millisecond'
            FROM domain_events ORDER BY aggregate_id, aggregate_version;
        INSERT INTO event_outbox (id, topic, partition_key, lane, headers, payload, status, published_at)
            SELECT checker.id(name), topic, checker.id(session), 0, jsonb_build_object('source', 'genesis-worker', 'ce_id', checker.id(name)),
                body || jsonb_build_object('event_id', checker.id(name)), 'SENT', '2026-01-01 00:00:09'
            FROM (VALUES
                ('t1/1', 'genesis.outline.tasks', 'a', jsonb_build_object('task_id', checker.id('t1'), 'task_type', 'Chaos.Work.Generation', 'attempt', 1, 'input', 1)),
                ('t2/1', 'genesis.outline.tasks', 'b', jsonb_build_object('task_id', checker.id('t2'), 'task_type', 'Chaos.Work.Generation', 'attempt', 1, 'input', 1)),
                ('t2/2', 'genesis.outline.tasks', 'b', jsonb_build_object('task_id', checker.id('t2'), 'task_type', 'Chaos.Work.Generation', 'attempt', 2, 'input', 1)),
                ('refusal', 'genesis.session.events', 'a', '{"event_type": "Genesis.Session.Command.Rejected"}')
            ) AS rows (name, topic, session, body);
        INSERT INTO event_outbox (topic, partition_key, lane, headers, raw_key, raw_value, status, published_at) VALUES
            ('genesis.session.commands.dlq', 'x', 0, '{"dlq_partition": "0", "dlq_offset": "4"}', 'k', 'poison-7', 'SENT', now());

        -- Kafka: in the order of the outbox, then two of them once more.
        INSERT INTO checker.records (topic, partition, record_offset, key, value, headers)
            SELECT topic, 0, row_number() OVER (PARTITION BY topic ORDER BY again, position) - 1,
                convert_to(partition_key, 'UTF8'), convert_to(payload::text, 'UTF8'),
                (SELECT jsonb_agg(jsonb_build_array(key, value)) FROM jsonb_each(headers))
            FROM event_outbox CROSS JOIN generate_series(1, 2) AS again
            WHERE raw_value IS NULL AND (again = 1 OR event_id IN (checker.id('a3'), checker.id('a4')));
        INSERT INTO checker.records (topic, partition, record_offset, key, value, headers)
            SELECT 'genesis.session.commands', 0, record_offset, 'k', convert_to(value, 'UTF8'), '[]' FROM (VALUES
                (0, jsonb_build_object('command_id', checker.id('c1'))::text),
                (1, jsonb_build_object('command_id', checker.id('c2'), 'idempotency_key', 'key of c2')::text),
                (2, jsonb_build_object('command_id', checker.id('c1'))::text),
                (3, jsonb_build_object('event_type', 'Genesis.Session.Command.Received',
                    'payload', jsonb_build_object('command_id', checker.id('c4')))::text),
                (4, 'poison-7'),
                (5, jsonb_build_object('specversion', '1.0', 'id', upper(checker.id('c5')::text))::text)
            ) AS rows (record_offset, value);
        INSERT INTO checker.records (topic, partition, record_offset, key, value, headers) VALUES
            ('genesis.outline.events', 0, 0, 'k', convert_to(jsonb_build_object('event_id', checker.id('r0'), 'event_type', 'Task.Started',
                'aggregate_id', checker.id('a'), 'payload', jsonb_build_object('task_id', checker.id('t1'), 'attempt', 1))::text, 'UTF8'), '[]'),
            ('genesis.outline.events', 0, 1, 'k', convert_to(jsonb_build_object('event_id', checker.id('r1'))::text, 'UTF8'), '[]'),
            ('genesis.session.commands.dlq', 0, 0, 'k', 'poison-7', '[["dlq_partition", "0"], ["dlq_offset", "4"]]');
        INSERT INTO kafka_positions (cluster_id, topic, partition, next_offset, owner_epoch, owner_id) VALUES
            ('k', 'genesis.session.commands', 0, 6, 2, 'w0'), ('k', 'genesis.outline.events', 0, 2, 1, 'w0');

        INSERT INTO checker.history (line)
            SELECT (row || jsonb_build_object('at', row_number() OVER ()))::text FROM (VALUES
                (jsonb_build_object('kind', 'offered', 'via', 'kafka', 'message_id', checker.id('c1'), 'session_id', checker.id('a'))),
                (jsonb_build_object('kind', 'acknowledged', 'via', 'kafka', 'message_id', checker.id('c1'), 'session_id', checker.id('a'))),
                (jsonb_build_object('kind', 'answered', 'message_id', checker.id('c1'), 'session_id', checker.id('a'), 'type', 'Genesis.Session.Started', 'version', 1)),
                (jsonb_build_object('kind', 'offered', 'via', 'kafka', 'message_id', checker.id('c2'), 'session_id', checker.id('a'))),
                (jsonb_build_object('kind', 'poison', 'topic', 'genesis.session.commands', 'tag', 'poison-7')),
                (jsonb_build_object('kind', 'fault', 'what', 'kill'))
            ) AS rows (row);
        INSERT INTO checker.logs (file, line) VALUES
            ('w.log', '{"message": "duplicate"}'), ('w.log', '{"message": "lost the partition to another worker"}'), ('w.log', 'torn {');
        UPDATE outbox_lanes SET owner_id = 'w0', epoch = 1;
        """
}
