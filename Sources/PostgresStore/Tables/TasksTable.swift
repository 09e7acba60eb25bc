internal import Orchestration

/// `async_tasks`: what agents work on.
enum TasksTable {
    /// Every column in the order of the model's properties, as `read` expects them.
    static let columns = """
        id, tenant_id, session_id, user_id, task_type, actor_id, triggered_by_command_id, correlation_id, status,
        progress::text, progress_message, progress_details, input_data, result_data, error_data,
        execution_node, attempt, retry_count, max_retries, deadline_at, not_before, requested_at,
        attempt_deadline_at, total_deadline_at, started_at, completed_at, created_at, updated_at
        """

    static let upsert = Statement(
        "async_tasks_upsert",
        """
        INSERT INTO async_tasks AS t (
            id, tenant_id, session_id, user_id, task_type, actor_id, triggered_by_command_id, correlation_id,
            status, progress, progress_message, progress_details, input_data, result_data, error_data,
            execution_node, attempt, retry_count, max_retries, deadline_at, not_before, requested_at,
            attempt_deadline_at, total_deadline_at, started_at, completed_at, created_at, updated_at
        )
        SELECT
            u.id, u.tenant_id, u.session_id, u.user_id, u.task_type, u.actor_id, u.triggered_by_command_id,
            u.correlation_id, u.status::task_status, u.progress::numeric, u.progress_message,
            u.progress_details, u.input_data, u.result_data, u.error_data, u.execution_node, u.attempt,
            u.retry_count, u.max_retries, u.deadline_at, u.not_before, u.requested_at, u.attempt_deadline_at,
            u.total_deadline_at, u.started_at, u.completed_at, u.created_at, u.updated_at
        FROM unnest(
            $1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::uuid[], $8::text[],
            $9::text[], $10::text[], $11::text[], $12::jsonb[], $13::jsonb[], $14::jsonb[], $15::jsonb[],
            $16::text[], $17::bigint[], $18::bigint[], $19::bigint[], $20::timestamptz[], $21::timestamptz[],
            $22::timestamptz[], $23::timestamptz[], $24::timestamptz[], $25::timestamptz[],
            $26::timestamptz[], $27::timestamptz[], $28::timestamptz[]
        ) WITH ORDINALITY AS u (
            id, tenant_id, session_id, user_id, task_type, actor_id, triggered_by_command_id, correlation_id,
            status, progress, progress_message, progress_details, input_data, result_data, error_data,
            execution_node, attempt, retry_count, max_retries, deadline_at, not_before, requested_at,
            attempt_deadline_at, total_deadline_at, started_at, completed_at, created_at, updated_at, ordinal
        )
        ORDER BY u.ordinal
        ON CONFLICT (id) DO UPDATE SET
            tenant_id = excluded.tenant_id,
            session_id = excluded.session_id,
            user_id = excluded.user_id,
            task_type = excluded.task_type,
            actor_id = excluded.actor_id,
            triggered_by_command_id = excluded.triggered_by_command_id,
            correlation_id = excluded.correlation_id,
            status = excluded.status,
            progress = CASE WHEN t.attempt = excluded.attempt
                THEN greatest(t.progress, excluded.progress)
                ELSE excluded.progress END,
            progress_message = excluded.progress_message,
            progress_details = excluded.progress_details,
            input_data = excluded.input_data,
            result_data = excluded.result_data,
            error_data = excluded.error_data,
            execution_node = excluded.execution_node,
            attempt = excluded.attempt,
            retry_count = excluded.retry_count,
            max_retries = excluded.max_retries,
            deadline_at = excluded.deadline_at,
            not_before = excluded.not_before,
            requested_at = excluded.requested_at,
            attempt_deadline_at = excluded.attempt_deadline_at,
            total_deadline_at = excluded.total_deadline_at,
            started_at = excluded.started_at,
            completed_at = excluded.completed_at,
            updated_at = excluded.updated_at
        WHERE t.status IN ('PENDING', 'RUNNING') AND excluded.attempt >= t.attempt
            AND (excluded.attempt > t.attempt OR excluded.status <> 'PENDING' OR t.status = 'PENDING')
        """
    )

    static func upsert(_ rows: [AsyncTask]) -> Step {
        Step(upsert) { values in
            values.column(rows) { $0.id }
            values.column(rows) { $0.tenantID }
            values.column(rows) { $0.sessionID }
            values.column(rows) { $0.userID }
            values.column(rows) { $0.taskType }
            values.column(rows) { $0.actorID }
            values.column(rows) { $0.triggeredByCommandID }
            values.column(rows) { $0.correlationID }
            values.column(rows) { $0.status.rawValue }
            values.column(rows) { $0.progress.description }
            values.column(rows) { $0.progressMessage }
            values.column(rows) { $0.progressDetails }
            values.column(rows) { $0.inputData }
            values.column(rows) { $0.resultData }
            values.column(rows) { $0.errorData }
            values.column(rows) { $0.executionNode }
            values.column(rows) { $0.attempt }
            values.column(rows) { $0.retryCount }
            values.column(rows) { $0.maxRetries }
            values.column(rows) { $0.deadlineAt }
            values.column(rows) { $0.notBefore }
            values.column(rows) { $0.requestedAt }
            values.column(rows) { $0.attemptDeadlineAt }
            values.column(rows) { $0.totalDeadlineAt }
            values.column(rows) { $0.startedAt }
            values.column(rows) { $0.completedAt }
            values.column(rows) { $0.createdAt }
            values.column(rows) { $0.updatedAt }
        }
    }

    static func read(_ row: inout RowReader) throws(StoreError) -> AsyncTask {
        AsyncTask(
            id: try row.value(),
            tenantID: try row.value(),
            sessionID: try row.value(),
            userID: try row.optional(),
            taskType: try row.value(),
            actorID: try row.value(),
            triggeredByCommandID: try row.optional(),
            correlationID: try row.value(),
            status: try row.word(),
            progress: try progress(&row),
            progressMessage: try row.optional(),
            progressDetails: try row.value(),
            inputData: try row.value(),
            resultData: try row.value(),
            errorData: try row.value(),
            executionNode: try row.optional(),
            attempt: try row.value(),
            retryCount: try row.value(),
            maxRetries: try row.value(),
            deadlineAt: try row.optional(),
            notBefore: try row.optional(),
            requestedAt: try row.optional(),
            attemptDeadlineAt: try row.optional(),
            totalDeadlineAt: try row.value(),
            startedAt: try row.optional(),
            completedAt: try row.optional(),
            createdAt: try row.value(),
            updatedAt: try row.value()
        )
    }

    private static func progress(_ row: inout RowReader) throws(StoreError) -> Percentage {
        let text: String = try row.value()
        guard let share = Percentage(text) else {
            throw .broken(reason: "column `progress` of async_tasks holds `\(text)`, which is no percentage")
        }
        return share
    }
}
