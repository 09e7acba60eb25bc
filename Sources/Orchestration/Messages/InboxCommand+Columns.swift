extension InboxCommand: TableRow {
    package static var table: String { "command_inbox" }

    package var columns: JSONObject {
        [
            "id": JSONValue(id),
            "arrival": arrival.map { .int(Int($0)) } ?? .null,
            "tenant_id": JSONValue(tenantID),
            "session_id": JSONValue(sessionID),
            "aggregate_type": JSONValue(aggregateType),
            "command_type": JSONValue(commandType),
            "idempotency_key": JSONValue(idempotencyKey),
            "payload": payload,
            "correlation_id": JSONValue(correlationID),
            "causation_id": JSONValue(causationID),
            "user_id": JSONValue(userID),
            "metadata": metadata,
            "source": JSONValue(source),
            "status": JSONValue(status.rawValue),
            "verdict": JSONValue(verdict?.rawValue),
            "error_message": JSONValue(errorMessage),
            "retry_count": .int(retryCount),
            "created_at": JSONValue(createdAt),
            "updated_at": JSONValue(updatedAt),
            "processed_at": JSONValue(processedAt),
        ]
    }

    /// Reads a row; what has a default in the schema may be left out.
    package init(columns members: JSONObject) throws(ColumnFault) {
        let columns = try ColumnReader(Self.self, members, known: Self.columnNames)
        self.init(
            id: try columns.required("id", columns.id("id")),
            arrival: try columns.int("arrival").map { Int64($0) },
            tenantID: try columns.text("tenant_id") ?? "default",
            sessionID: try columns.required("session_id", columns.id("session_id")),
            aggregateType: try columns.text("aggregate_type") ?? DomainEvent.aggregateType,
            commandType: try columns.required("command_type", columns.text("command_type")),
            idempotencyKey: try columns.required("idempotency_key", columns.text("idempotency_key")),
            payload: columns.value("payload") ?? [:],
            correlationID: try columns.required("correlation_id", columns.text("correlation_id")),
            causationID: try columns.text("causation_id"),
            userID: try columns.text("user_id"),
            metadata: columns.value("metadata") ?? [:],
            source: try columns.text("source") ?? "table",
            status: try columns.word("status") ?? .received,
            verdict: try columns.word("verdict"),
            errorMessage: try columns.text("error_message"),
            retryCount: try columns.natural("retry_count") ?? 0,
            createdAt: try columns.required("created_at", columns.instant("created_at")),
            updatedAt: try columns.required("updated_at", columns.instant("updated_at")),
            processedAt: try columns.instant("processed_at")
        )
    }

    package static let columnNames: Set<String> = [
        "id", "arrival", "tenant_id", "session_id", "aggregate_type", "command_type", "idempotency_key", "payload",
        "correlation_id", "causation_id", "user_id", "metadata", "source", "status", "verdict", "error_message",
        "retry_count", "created_at", "updated_at", "processed_at",
    ]
}
