extension OutboxMessage: TableRow {
    package static var table: String { "event_outbox" }

    package var columns: JSONObject {
        [
            "id": JSONValue(id),
            "position": position.map { .int(Int($0)) } ?? .null,
            "event_id": JSONValue(eventID),
            "tenant_id": JSONValue(tenantID),
            "topic": JSONValue(topic),
            "partition_key": JSONValue(partitionKey),
            "lane": .int(lane),
            "headers": headers,
            "payload": payload,
            "raw_key": HeaderText.encode(rawKey),
            "raw_value": HeaderText.encode(rawValue),
            "source_bc": JSONValue(sourceBC),
            "destination_topics": .array(destinationTopics.map { .string($0) }),
            "schema_id": JSONValue(schemaID),
            "schema_version": .int(schemaVersion),
            "status": JSONValue(status.rawValue),
            "retry_count": .int(retryCount),
            "max_retries": .int(maxRetries),
            "next_retry_at": JSONValue(nextRetryAt),
            "scheduled_at": JSONValue(scheduledAt),
            "error_message": JSONValue(errorMessage),
            "created_at": JSONValue(createdAt),
            "published_at": JSONValue(publishedAt),
        ]
    }

    /// Reads a row; what has a default in the schema may be left out.
    package init(columns members: JSONObject) throws(ColumnFault) {
        let columns = try ColumnReader(Self.self, members, known: Self.columnNames)
        self.init(
            id: try columns.required("id", columns.id("id")),
            position: try columns.int("position").map { Int64($0) },
            eventID: try columns.id("event_id"),
            tenantID: try columns.text("tenant_id") ?? "default",
            topic: try columns.required("topic", columns.text("topic")),
            partitionKey: try columns.required("partition_key", columns.text("partition_key")),
            headers: columns.value("headers") ?? [:],
            payload: columns.value("payload") ?? [:],
            rawKey: try columns.bytes("raw_key"),
            rawValue: try columns.bytes("raw_value"),
            sourceBC: try columns.text("source_bc") ?? OutboxMessage.sourceBCDefault,
            destinationTopics: try columns.texts("destination_topics") ?? [],
            schemaID: try columns.text("schema_id"),
            schemaVersion: try columns.int("schema_version") ?? 1,
            status: try columns.word("status") ?? .pending,
            retryCount: try columns.natural("retry_count") ?? 0,
            maxRetries: try columns.natural("max_retries") ?? OutboxMessage.maxRetriesDefault,
            nextRetryAt: try columns.instant("next_retry_at"),
            scheduledAt: try columns.instant("scheduled_at"),
            errorMessage: try columns.text("error_message"),
            createdAt: try columns.required("created_at", columns.instant("created_at")),
            publishedAt: try columns.instant("published_at")
        )
    }

    package static let columnNames: Set<String> = [
        "id", "position", "event_id", "tenant_id", "topic", "partition_key", "lane", "headers", "payload", "raw_key",
        "raw_value", "source_bc", "destination_topics", "schema_id", "schema_version", "status", "retry_count",
        "max_retries", "next_retry_at", "scheduled_at", "error_message", "created_at", "published_at",
    ]
}
