extension GenesisSession: TableRow {
    package static var table: String { "genesis_sessions" }

    package var columns: JSONObject {
        [
            "id": JSONValue(id),
            "tenant_id": JSONValue(tenantID),
            "user_id": JSONValue(userID),
            "status": JSONValue(status.rawValue),
            "current_stage": JSONValue(currentStage.rawValue),
            "confirmed_data": confirmedData,
            "novel_id": JSONValue(novelID),
            "workflow_name": JSONValue(workflowName),
            "workflow_version": JSONValue(workflowVersion),
            "workflow_hash": JSONValue(workflowHash),
            "state": state,
            "next_timer_at": JSONValue(nextTimerAt),
            "correlation_id": JSONValue(correlationID),
            "version": .int(version),
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
            userID: try columns.text("user_id"),
            status: try columns.word("status") ?? .inProgress,
            currentStage: try columns.word("current_stage") ?? .conceptSelection,
            confirmedData: columns.value("confirmed_data") ?? [:],
            novelID: try columns.id("novel_id"),
            workflowName: try columns.text("workflow_name") ?? "genesis",
            workflowVersion: try columns.text("workflow_version") ?? "",
            workflowHash: try columns.text("workflow_hash") ?? "",
            state: columns.value("state") ?? [:],
            nextTimerAt: try columns.instant("next_timer_at"),
            correlationID: try columns.required("correlation_id", columns.text("correlation_id")),
            version: try columns.required("version", columns.int("version")),
            createdAt: try columns.required("created_at", columns.instant("created_at")),
            updatedAt: try columns.required("updated_at", columns.instant("updated_at"))
        )
    }

    package static let columnNames: Set<String> = [
        "id", "tenant_id", "user_id", "status", "current_stage", "confirmed_data", "novel_id", "workflow_name",
        "workflow_version", "workflow_hash", "state", "next_timer_at", "correlation_id", "version", "created_at",
        "updated_at",
    ]
}
