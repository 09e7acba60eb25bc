package import Orchestration

extension PostgresQueries {
    /// Makes a database in the cluster unless it is there; for development, where the cluster is our own.
    ///
    /// The name goes into SQL as an identifier: only lower-case letters, digits and underscores are taken.
    package func createDatabaseIfMissing(_ name: String) async throws(StoreError) {
        let isPlain = name.utf8.allSatisfy { (97...122).contains($0) || (48...57).contains($0) || $0 == 95 }
        guard isPlain, !name.isEmpty else { throw .refused(reason: "`\(name)` is no plain name for a database") }
        try await run { connection throws(StoreError) in
            let known = try connection.steps([Step(Self.databaseNamed) { $0.add(name) }])
            if try known.first?.rows({ row throws(StoreError) in try row.value(String.self) }).isEmpty ?? true {
                // No transaction, no parameter: CREATE DATABASE takes neither.
                try connection.script("CREATE DATABASE \(name)")
            }
        }
    }

    private static let databaseNamed = Statement(
        "database_named",
        "SELECT datname::text FROM pg_database WHERE datname = $1"
    )
}
