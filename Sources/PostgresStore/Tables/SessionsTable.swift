internal import Orchestration

/// `genesis_sessions`: one session: the fold of its events.
enum SessionsTable {
    /// Every column in the order of the model's properties, as `read` expects them.
    static let columns = """
        id, tenant_id, user_id, status, current_stage, confirmed_data, novel_id, workflow_name,
        workflow_version, workflow_hash, state, next_timer_at, correlation_id, version, created_at,
        updated_at
        """

    static let upsert = Statement(
        "genesis_sessions_upsert",
        """
        INSERT INTO genesis_sessions AS t (
            id, tenant_id, user_id, status, current_stage, confirmed_data, novel_id, workflow_name,
            workflow_version, workflow_hash, state, next_timer_at, correlation_id, version, created_at,
            updated_at
        )
        SELECT
            u.id, u.tenant_id, u.user_id, u.status::genesis_status, u.current_stage::genesis_stage,
            u.confirmed_data, u.novel_id, u.workflow_name, u.workflow_version, u.workflow_hash, u.state,
            u.next_timer_at, u.correlation_id, u.version, u.created_at, u.updated_at
        FROM unnest(
            $1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::jsonb[], $7::uuid[],
            $8::text[], $9::text[], $10::text[], $11::jsonb[], $12::timestamptz[], $13::text[],
            $14::bigint[], $15::timestamptz[], $16::timestamptz[]
        ) WITH ORDINALITY AS u (
            id, tenant_id, user_id, status, current_stage, confirmed_data, novel_id, workflow_name,
            workflow_version, workflow_hash, state, next_timer_at, correlation_id, version, created_at,
            updated_at, ordinal
        )
        ORDER BY u.ordinal
        ON CONFLICT (id) DO UPDATE SET
            tenant_id = excluded.tenant_id,
            user_id = excluded.user_id,
            status = excluded.status,
            current_stage = excluded.current_stage,
            confirmed_data = excluded.confirmed_data,
            novel_id = excluded.novel_id,
            workflow_name = excluded.workflow_name,
            workflow_version = excluded.workflow_version,
            workflow_hash = excluded.workflow_hash,
            state = excluded.state,
            next_timer_at = excluded.next_timer_at,
            correlation_id = excluded.correlation_id,
            version = excluded.version,
            updated_at = excluded.updated_at
        """
    )

    static func upsert(_ rows: [GenesisSession]) -> Step {
        Step(upsert) { values in
            values.column(rows) { $0.id }
            values.column(rows) { $0.tenantID }
            values.column(rows) { $0.userID }
            values.column(rows) { $0.status.rawValue }
            values.column(rows) { $0.currentStage.rawValue }
            values.column(rows) { $0.confirmedData }
            values.column(rows) { $0.novelID }
            values.column(rows) { $0.workflowName }
            values.column(rows) { $0.workflowVersion }
            values.column(rows) { $0.workflowHash }
            values.column(rows) { $0.state }
            values.column(rows) { $0.nextTimerAt }
            values.column(rows) { $0.correlationID }
            values.column(rows) { $0.version }
            values.column(rows) { $0.createdAt }
            values.column(rows) { $0.updatedAt }
        }
    }

    static func read(_ row: inout RowReader) throws(StoreError) -> GenesisSession {
        GenesisSession(
            id: try row.value(),
            tenantID: try row.value(),
            userID: try row.optional(),
            status: try row.word(),
            currentStage: try row.word(),
            confirmedData: try row.value(),
            novelID: try row.optional(),
            workflowName: try row.value(),
            workflowVersion: try row.value(),
            workflowHash: try row.value(),
            state: try row.value(),
            nextTimerAt: try row.optional(),
            correlationID: try row.value(),
            version: try row.value(),
            createdAt: try row.value(),
            updatedAt: try row.value()
        )
    }
}
