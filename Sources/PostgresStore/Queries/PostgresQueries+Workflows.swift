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

    /// Lets new sessions start with a definition, or no more. False when there is none with the hash.
    package func setDefinition(_ hash: String, isEnabled: Bool) async throws(StoreError) -> Bool {
        let step = Step(DefinitionsTable.enable) {
            $0.add(hash)
            $0.add(isEnabled)
        }
        try await run { connection throws(StoreError) in _ = try connection.transaction([step]) }
        let known = try await pool.rows(Step(DefinitionsTable.select) { $0.add(hash) }, DefinitionsTable.read)
        return !known.isEmpty
    }

    /// The ids of sessions that run on the definition and have not ended, in order, from the one after `last`.
    package func liveSessions(on hash: String, after last: SessionID?, limit: Int) async throws(StoreError)
        -> [SessionID]
    {
        let step = Step(Self.liveSessions) {
            $0.add(hash)
            $0.add(last)
            $0.add(limit)
        }
        return try await pool.rows(step) { row throws(StoreError) in try row.value() }
    }

    private static let liveSessions = Statement(
        "query_live_sessions",
        """
        SELECT id FROM genesis_sessions
        WHERE workflow_hash = $1::text AND status IN ('IN_PROGRESS', 'PAUSED') AND ($2::uuid IS NULL OR id > $2)
        ORDER BY id LIMIT $3::bigint
        """
    )

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
