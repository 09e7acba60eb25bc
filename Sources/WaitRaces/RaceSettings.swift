package import EmbeddedServices
internal import Orchestration
internal import PostgresStore
internal import WorkflowFiles

extension WaitRaces {
    /// Races on a new database of the cluster, which must have been started for tests.
    ///
    /// - Parameters:
    ///   - migrations: the folder `Migrations`.
    ///   - workflow: the file `Workflows/genesis.yaml`.
    package static func onNewDatabase(
        of cluster: PostgresCluster,
        migrations: String,
        workflow: String,
        seed: UInt64
    ) async throws -> WaitRaces {
        let pool = try PostgresPool(connectionString: cluster.connectionString(), size: 1)
        defer { pool.close() }
        try await PostgresQueries(pool: pool).createDatabaseIfMissing("wait_races")
        let database = cluster.connectionString(database: "wait_races")
        let migrator = try Migrator(connectionString: database, folder: migrations)
        defer { migrator.close() }
        _ = try await migrator.up()
        guard let genesis = WorkflowFolder.readFile(workflow).workflow else {
            throw RaceFailure("\(workflow) cannot be read as a workflow")
        }
        return try await WaitRaces(connectionString: database, workflow: genesis, seed: seed)
    }
}
