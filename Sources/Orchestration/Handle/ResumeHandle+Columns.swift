extension ResumeHandle: TableRow {
    package static var table: String { "flow_resume_handles" }

    package var columns: JSONObject {
        [
            "id": JSONValue(id),
            "tenant_id": JSONValue(tenantID),
            "session_id": JSONValue(sessionID),
            "correlation_id": JSONValue(correlationID),
            "flow_run_id": JSONValue(flowRunID),
            "task_name": JSONValue(taskName),
            "resume_handle": resumeHandle,
            "status": JSONValue(status.rawValue),
            "draft": draft.map { .int($0) } ?? .null,
            "resume_payload": resumePayload,
            "resumed_by": JSONValue(resumedBy),
            "timeout_seconds": timeoutSeconds.map { .int($0) } ?? .null,
            "context_data": contextData,
            "expires_at": JSONValue(expiresAt),
            "paused_at": JSONValue(pausedAt),
            "resumed_at": JSONValue(resumedAt),
            "created_at": JSONValue(createdAt),
            "updated_at": JSONValue(updatedAt),
        ]
    }

    /// Reads a row; what has a default in the schema may be left out.
    package init(columns members: JSONObject) throws(ColumnFault) {
        let columns = try ColumnReader(Self.self, members, known: Self.columnNames)
        self.init(
            id: try columns.required("id", columns.id("id")),
            tenantID: try columns.text("tenant_id") ?? "default",
            sessionID: try columns.required("session_id", columns.id("session_id")),
            correlationID: try columns.required("correlation_id", columns.text("correlation_id")),
            flowRunID: try columns.text("flow_run_id"),
            taskName: try columns.text("task_name"),
            resumeHandle: columns.value("resume_handle") ?? [:],
            status: try columns.word("status") ?? .pendingPause,
            draft: try columns.int("draft"),
            resumePayload: columns.value("resume_payload") ?? .null,
            resumedBy: try columns.id("resumed_by"),
            timeoutSeconds: try columns.natural("timeout_seconds"),
            contextData: columns.value("context_data") ?? .null,
            expiresAt: try columns.instant("expires_at"),
            pausedAt: try columns.instant("paused_at"),
            resumedAt: try columns.instant("resumed_at"),
            createdAt: try columns.required("created_at", columns.instant("created_at")),
            updatedAt: try columns.required("updated_at", columns.instant("updated_at"))
        )
    }

    package static let columnNames: Set<String> = [
        "id", "tenant_id", "session_id", "correlation_id", "flow_run_id", "task_name", "resume_handle", "status",
        "draft", "resume_payload", "resumed_by", "timeout_seconds", "context_data", "expires_at", "paused_at",
        "resumed_at", "created_at", "updated_at",
    ]
}
