extension AsyncTask: TableRow {
    package static var table: String { "async_tasks" }

    package var columns: JSONObject {
        [
            "id": JSONValue(id),
            "tenant_id": JSONValue(tenantID),
            "session_id": JSONValue(sessionID),
            "user_id": JSONValue(userID),
            "task_type": JSONValue(taskType),
            "actor_id": JSONValue(actorID),
            "triggered_by_command_id": JSONValue(triggeredByCommandID),
            "correlation_id": JSONValue(correlationID),
            "status": JSONValue(status.rawValue),
            "progress": .number(Double(progress.hundredths) / 100),
            "progress_message": JSONValue(progressMessage),
            "progress_details": progressDetails,
            "input_data": inputData,
            "result_data": resultData,
            "error_data": errorData,
            "execution_node": JSONValue(executionNode),
            "attempt": .int(attempt),
            "retry_count": .int(retryCount),
            "max_retries": .int(maxRetries),
            "deadline_at": JSONValue(deadlineAt),
            "not_before": JSONValue(notBefore),
            "requested_at": JSONValue(requestedAt),
            "attempt_deadline_at": JSONValue(attemptDeadlineAt),
            "total_deadline_at": JSONValue(totalDeadlineAt),
            "started_at": JSONValue(startedAt),
            "completed_at": JSONValue(completedAt),
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
            userID: try columns.text("user_id"),
            taskType: try columns.required("task_type", columns.text("task_type")),
            actorID: try columns.text("actor_id") ?? "",
            triggeredByCommandID: try columns.id("triggered_by_command_id"),
            correlationID: try columns.required("correlation_id", columns.text("correlation_id")),
            status: try columns.word("status") ?? .pending,
            progress: try columns.percentage("progress") ?? .zero,
            progressMessage: try columns.text("progress_message"),
            progressDetails: columns.value("progress_details") ?? .null,
            inputData: columns.value("input_data") ?? .null,
            resultData: columns.value("result_data") ?? .null,
            errorData: columns.value("error_data") ?? .null,
            executionNode: try columns.text("execution_node"),
            attempt: try columns.int("attempt") ?? 1,
            retryCount: try columns.natural("retry_count") ?? 0,
            maxRetries: try columns.natural("max_retries") ?? 2,
            deadlineAt: try columns.instant("deadline_at"),
            notBefore: try columns.instant("not_before"),
            requestedAt: try columns.instant("requested_at"),
            attemptDeadlineAt: try columns.instant("attempt_deadline_at"),
            totalDeadlineAt: try columns.required("total_deadline_at", columns.instant("total_deadline_at")),
            startedAt: try columns.instant("started_at"),
            completedAt: try columns.instant("completed_at"),
            createdAt: try columns.required("created_at", columns.instant("created_at")),
            updatedAt: try columns.required("updated_at", columns.instant("updated_at"))
        )
    }

    package static let columnNames: Set<String> = [
        "id", "tenant_id", "session_id", "user_id", "task_type", "actor_id", "triggered_by_command_id",
        "correlation_id",
        "status", "progress", "progress_message", "progress_details", "input_data", "result_data", "error_data",
        "execution_node", "attempt", "retry_count", "max_retries", "deadline_at", "not_before", "requested_at",
        "attempt_deadline_at", "total_deadline_at", "started_at", "completed_at", "created_at", "updated_at",
    ]
}
