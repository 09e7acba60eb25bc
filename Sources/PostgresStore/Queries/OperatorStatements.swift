internal import Orchestration

/// What an operator changes: dead letters published again, outbox rows tried again or given up.
enum OperatorStatements {
    /// Locked in the order in which the records stood in Kafka, so that they come back in it.
    static let lockDeadLetters = Statement(
        "operator_lock_dead_letters",
        """
        SELECT \(DeadLettersTable.columns) FROM dead_letters WHERE id = ANY ($1::uuid[])
        ORDER BY cluster_id, topic, partition, record_offset FOR UPDATE
        """
    )
    static let lockWaitingDeadLetters = Statement(
        "operator_lock_waiting_dead_letters",
        """
        SELECT \(DeadLettersTable.columns) FROM dead_letters
        WHERE requeued_at IS NULL AND ($1::text IS NULL OR reason = $1)
        ORDER BY cluster_id, topic, partition, record_offset LIMIT $2::bigint FOR UPDATE
        """
    )
    static let markRequeued = Statement(
        "operator_mark_requeued",
        "UPDATE dead_letters SET requeued_at = clock_timestamp(), requeued_by = $2::text WHERE id = ANY ($1::uuid[])"
    )
    /// What is done by hand, and by whom, stays with the row's last error.
    private static func saidBeforeError(_ words: String) -> String {
        "\(words)::text || coalesce('; its last error: ' || o.error_message, '')"
    }
    /// All of the rows or none; answers with what each was before.
    static let requeueOutbox = Statement(
        "operator_requeue_outbox",
        """
        WITH wanted AS (
            SELECT o.id, o.status FROM event_outbox o WHERE o.id = ANY ($1::uuid[]) ORDER BY o.id FOR UPDATE
        ), changed AS (
            UPDATE event_outbox o SET status = 'PENDING', retry_count = 0, next_retry_at = NULL,
                error_message = \(saidBeforeError("$2"))
            FROM wanted w WHERE o.id = w.id
                AND (SELECT count(*) FROM wanted x WHERE x.status IN ('FAILED', 'DEAD')) = cardinality($1::uuid[])
        )
        SELECT id, status FROM wanted
        """
    )
    static let requeueDeadOutbox = Statement(
        "operator_requeue_dead_outbox",
        """
        WITH wanted AS (SELECT o.id FROM event_outbox o WHERE o.status = 'DEAD' ORDER BY o.id FOR UPDATE),
        changed AS (
            UPDATE event_outbox o SET status = 'PENDING', retry_count = 0, next_retry_at = NULL,
                error_message = \(saidBeforeError("$1"))
            FROM wanted w WHERE o.id = w.id RETURNING 1
        )
        SELECT count(*) FROM changed
        """
    )
    /// Answers with what the row was before.
    static let skipOutbox = Statement(
        "operator_skip_outbox",
        """
        WITH wanted AS (SELECT o.id, o.status FROM event_outbox o WHERE o.id = $1::uuid FOR UPDATE),
        changed AS (
            UPDATE event_outbox o SET status = 'SENT', published_at = clock_timestamp(), next_retry_at = NULL,
                error_message = \(saidBeforeError("$2"))
            FROM wanted w WHERE o.id = w.id AND w.status = 'DEAD'
        )
        SELECT id, status FROM wanted
        """
    )
}
