internal import Orchestration

/// `workflow_definitions`: every workflow a session ever started with, by content.
enum DefinitionsTable {
    static let insert = Statement(
        "definitions_insert",
        """
        INSERT INTO workflow_definitions (hash, name, version, source, created_at)
        VALUES ($1::text, $2::text, $3::text, $4::text, $5::timestamptz) ON CONFLICT (hash) DO NOTHING
        """
    )
    static let select = Statement(
        "definitions_select",
        "SELECT hash, name, version, source, created_at FROM workflow_definitions WHERE hash = $1::text"
    )

    static func read(_ row: inout RowReader) throws(StoreError) -> WorkflowDefinition {
        WorkflowDefinition(
            hash: try row.value(),
            name: try row.value(),
            version: try row.value(),
            source: try row.value(),
            createdAt: try row.value()
        )
    }
}
