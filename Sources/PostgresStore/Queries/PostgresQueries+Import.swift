package import Orchestration

/// Takes over the rows of an older outbox table in the same database.
extension PostgresQueries {
    /// What an import, or its rehearsal, came to.
    package struct ImportCount: Equatable, Sendable {
        package var read = 0
        package var imported = 0
        /// Taken over by an earlier run.
        package var known = 0
        package var refused: [OlderOutboxRow.Fault] = []

        package init() {}
    }

    /// Rows in one transaction.
    package static let importBatchMax = 500

    /// Reads the table in order of time and id, and writes what is not there yet, batch by batch in that order.
    ///
    /// Each batch commits by itself; a run that was broken off is started again and skips what it did. Two at once wait
    /// for each other. Rows that cannot be mapped are left out and told.
    ///
    /// - Parameter isRehearsal: reads and maps everything and writes nothing.
    package func importOutbox(
        from table: String,
        _ defaults: OlderOutboxRow.Defaults,
        isRehearsal: Bool,
        batchMax: Int = importBatchMax
    ) async throws(StoreError) -> ImportCount {
        let statement = try await statement(for: table)
        var total = ImportCount()
        var last: Cursor?
        while true {
            let before = last
            let batch = try await run { connection throws(StoreError) in
                try connection.transaction { () throws(StoreError) -> (ImportCount, Cursor?) in
                    _ = try connection.steps([Step(ImportStatements.lock)])
                    let step = Step(statement) {
                        $0.add(before?.createdAt)
                        $0.add(before?.id)
                        $0.add(batchMax)
                    }
                    let rows = try connection.steps([step]).first?.rows(Cursor.read) ?? []
                    return (try Self.takeOver(rows, defaults, isRehearsal, connection), rows.last)
                }
            }
            total.read += batch.0.read
            total.imported += batch.0.imported
            total.known += batch.0.known
            total.refused += batch.0.refused
            if batch.0.read < batchMax { return total }
            last = batch.1
        }
    }

    private static func takeOver(
        _ rows: [Cursor],
        _ defaults: OlderOutboxRow.Defaults,
        _ isRehearsal: Bool,
        _ connection: PostgresConnection
    ) throws(StoreError) -> ImportCount {
        var count = ImportCount()
        count.read = rows.count
        var messages: [OutboxMessage] = []
        for row in rows {
            do throws(OlderOutboxRow.Fault) {
                messages.append(try row.message(defaults))
            } catch {
                count.refused.append(error)
            }
        }
        let known = try connection.steps([Step(ImportStatements.known) { $0.column(messages) { $0.id } }]).first?
            .rows { row throws(StoreError) in try row.value(EventID.self) }
        let new = messages.filter { message in known?.contains(message.id) != true }
        count.known = messages.count - new.count
        count.imported = new.count
        if !isRehearsal, !new.isEmpty { _ = try connection.steps([OutboxTable.insert(new)]) }
        return count
    }

    private func statement(for table: String) async throws(StoreError) -> Statement {
        let parts = table.split(separator: ".", omittingEmptySubsequences: false)
        let isName =
            (1...2).contains(parts.count)
            && parts.allSatisfy { part in
                (1...63).contains(part.utf8.count)
                    && part.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
            }
        guard isName else {
            throw .refused(reason: "`\(table)` is no name of a table: lower-case letters, digits, _ and one dot")
        }
        let name = parts.map { "\"\($0)\"" }.joined(separator: ".")
        let columns = try await pool.rows(Step(ImportStatements.columns) { $0.add(name) }) { row throws(StoreError) in
            (name: try row.value(String.self), type: try row.value(String.self))
        }
        guard !columns.isEmpty else { throw .refused(reason: "there is no table `\(table)` in this database") }
        guard let type = columns.first(where: { $0.name == "id" })?.type, ImportStatements.idTypes.contains(type) else {
            throw .refused(reason: "table `\(table)` has no column id of type \(ImportStatements.idTypes.sorted())")
        }
        guard columns.contains(where: { $0.name == "created_at" && $0.type.hasPrefix("timestamp") }) else {
            throw .refused(reason: "table `\(table)` has no column created_at with a time")
        }
        return ImportStatements.rows(of: name, idType: type)
    }
}

/// A row as text and the place where it stands in the order.
private struct Cursor: Sendable {
    var createdAt: String
    var id: String
    var text: String

    static func read(_ row: inout RowReader) throws(StoreError) -> Cursor {
        Cursor(createdAt: try row.value(), id: try row.value(), text: try row.value())
    }

    func message(_ defaults: OlderOutboxRow.Defaults) throws(OlderOutboxRow.Fault) -> OutboxMessage {
        let json: JSONValue
        do {
            json = try JSONText.parse(text, limits: .inserted)
        } catch {
            throw OlderOutboxRow.Fault(id: id, column: "row", problem: "cannot be read: \(error)")
        }
        return try OlderOutboxRow(json.object ?? [:]).message(defaults)
    }
}

private enum ImportStatements {
    static let idTypes: Set<String> = ["uuid", "bigint", "integer", "text", "character varying"]

    /// One import at a time.
    static let lock = Statement("import_lock", "SELECT pg_advisory_xact_lock(hashtext('genesis outbox import'))")
    static let known = Statement("import_known", "SELECT id FROM event_outbox WHERE id = ANY ($1::uuid[])")
    static let columns = Statement(
        "import_columns",
        """
        SELECT attname::text, format_type(atttypid, NULL) FROM pg_attribute
        WHERE attrelid = to_regclass($1::text) AND attnum > 0 AND NOT attisdropped
        """
    )

    /// The name is quoted and the type one of `idTypes`. A time without zone counts as UTC.
    static func rows(of name: String, idType: String) -> Statement {
        Statement(
            "import_rows",
            """
            SELECT t.created_at::timestamptz::text, t.id::text, (to_jsonb(t) || jsonb_build_object(
                'created_at', to_char(t.created_at::timestamptz AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')
            ))::text
            FROM \(name) AS t
            WHERE $1::text IS NULL OR (t.created_at::timestamptz, t.id) > ($1::text::timestamptz, $2::text::\(idType))
            ORDER BY t.created_at, t.id LIMIT $3::bigint
            """
        )
    }
}
