extension DomainEvent: TableRow {
    package static var table: String { "domain_events" }

    package var columns: JSONObject {
        [
            "global_position": globalPosition.map { .int(Int($0)) } ?? .null,
            "event_id": JSONValue(eventID),
            "tenant_id": JSONValue(tenantID),
            "aggregate_type": JSONValue(aggregateType),
            "aggregate_id": JSONValue(aggregateID),
            "aggregate_version": .int(aggregateVersion),
            "event_type": JSONValue(eventType),
            "schema_version": .int(schemaVersion),
            "payload": payload,
            "metadata": metadata,
            "state_change": stateChange,
            "correlation_id": JSONValue(correlationID),
            "causation_id": JSONValue(causationID),
            "user_id": JSONValue(userID),
            "occurred_at": JSONValue(occurredAt),
            "created_at": JSONValue(createdAt),
        ]
    }

    /// Reads a row; what has a default in the schema may be left out.
    package init(columns members: JSONObject) throws(ColumnFault) {
        let columns = try ColumnReader(Self.self, members, known: Self.columnNames)
        let occurredAt = try columns.required("occurred_at", columns.instant("occurred_at"))
        self.init(
            globalPosition: try columns.int("global_position").map { Int64($0) },
            eventID: try columns.required("event_id", columns.id("event_id")),
            tenantID: try columns.text("tenant_id") ?? "default",
            aggregateType: try columns.text("aggregate_type") ?? DomainEvent.aggregateType,
            aggregateID: try columns.required("aggregate_id", columns.id("aggregate_id")),
            aggregateVersion: try columns.required("aggregate_version", columns.int("aggregate_version")),
            eventType: try columns.required("event_type", columns.text("event_type")),
            schemaVersion: try columns.int("schema_version") ?? 1,
            payload: columns.value("payload") ?? [:],
            metadata: columns.value("metadata") ?? [:],
            stateChange: columns.value("state_change") ?? [:],
            correlationID: try columns.required("correlation_id", columns.text("correlation_id")),
            causationID: try columns.required("causation_id", columns.id("causation_id")),
            userID: try columns.text("user_id"),
            occurredAt: occurredAt,
            createdAt: try columns.instant("created_at") ?? occurredAt
        )
    }

    package static let columnNames: Set<String> = [
        "global_position", "event_id", "tenant_id", "aggregate_type", "aggregate_id", "aggregate_version",
        "event_type", "schema_version", "payload", "metadata", "state_change", "correlation_id", "causation_id",
        "user_id", "occurred_at", "created_at",
    ]
}
