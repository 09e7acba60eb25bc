extension Invariant {
    /// From events to rows that are to be published.
    static let outbox = [
        Invariant(
            "I4 every event is to be published",
            "Every event has exactly one outbox row of its own that says the same, and no row on the events topic says anything else than events and refusals.",
            """
            SELECT e.event_id, o.id FROM domain_events e LEFT JOIN event_outbox o ON o.id = e.event_id
                WHERE o.id IS NULL OR o.event_id IS DISTINCT FROM e.event_id OR o.partition_key <> e.aggregate_id::text
                    OR o.payload IS NOT NULL AND (o.payload ->> 'event_id', o.payload ->> 'event_type', o.payload ->> 'aggregate_id',
                        o.payload ->> 'aggregate_version', o.payload -> 'payload', o.payload ->> 'causation_id')
                    IS DISTINCT FROM (e.event_id::text, e.event_type::text, e.aggregate_id::text,
                        e.aggregate_version::text, e.payload::jsonb, e.causation_id::text)
            UNION ALL SELECT o.event_id, o.id FROM event_outbox o CROSS JOIN checker.run
                WHERE o.topic = events_topic AND o.raw_value IS NULL
                    AND NOT EXISTS (SELECT FROM domain_events e WHERE e.event_id = o.id)
                    AND o.payload ->> 'event_type' IS DISTINCT FROM 'Genesis.Session.Command.Rejected'
            """
        ),
        Invariant(
            "I5 outbox order",
            "The outbox has a session's events in the order of their versions.",
            """
            SELECT aggregate_id, aggregate_version, position, earlier FROM (
                SELECT e.aggregate_id, e.aggregate_version, o.position,
                    lag(o.position) OVER (PARTITION BY e.aggregate_id ORDER BY e.aggregate_version) AS earlier
                FROM domain_events e JOIN event_outbox o ON o.id = e.event_id
            ) AS t WHERE earlier >= position
            """
        ),
    ]

    /// From those rows to Kafka, and back.
    static let kafka = [
        Invariant(
            "C1 sent is there",
            "Every row that is marked as sent is on Kafka, at each of its destinations.",
            """
            SELECT o.id, o.position, d.topic FROM event_outbox o
            CROSS JOIN unnest(CASE o.destination_topics WHEN '{}' THEN ARRAY[o.topic] ELSE o.destination_topics END)
                AS d (topic)
            WHERE o.status = 'SENT' AND coalesce(o.error_message, '') NOT LIKE 'skipped by %' AND NOT (
                CASE WHEN o.raw_value IS NULL THEN EXISTS (
                    SELECT FROM checker.records r WHERE r.event_id = o.id AND r.topic = d.topic
                ) ELSE EXISTS (
                    SELECT FROM checker.records r
                    WHERE r.topic = d.topic AND coalesce(r.value, '') = o.raw_value AND r.key IS NOT DISTINCT FROM o.raw_key
                        AND checker.header(r.headers, 'dlq_offset') IS NOT DISTINCT FROM o.headers ->> 'dlq_offset'
                        AND checker.header(r.headers, 'dlq_partition') IS NOT DISTINCT FROM o.headers ->> 'dlq_partition'
                ) END
            )
            """
        ),
        Invariant(
            "C2 repetitions are the same",
            "A record that was sent again has the same key, bytes, headers and partition.",
            """
            SELECT topic, event_id, count(*), array_agg(record_offset ORDER BY record_offset) FROM checker.records
            WHERE source = 'genesis-worker' AND topic NOT LIKE '%.dlq' GROUP BY topic, event_id
            HAVING count(DISTINCT md5(concat(key, '/', value, '/', headers, '/', partition))) > 1
            """
        ),
        Invariant(
            "C3 a version is one event",
            "On Kafka one version of a session is one event.",
            """
            SELECT body ->> 'aggregate_id' AS session, body ->> 'aggregate_version' AS version, count(DISTINCT event_id)
            FROM checker.records CROSS JOIN checker.run
            WHERE topic = events_topic AND source = 'genesis-worker' AND body ? 'aggregate_version'
            GROUP BY 1, 2, body ->> 'tenant_id' HAVING count(DISTINCT event_id) > 1
            """
        ),
        Invariant(
            "C4 nothing else is there",
            "Every record that names the worker as its source is an outbox row, word for word.",
            """
            SELECT r.topic, r.partition, r.record_offset, r.event_id FROM checker.records r
            WHERE r.source = 'genesis-worker' AND r.topic NOT LIKE '%.dlq' AND NOT EXISTS (
                SELECT FROM event_outbox o LEFT JOIN domain_events e ON o.payload IS NULL AND e.event_id = o.id
                WHERE o.id = r.event_id AND o.partition_key = convert_from(r.key, 'UTF8')
                    AND r.topic = ANY (o.topic || o.destination_topics)
                    AND CASE WHEN o.payload IS NOT NULL THEN o.payload::jsonb = r.body ELSE
                        (r.body ->> 'event_id', r.body ->> 'event_type', r.body ->> 'aggregate_type',
                            r.body ->> 'aggregate_id', r.body ->> 'aggregate_version', r.body -> 'payload',
                            r.body -> 'metadata', r.body ->> 'correlation_id', r.body ->> 'causation_id',
                            r.body ->> 'tenant_id', r.body ->> 'user_id')
                        IS NOT DISTINCT FROM (e.event_id::text, e.event_type::text, e.aggregate_type::text,
                            e.aggregate_id::text, e.aggregate_version::text, e.payload::jsonb,
                            e.metadata::jsonb, e.correlation_id::text, e.causation_id::text,
                            e.tenant_id::text, e.user_id::text)
                    END
            )
            """
        ),
        Invariant(
            "C4 dead letters' copies",
            "Every record on a .dlq topic is the copy of a dead letter.",
            """
            SELECT r.topic, r.partition, r.record_offset FROM checker.records r
            WHERE r.topic LIKE '%.dlq' AND NOT EXISTS (
                SELECT FROM dead_letters d WHERE d.topic || '.dlq' = r.topic
                    AND d.partition::text = checker.header(r.headers, 'dlq_partition')
                    AND d.record_offset::text = checker.header(r.headers, 'dlq_offset')
                    AND coalesce(d.record_value, '') = coalesce(r.value, '')
            )
            """
        ),
        Invariant(
            "C5 order per key",
            "Of each topic and key, records appear for the first time in the order of the outbox.",
            """
            SELECT topic, partition_key, position, first_offset, earlier FROM (
                SELECT *, max(first_offset) OVER (
                    PARTITION BY topic, partition_key ORDER BY position ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS earlier
                FROM (
                    SELECT r.topic, o.partition_key, o.position, min(r.record_offset) AS first_offset
                    FROM event_outbox o JOIN checker.records r ON r.event_id = o.id
                    -- A row for a later time lets the others pass.
                    WHERE o.scheduled_at IS NULL AND o.raw_value IS NULL
                    GROUP BY r.topic, o.partition_key, o.position
                ) AS firsts
            ) AS t WHERE earlier >= first_offset
            """
        ),
        Invariant(
            "C5 versions in order",
            "On the events topic each session's versions appear for the first time in their order.",
            """
            SELECT session, version, first_offset, earlier FROM (
                SELECT *, lag(first_offset) OVER (PARTITION BY session ORDER BY version) AS earlier,
                    lag(version) OVER (PARTITION BY session ORDER BY version) AS version_before
                FROM (
                    SELECT body ->> 'aggregate_id' AS session, (body ->> 'aggregate_version')::integer AS version,
                        min(record_offset) AS first_offset
                    FROM checker.records CROSS JOIN checker.run
                    WHERE topic = events_topic AND source = 'genesis-worker' AND body ? 'aggregate_version'
                    GROUP BY 1, 2
                ) AS firsts
            ) AS t WHERE earlier >= first_offset OR coalesce(version_before, 0) + 1 <> version
            """
        ),
    ]
}
