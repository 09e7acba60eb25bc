internal import Orchestration

/// The queue of tasks that take turns.
enum TaskQueueStatements {
    /// Claims are made one after another in the fleet, so that no two count the same free places. Held for one
    /// statement; what waits for it reads what the one before has written.
    static let serialize = Statement("task_queue_lock", "SELECT pg_advisory_xact_lock(\(lockKey))")
    /// `genesis task queue`, as a number.
    private static let lockKey = 7_310_579_627_441_816

    private static let waits = "status = 'PENDING' AND requested_at IS NULL"
    /// As the index has it: somebody unknown is nobody.
    private static let user = "coalesce(user_id, '')"

    /// Whose turn it is. A `share` is what one user has waiting of one type; shares are found by skipping through the
    /// index, so a tenant with a thousand tasks costs as much as one with one.
    ///
    /// Whoever is at a limit already is left out; of the rest, each limit takes the first in its order. The order is
    /// round robin: a tenant's n-th task, those that have their turn included, comes before any other's (n + 1)-th.
    static let claim = Statement(
        "task_queue_claim",
        """
        WITH RECURSIVE shares AS (
            (SELECT tenant_id, \(user) AS user_id, task_type FROM async_tasks WHERE \(waits)
            ORDER BY tenant_id, \(user), task_type LIMIT 1)
            UNION ALL
            SELECT next.* FROM shares AS s CROSS JOIN LATERAL (
                SELECT tenant_id, \(user), task_type FROM async_tasks
                WHERE \(waits) AND (tenant_id, \(user), task_type) > (s.tenant_id, s.user_id, s.task_type)
                ORDER BY tenant_id, \(user), task_type LIMIT 1
            ) AS next
        ),
        busy AS (
            SELECT tenant_id, \(user) AS user_id, task_type, count(*) AS number FROM async_tasks
            WHERE status IN ('PENDING', 'RUNNING') AND requested_at IS NOT NULL AND not_before IS NOT NULL
            GROUP BY tenant_id, \(user), task_type
        ),
        limits AS (
            SELECT task_type, places FROM unnest($4::text[], $5::bigint[]) AS u (task_type, places)
        ),
        open_shares AS (
            SELECT s.tenant_id, s.user_id, s.task_type, l.places AS type_places,
                (SELECT coalesce(sum(b.number), 0) FROM busy b WHERE b.tenant_id = s.tenant_id) AS of_tenant,
                (SELECT coalesce(sum(b.number), 0) FROM busy b
                WHERE b.tenant_id = s.tenant_id AND b.user_id = s.user_id) AS of_user,
                (SELECT coalesce(sum(b.number), 0) FROM busy b WHERE b.task_type = s.task_type) AS of_type
            FROM shares AS s LEFT JOIN limits AS l USING (task_type)
        ),
        candidates AS (
            SELECT t.id, t.created_at, s.*,
                row_number() OVER (PARTITION BY s.tenant_id, s.user_id ORDER BY t.created_at, t.id) AS n_user
            FROM open_shares AS s CROSS JOIN LATERAL (
                SELECT id, created_at FROM async_tasks
                WHERE \(waits) AND tenant_id = s.tenant_id AND \(user) = s.user_id AND task_type = s.task_type
                    AND not_before <= statement_timestamp()
                ORDER BY created_at, id LIMIT $2::bigint
            ) AS t
            WHERE ($6::bigint IS NULL OR s.of_tenant < $6)
                AND ($7::bigint IS NULL OR s.user_id = '' OR s.of_user < $7)
                AND (s.type_places IS NULL OR s.of_type < s.type_places)
        ),
        of_users AS (
            SELECT c.*, row_number() OVER (PARTITION BY tenant_id ORDER BY created_at, id) + of_tenant AS round
            FROM candidates AS c WHERE $7::bigint IS NULL OR user_id = '' OR n_user + of_user <= $7
        ),
        of_types AS (
            SELECT u.*, row_number() OVER (PARTITION BY task_type ORDER BY round, created_at, id) AS n_type
            FROM of_users AS u WHERE $6::bigint IS NULL OR round <= $6
        ),
        chosen AS (
            SELECT id, round, created_at FROM of_types WHERE type_places IS NULL OR n_type + of_type <= type_places
            ORDER BY round, created_at, id LIMIT $2::bigint
        ),
        taken AS (
            UPDATE async_tasks AS t
            SET requested_at = statement_timestamp(), execution_node = $1::text,
                deadline_at = least(
                    statement_timestamp() + $3::bigint * interval '1 microsecond', t.total_deadline_at
                )
            FROM chosen WHERE t.id = chosen.id AND t.status = 'PENDING' AND t.requested_at IS NULL
            RETURNING t.*, chosen.round
        )
        SELECT \(TasksTable.columns), workflow_hash
        FROM (
            SELECT taken.*, s.workflow_hash FROM taken JOIN genesis_sessions AS s ON s.id = taken.session_id
        ) AS task ORDER BY round, created_at, id
        """
    )

    static let renew = Statement(
        "task_queue_renew",
        """
        UPDATE async_tasks AS t
        SET deadline_at = least(
            statement_timestamp() + u.duration * interval '1 microsecond', t.attempt_deadline_at, t.total_deadline_at
        )
        FROM unnest($1::uuid[], $2::bigint[], $3::bigint[]) AS u (id, attempt, duration)
        WHERE t.id = u.id AND t.attempt = u.attempt AND t.status = 'RUNNING'
        RETURNING t.id
        """
    )
}
