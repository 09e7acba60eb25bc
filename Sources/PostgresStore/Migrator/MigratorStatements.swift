internal import Orchestration

enum MigratorStatements {
    /// Released when the transaction ends; the number only has to be ours.
    static let lock = Statement("migrations_lock", "SELECT pg_advisory_xact_lock(7165040617425339764)")
    static let exists = Statement(
        "migrations_exists",
        "SELECT count(*) FROM pg_catalog.pg_class WHERE oid = to_regclass('genesis_migrations')"
    )
    static let applied = Statement(
        "migrations_applied",
        "SELECT version, name, checksum, applied_at FROM genesis_migrations ORDER BY version"
    )
    static let record = Statement(
        "migrations_record",
        "INSERT INTO genesis_migrations (version, name, checksum) VALUES ($1::bigint, $2::text, $3::text)"
    )
    static let forget = Statement(
        "migrations_forget",
        "DELETE FROM genesis_migrations WHERE version = $1::bigint"
    )
    /// A database keeps the one it was made with.
    static let encoding = Statement("database_encoding", "SELECT current_setting('server_encoding')")
    static let createTable = """
        CREATE TABLE IF NOT EXISTS genesis_migrations (
            version    integer     PRIMARY KEY,
            name       text        NOT NULL,
            checksum   text        NOT NULL,
            applied_at timestamptz NOT NULL DEFAULT clock_timestamp()
        )
        """
    /// Everything of ours by kind and name.
    static let catalog = Statement(
        "migrations_catalog",
        """
        SELECT CASE c.relkind WHEN 'r' THEN 'table' WHEN 'v' THEN 'view' ELSE 'index' END AS kind, c.relname::text
        FROM pg_catalog.pg_class c
        WHERE c.relnamespace = current_schema()::regnamespace AND c.relkind IN ('r', 'v', 'i')
        UNION ALL
        SELECT 'type', t.typname::text FROM pg_catalog.pg_type t
        WHERE t.typnamespace = current_schema()::regnamespace AND t.typtype = 'e'
        UNION ALL
        SELECT 'function', p.proname::text FROM pg_catalog.pg_proc p
        WHERE p.pronamespace = current_schema()::regnamespace
        """
    )
}
