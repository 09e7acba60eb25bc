internal import Orchestration

/// `flow_resume_handles`: what parked flows wait for.
enum HandlesTable {
    /// Every column in the order of the model's properties, as `read` expects them.
    static let columns = """
        id, tenant_id, session_id, correlation_id, flow_run_id, task_name, resume_handle, status, draft,
        resume_payload, resumed_by, timeout_seconds, context_data, expires_at, next_reminder_at,
        paused_at, resumed_at, created_at, updated_at
        """

    static let upsert = Statement(
        "flow_resume_handles_upsert",
        """
        INSERT INTO flow_resume_handles AS t (
            id, tenant_id, session_id, correlation_id, flow_run_id, task_name, resume_handle, status,
            draft, resume_payload, resumed_by, timeout_seconds, context_data, expires_at,
            next_reminder_at, paused_at, resumed_at, created_at, updated_at
        )
        SELECT
            u.id, u.tenant_id, u.session_id, u.correlation_id, u.flow_run_id, u.task_name,
            u.resume_handle, u.status::handle_status, u.draft, u.resume_payload, u.resumed_by,
            u.timeout_seconds, u.context_data, u.expires_at, u.next_reminder_at, u.paused_at,
            u.resumed_at, u.created_at, u.updated_at
        FROM unnest(
            $1::uuid[], $2::text[], $3::uuid[], $4::text[], $5::text[], $6::text[], $7::jsonb[],
            $8::text[], $9::bigint[], $10::jsonb[], $11::uuid[], $12::bigint[], $13::jsonb[],
            $14::timestamptz[], $15::timestamptz[], $16::timestamptz[], $17::timestamptz[],
            $18::timestamptz[], $19::timestamptz[]
        ) WITH ORDINALITY AS u (
            id, tenant_id, session_id, correlation_id, flow_run_id, task_name, resume_handle, status,
            draft, resume_payload, resumed_by, timeout_seconds, context_data, expires_at,
            next_reminder_at, paused_at, resumed_at, created_at, updated_at, ordinal
        )
        ORDER BY u.ordinal
        ON CONFLICT (id) DO UPDATE SET
            tenant_id = excluded.tenant_id,
            session_id = excluded.session_id,
            correlation_id = excluded.correlation_id,
            flow_run_id = excluded.flow_run_id,
            task_name = excluded.task_name,
            resume_handle = excluded.resume_handle,
            status = excluded.status,
            draft = excluded.draft,
            resume_payload = excluded.resume_payload,
            resumed_by = excluded.resumed_by,
            timeout_seconds = excluded.timeout_seconds,
            context_data = excluded.context_data,
            expires_at = excluded.expires_at,
            next_reminder_at = excluded.next_reminder_at,
            paused_at = excluded.paused_at,
            resumed_at = excluded.resumed_at,
            updated_at = excluded.updated_at
        WHERE t.status IN ('PENDING_PAUSE', 'WAITING', 'PAUSED')
        """
    )

    static func upsert(_ rows: [ResumeHandle]) -> Step {
        Step(upsert) { values in
            values.column(rows) { $0.id }
            values.column(rows) { $0.tenantID }
            values.column(rows) { $0.sessionID }
            values.column(rows) { $0.correlationID }
            values.column(rows) { $0.flowRunID }
            values.column(rows) { $0.taskName }
            values.column(rows) { $0.resumeHandle }
            values.column(rows) { $0.status.rawValue }
            values.column(rows) { $0.draft }
            values.column(rows) { $0.resumePayload }
            values.column(rows) { $0.resumedBy }
            values.column(rows) { $0.timeoutSeconds }
            values.column(rows) { $0.contextData }
            values.column(rows) { $0.expiresAt }
            values.column(rows) { $0.nextReminderAt }
            values.column(rows) { $0.pausedAt }
            values.column(rows) { $0.resumedAt }
            values.column(rows) { $0.createdAt }
            values.column(rows) { $0.updatedAt }
        }
    }

    static func read(_ row: inout RowReader) throws(StoreError) -> ResumeHandle {
        ResumeHandle(
            id: try row.value(),
            tenantID: try row.value(),
            sessionID: try row.value(),
            correlationID: try row.value(),
            flowRunID: try row.optional(),
            taskName: try row.optional(),
            resumeHandle: try row.value(),
            status: try row.word(),
            draft: try row.optional(),
            resumePayload: try row.value(),
            resumedBy: try row.optional(),
            timeoutSeconds: try row.optional(),
            contextData: try row.value(),
            expiresAt: try row.optional(),
            nextReminderAt: try row.optional(),
            pausedAt: try row.optional(),
            resumedAt: try row.optional(),
            createdAt: try row.value(),
            updatedAt: try row.value()
        )
    }
}
