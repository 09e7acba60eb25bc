extension DeadLetter: TableRow {
    package static var table: String { "dead_letters" }

    package var columns: JSONObject {
        [
            "id": JSONValue(id),
            "arrival": arrival.map { .int(Int($0)) } ?? .null,
            "session_id": JSONValue(sessionID),
            "needs_schema": .int(needsSchema),
            "cluster_id": JSONValue(clusterID),
            "topic": JSONValue(topic),
            "partition": .int(partition),
            "record_offset": .int(Int(recordOffset)),
            "record_key": HeaderText.encode(recordKey),
            "record_value": HeaderText.encode(recordValue),
            "headers": headers,
            "reason": JSONValue(reason.rawValue),
            "detail": JSONValue(detail),
            "created_at": JSONValue(createdAt),
            "requeued_at": JSONValue(requeuedAt),
            "requeued_by": JSONValue(requeuedBy),
        ]
    }

    /// Reads a row; what has a default in the schema may be left out.
    package init(columns members: JSONObject) throws(ColumnFault) {
        let columns = try ColumnReader(Self.self, members, known: Self.columnNames)
        self.init(
            id: try columns.required("id", columns.id("id")),
            arrival: try columns.int("arrival").map { Int64($0) },
            sessionID: try columns.id("session_id"),
            needsSchema: try columns.natural("needs_schema") ?? 0,
            clusterID: try columns.required("cluster_id", columns.text("cluster_id")),
            topic: try columns.required("topic", columns.text("topic")),
            partition: try columns.required("partition", columns.int("partition")),
            recordOffset: try columns.required("record_offset", columns.int("record_offset").map { Int64($0) }),
            recordKey: try columns.bytes("record_key"),
            recordValue: try columns.bytes("record_value"),
            headers: columns.value("headers") ?? [],
            reason: try columns.required("reason", columns.word("reason")),
            detail: try columns.required("detail", columns.text("detail")),
            createdAt: try columns.required("created_at", columns.instant("created_at")),
            requeuedAt: try columns.instant("requeued_at"),
            requeuedBy: try columns.text("requeued_by")
        )
    }

    package static let columnNames: Set<String> = [
        "id", "arrival", "session_id", "needs_schema", "cluster_id", "topic", "partition", "record_offset",
        "record_key", "record_value", "headers", "reason",
        "detail", "created_at", "requeued_at", "requeued_by",
    ]
}
