extension Invariant {
    /// What went back on the way, though it may look right in the end.
    static let witness = [
        Invariant(
            "I11 only the owner moves a position",
            "A partition's position is moved forward only, by its owner only, and its epoch never falls.",
            """
            SELECT number, id, before, after, writer FROM witness.changes WHERE what = 'kafka_positions' AND (
                (before -> 'next_offset' IS DISTINCT FROM after -> 'next_offset'
                    AND (before -> 'owner_epoch' <> after -> 'owner_epoch' OR writer <> after ->> 'owner_id'))
                OR (after ->> 'next_offset')::bigint < (before ->> 'next_offset')::bigint
                OR (after ->> 'owner_epoch')::bigint < (before ->> 'owner_epoch')::bigint
                OR (before -> 'owner_id' <> after -> 'owner_id' AND before -> 'owner_epoch' = after -> 'owner_epoch')
            )
            """
        ),
        Invariant(
            "I11 lanes",
            "A lane's epoch never falls, and rises with every new owner.",
            """
            SELECT number, id, before, after, writer FROM witness.changes WHERE what = 'outbox_lanes' AND (
                (after ->> 'epoch')::bigint < (before ->> 'epoch')::bigint
                OR (after ->> 'owner_id' IS NOT NULL AND before -> 'owner_id' <> after -> 'owner_id'
                    AND before -> 'epoch' = after -> 'epoch')
            )
            """
        ),
        Invariant(
            "I1 an answer is final",
            "What was once decided is never decided otherwise.",
            """
            SELECT number, id, before, after, writer FROM witness.changes WHERE what = 'command_inbox'
                -- The latest of what came too late again and again.
                AND id NOT IN (SELECT id::text FROM command_inbox WHERE idempotency_key LIKE 'worker/late/%') AND (
                before ->> 'status' IN ('COMPLETED', 'FAILED')
                OR (before ->> 'verdict' <> 'buffered' AND before -> 'verdict' <> after -> 'verdict')
            )
            """
        ),
        Invariant(
            "I2 sessions go forward",
            "A session's version rises only, and an ended session stays ended.",
            """
            SELECT number, id, before, after, writer FROM witness.changes WHERE what = 'genesis_sessions' AND (
                (after ->> 'version')::integer < (before ->> 'version')::integer
                OR (before ->> 'status' IN ('COMPLETED', 'ABANDONED', 'FAILED') AND before -> 'status' <> after -> 'status')
            )
            """
        ),
        Invariant(
            "I10 an ended task stays ended",
            "A task that has ended does not change, and an open one never goes back in attempt, status or progress.",
            """
            SELECT number, id, before, after, writer FROM witness.changes WHERE what = 'async_tasks' AND (
                before ->> 'status' IN ('COMPLETED', 'FAILED', 'CANCELLED')
                OR (after ->> 'attempt')::integer < (before ->> 'attempt')::integer
                OR (before -> 'attempt' = after -> 'attempt' AND (
                    (after ->> 'progress')::numeric < (before ->> 'progress')::numeric
                    OR (before ->> 'status' = 'RUNNING' AND after ->> 'status' = 'PENDING')
                ))
            )
            """
        ),
        Invariant(
            "I7 an ended wait stays ended",
            "A wait that was answered, has expired or was cancelled is never open again, nor ended otherwise.",
            """
            SELECT number, id, before, after, writer FROM witness.changes WHERE what = 'flow_resume_handles'
                AND before ->> 'status' IN ('RESUMED', 'EXPIRED', 'CANCELLED')
            """
        ),
        Invariant(
            "C1 sent stays sent",
            "A row that is marked as sent is never anything else again.",
            """
            SELECT number, id, before, after, writer FROM witness.changes
            WHERE what = 'event_outbox' AND before ->> 'status' = 'SENT'
            """
        ),
        Invariant(
            "L1 fenced by another",
            "A worker loses a partition only to another owner: an answer that was lost is looked up, not guessed.",
            """
            SELECT file, body ->> 'reason' AS reason FROM checker.logs
            WHERE message = 'lost the partition to another worker'
                AND body ->> 'reason' ~ 'epoch (\\d+), expected offset \\S+ epoch \\1($|\\D)'
            """
        ),
        Invariant(
            "L2 fenced once",
            "A worker that has lost a partition says so once and leaves it alone.",
            """
            SELECT file, body ->> 'reason' AS reason, count(*) FROM checker.logs
            WHERE message = 'lost the partition to another worker'
            GROUP BY file, body ->> 'partition', body ->> 'reason' HAVING count(*) > 1
            """
        ),
    ]
}
