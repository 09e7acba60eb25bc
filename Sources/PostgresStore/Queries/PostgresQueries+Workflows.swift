package import Orchestration

extension PostgresQueries {
    /// Sessions that have not ended, by the version of the workflow they run on.
    package struct LiveVersion: Equatable, Sendable {
        package var name: String
        package var version: String
        package var hash: String
        package var sessions: Int
    }

    package func liveVersions() async throws(StoreError) -> [LiveVersion] {
        try await pool.rows(Step(Self.liveVersions)) { row throws(StoreError) in
            LiveVersion(
                name: try row.value(),
                version: try row.value(),
                hash: try row.value(),
                sessions: try row.value()
            )
        }
    }

    /// How many sessions that have not ended are in each state of a workflow, by the state's id; all versions together.
    package func liveStates(workflow: String) async throws(StoreError) -> [String: Int] {
        let counts = try await pool.rows(Step(Self.liveStates) { $0.add(workflow) }) { row throws(StoreError) in
            (state: try row.value(String.self), sessions: try row.value(Int.self))
        }
        return Dictionary(counts.map { ($0.state, $0.sessions) }) { first, _ in first }
    }

    private static let liveVersions = Statement(
        "query_live_versions",
        """
        SELECT workflow_name, workflow_version, workflow_hash, count(*) FROM genesis_sessions
        WHERE status IN ('IN_PROGRESS', 'PAUSED')
        GROUP BY workflow_name, workflow_version, workflow_hash
        ORDER BY workflow_name, workflow_version, workflow_hash
        """
    )
    private static let liveStates = Statement(
        "query_live_states",
        """
        SELECT active.id, count(*)
        FROM genesis_sessions, jsonb_array_elements_text(state #> '{chart,configuration}') AS active (id)
        WHERE status IN ('IN_PROGRESS', 'PAUSED') AND workflow_name = $1::text
        GROUP BY active.id
        """
    )
}
