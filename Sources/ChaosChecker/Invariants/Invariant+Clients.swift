extension Invariant {
    /// What the clients saw, from outside.
    static let clients = [
        Invariant(
            "C7 acknowledged is not lost",
            "Every message whose taking was acknowledged is an inbox row or in a dead letter.",
            """
            SELECT h.number, h.body ->> 'via' AS via, h.body ->> 'message_id' AS message_id, h.body ->> 'type' AS type
            FROM checker.history h
            WHERE h.body ->> 'kind' = 'acknowledged'
                AND NOT EXISTS (
                    SELECT FROM command_inbox c WHERE c.id = checker.uuid(h.body ->> 'message_id')
                        OR c.idempotency_key = h.body ->> 'message_id'
                )
                AND NOT EXISTS (
                    SELECT FROM dead_letters d
                    WHERE position(convert_to(h.body ->> 'message_id', 'UTF8') IN d.record_value) > 0
                )
            """
        ),
        Invariant(
            "C7 poison is set aside",
            "Every record that nobody can read is a dead letter, as often as it is on its topic.",
            """
            SELECT h.number, h.body ->> 'topic' AS topic, h.body ->> 'tag' AS tag, l.letters, r.records
            FROM checker.history h
            CROSS JOIN LATERAL (
                SELECT count(*) AS letters FROM dead_letters d WHERE d.topic = h.body ->> 'topic'
                    AND position(convert_to(h.body ->> 'tag', 'UTF8') IN d.record_value) > 0
            ) AS l
            CROSS JOIN LATERAL (
                SELECT count(*) AS records FROM checker.records r WHERE r.topic = h.body ->> 'topic'
                    AND position(convert_to(h.body ->> 'tag', 'UTF8') IN r.value) > 0
            ) AS r
            WHERE h.body ->> 'kind' = 'poison' AND (l.letters < 1 OR l.letters <> r.records)
            """
        ),
        Invariant(
            "C6 what was seen stays",
            "An event that a client has seen is in the session's history as it was seen.",
            """
            SELECT h.number, h.body - 'at' AS seen FROM checker.history h
            WHERE h.body ->> 'kind' = 'answered' AND h.body ->> 'version' IS NOT NULL AND NOT EXISTS (
                SELECT FROM domain_events e WHERE e.aggregate_id = checker.uuid(h.body ->> 'session_id')
                    AND e.aggregate_version = (h.body ->> 'version')::integer AND e.event_type = h.body ->> 'type'
                    AND e.causation_id = checker.uuid(h.body ->> 'message_id')
            )
            """
        ),
        Invariant(
            "C6 seen before, decided before",
            "Where a client saw what one command did before it sent another, the session's versions say the same.",
            """
            SELECT a.session, a.message_id AS first, a.version AS seen, b.message_id AS second, e.aggregate_version AS decided
            FROM (
                SELECT body ->> 'session_id' AS session, body ->> 'message_id' AS message_id,
                    (body ->> 'version')::integer AS version, min((body ->> 'at')::bigint) AS at
                FROM checker.history WHERE body ->> 'kind' = 'answered' AND body ->> 'version' IS NOT NULL
                GROUP BY 1, 2, 3
            ) AS a
            JOIN (
                SELECT body ->> 'session_id' AS session, body ->> 'message_id' AS message_id,
                    min((body ->> 'at')::bigint) AS at
                FROM checker.history WHERE body ->> 'kind' = 'offered' GROUP BY 1, 2
            ) AS b ON b.session = a.session AND b.at > a.at AND b.message_id <> a.message_id
            JOIN domain_events e ON e.causation_id = checker.uuid(b.message_id)
                AND e.aggregate_id = checker.uuid(b.session)
            WHERE e.aggregate_version <= a.version
            """
        ),
        Invariant(
            "C6 decided as sent",
            "Commands of a session that lie on Kafka one after another were decided in that order.",
            """
            SELECT session, key, first_offset, version, earlier_version FROM (
                SELECT *, lag(version) OVER (PARTITION BY topic, session ORDER BY first_offset) AS earlier_version
                FROM (
                    SELECT r.topic, c.session_id AS session, c.idempotency_key AS key,
                        min(r.record_offset) AS first_offset, d.version
                    FROM checker.records r
                    JOIN command_inbox c ON lower(c.idempotency_key) = lower(checker.message_key(r.body))
                    CROSS JOIN LATERAL (
                        SELECT min(aggregate_version) AS version FROM domain_events e
                        WHERE e.causation_id = c.id AND e.aggregate_id = c.session_id
                    ) AS d
                    WHERE c.source = 'kafka' AND c.verdict = 'accepted' AND d.version IS NOT NULL
                        AND r.topic = (SELECT commands_topic FROM checker.run)
                        -- What was offered as a row too may have been decided from there.
                        AND NOT EXISTS (
                            SELECT FROM checker.history h
                            WHERE h.body ->> 'via' = 'inbox' AND h.body ->> 'message_id' = c.id::text
                        )
                    GROUP BY 1, 2, 3, d.version
                ) AS decided
            ) AS t WHERE earlier_version >= version
            """
        ),
    ]
}
