internal import Orchestration

/// `workflow_definitions`: every workflow a session ever started with, by content.
enum DefinitionsTable {
    static let insert = Statement(
        "definitions_insert",
        """
        INSERT INTO workflow_definitions (hash, name, version, source, is_enabled, created_at)
        VALUES ($1::text, $2::text, $3::text, $4::text, $5::bool, clock_timestamp()) ON CONFLICT (hash) DO NOTHING
        """
    )
    static let select = Statement(
        "definitions_select",
        "SELECT hash, name, version, source, is_enabled, created_at FROM workflow_definitions WHERE hash = $1::text"
    )
    static let versions = Statement(
        "definitions_versions",
        "SELECT hash, name, version, is_enabled, created_at FROM workflow_definitions ORDER BY created_at, hash"
    )
    static let pinned = Statement(
        "definitions_pinned",
        """
        SELECT d.hash FROM workflow_definitions AS d
        CROSS JOIN LATERAL (
            SELECT 1 FROM genesis_sessions AS s
            WHERE s.workflow_hash = d.hash AND s.status IN ('IN_PROGRESS', 'PAUSED') LIMIT 1
        ) AS live
        ORDER BY 1
        """
    )
    static let enable = Statement(
        "definitions_enable",
        "UPDATE workflow_definitions SET is_enabled = $2::bool WHERE hash = $1::text"
    )

    static func read(_ row: inout RowReader) throws(StoreError) -> WorkflowDefinition {
        WorkflowDefinition(
            hash: try row.value(),
            name: try row.value(),
            version: try row.value(),
            source: try row.value(),
            isEnabled: try row.value(),
            createdAt: try row.value()
        )
    }

    static func readVersion(_ row: inout RowReader) throws(StoreError) -> DefinitionVersion {
        DefinitionVersion(
            hash: try row.value(),
            name: try row.value(),
            version: try row.value(),
            isEnabled: try row.value(),
            createdAt: try row.value()
        )
    }
}
