/// Triggers beside the product's tables that write down every change of what must only go forward, and by whom.
///
/// A database as it is in the end cannot show that a position went back and forth, or that an ended task was opened and
/// closed again. What a transaction wrote that did not commit, the witness forgets with it.
enum Witness {
    /// Tables, what names a row, and the columns whose changes are noted.
    private static let watched: [(table: String, id: String, columns: [String])] = [
        ("kafka_positions", "NEW.topic || '/' || NEW.partition", ["next_offset", "owner_epoch", "owner_id"]),
        ("outbox_lanes", "NEW.lane::text", ["owner_id", "epoch"]),
        ("command_inbox", "NEW.id::text", ["status", "verdict"]),
        ("genesis_sessions", "NEW.id::text", ["status", "version"]),
        ("async_tasks", "NEW.id::text", ["status", "attempt", "progress"]),
        ("flow_resume_handles", "NEW.id::text", ["status"]),
        ("event_outbox", "NEW.id::text", ["status"]),
    ]

    static let schema = """
        CREATE SCHEMA IF NOT EXISTS witness;
        CREATE TABLE IF NOT EXISTS witness.changes (
            number bigint GENERATED ALWAYS AS IDENTITY, what text, id text, before jsonb, after jsonb,
            writer text DEFAULT current_setting('application_name')
        );
        """

    static let triggers = watched.map { table, id, columns in
        func row(_ name: String) -> String { columns.map { "\(name).\($0)" }.joined(separator: ", ") }
        func image(_ name: String) -> String {
            "jsonb_build_object(\(columns.map { "'\($0)', \(name).\($0)" }.joined(separator: ", ")))"
        }
        return """
            CREATE FUNCTION witness.note_\(table)() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN
                INSERT INTO witness.changes (what, id, before, after)
                    VALUES ('\(table)', \(id), \(image("OLD")), \(image("NEW")));
                RETURN NULL;
            END
            $$;
            CREATE TRIGGER witness AFTER UPDATE ON \(table) FOR EACH ROW
                WHEN ((\(row("OLD"))) IS DISTINCT FROM (\(row("NEW")))) EXECUTE FUNCTION witness.note_\(table)();
            """
    }.joined(separator: "\n")
}

extension ChaosChecker {
    /// Puts the witness beside the tables of a migrated database, before the run.
    package static func watch(databaseURL: String) throws {
        try CheckDatabase(databaseURL).script(Witness.schema + Witness.triggers)
    }
}
