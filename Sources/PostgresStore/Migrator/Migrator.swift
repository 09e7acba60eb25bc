package import Orchestration

/// Brings the schema to the version of the migration files, and back.
package struct Migrator: Sendable {
    package struct Status: Equatable, Sendable {
        package enum State: String, Sendable {
            case applied
            case pending
            /// Applied, but the file is not what it was.
            case changed
            /// Applied by a newer program: there is no file.
            case unknown
        }
        package var version: Int
        package var name: String
        package var state: State
        package var appliedAt: Instant?
    }

    /// A table, index, type, function or view that the files make.
    package struct Item: Equatable, Sendable {
        package var kind: String
        package var name: String
        package var isPresent: Bool
    }

    private struct Applied: Sendable {
        var version: Int
        var name: String
        var checksum: String
        var appliedAt: Instant
    }

    private let pool: PostgresPool
    private let migrations: [Migration]

    /// - Throws: `.broken` when the connection string or the folder of files is wrong.
    package init(connectionString: String, folder: String) throws(StoreError) {
        migrations = try MigrationFiles.read(folder)
        // Each statement runs once, and behind a pooler its name could be taken by an earlier run's.
        pool = try PostgresPool(connectionString: connectionString, size: 1, prepareStatements: false)
    }

    package func close() { pool.close() }

    /// Applies what is missing, each in a transaction of its own; the names of what it applied.
    ///
    /// Two that run at once wait for each other. A changed or unknown migration is `.broken`, and a database that is not UTF-8.
    package func up() async throws(StoreError) -> [String] {
        try await pool.run { [migrations] connection throws(StoreError) in
            let encodings = try connection.rows(Step(MigratorStatements.encoding)) { row throws(StoreError) in
                try row.value(String.self)
            }
            guard encodings == ["UTF8"] else {
                throw .broken(
                    reason:
                        "the database's encoding is \(encodings.joined()), which cannot hold every text: make it anew "
                        + "with ENCODING 'UTF8' TEMPLATE template0"
                )
            }
            var done: [String] = []
            while true {
                let next = try Self.locked(connection) { connection throws(StoreError) -> Migration? in
                    try connection.script(MigratorStatements.createTable)
                    let applied = try Self.applied(connection)
                    try Self.refuseDifferences(migrations, applied)
                    guard let next = migrations.first(where: { $0.version == applied.count + 1 }) else { return nil }
                    try connection.script(next.up)
                    _ = try connection.steps([
                        Step(MigratorStatements.record) {
                            $0.add(next.version)
                            $0.add(next.name)
                            $0.add(next.checksum)
                        }
                    ])
                    return next
                }
                guard let next else { return done }
                done.append(next.name)
            }
        }
    }

    /// Takes back what is above `version`, newest first; the names of what it took back. 0 leaves no trace.
    package func down(to version: Int) async throws(StoreError) -> [String] {
        try await pool.run { [migrations] connection throws(StoreError) in
            var done: [String] = []
            while true {
                let last = try Self.locked(connection) { connection throws(StoreError) -> Migration? in
                    guard try Self.hasTable(connection) else { return nil }
                    let applied = try Self.applied(connection)
                    try Self.refuseDifferences(migrations, applied)
                    guard let top = applied.last, top.version > version,
                        let last = migrations.first(where: { $0.version == top.version })
                    else {
                        if applied.isEmpty { try connection.script("DROP TABLE genesis_migrations") }
                        return nil
                    }
                    try connection.script(last.down)
                    _ = try connection.steps([Step(MigratorStatements.forget) { $0.add(last.version) }])
                    if applied.count == 1 { try connection.script("DROP TABLE genesis_migrations") }
                    return last
                }
                guard let last else { return done }
                done.append(last.name)
            }
        }
    }

    /// Takes back the newest `count`.
    package func down(count: Int) async throws(StoreError) -> [String] {
        let top = try await status().filter { $0.state != .pending }.count
        return try await down(to: max(0, top - max(0, count)))
    }

    package func status() async throws(StoreError) -> [Status] {
        try await pool.run { [migrations] connection throws(StoreError) in
            let applied = try Self.hasTable(connection) ? Self.applied(connection) : []
            let known = migrations.map { migration in
                let row = applied.first { $0.version == migration.version }
                let state: Status.State =
                    row.map { $0.checksum == migration.checksum ? .applied : .changed } ?? .pending
                return Status(
                    version: migration.version,
                    name: migration.name,
                    state: state,
                    appliedAt: row?.appliedAt
                )
            }
            let unknown = applied.filter { $0.version > migrations.count }.map {
                Status(version: $0.version, name: $0.name, state: .unknown, appliedAt: $0.appliedAt)
            }
            return known + unknown
        }
    }

    /// Refuses, with the command that helps, a schema that is not exactly that of the files. For the start of a worker.
    package func requireCurrent() async throws(StoreError) {
        let rows = try await status()
        if let row = rows.first(where: { $0.state == .unknown }) {
            throw .broken(reason: Self.newer(row.name))
        }
        if let row = rows.first(where: { $0.state == .changed }) {
            throw .broken(reason: Self.changed(row.name))
        }
        if let row = rows.first(where: { $0.state == .pending }) {
            throw .broken(
                reason: "the schema is older than this program (\(row.name) is missing); run `genesis migrate up`"
            )
        }
    }

    /// Every object that the applied files should have made, present or not.
    package func verify() async throws(StoreError) -> [Item] {
        try await pool.run { [migrations] connection throws(StoreError) in
            let pairs = try connection.transaction([Step(MigratorStatements.catalog)]).first?
                .rows { row throws(StoreError) in "\(try row.value(String.self)) \(try row.value(String.self))" }
            let present = Set(pairs ?? [])
            return migrations.flatMap { SchemaObjects.made(by: $0.up) }.map { object in
                Item(kind: object.kind, name: object.name, isPresent: present.contains("\(object.kind) \(object.name)"))
            }
        }
    }

    /// The SQL of all migrations up, in order.
    package func dumpSQL() -> String { migrations.map(\.up).joined(separator: "\n") }

    private static func locked<Result>(
        _ connection: PostgresConnection,
        _ body: (PostgresConnection) throws(StoreError) -> Result
    ) throws(StoreError) -> Result {
        try connection.script("BEGIN")
        do throws(StoreError) {
            _ = try connection.steps([Step(MigratorStatements.lock)])
            let result = try body(connection)
            try connection.script("COMMIT")
            return result
        } catch {
            if !connection.isLost { try? connection.script("ROLLBACK") }
            throw error
        }
    }

    private static func hasTable(_ connection: PostgresConnection) throws(StoreError) -> Bool {
        let counts = try connection.steps([Step(MigratorStatements.exists)]).first?
            .rows { row throws(StoreError) in try row.value(Int.self) }
        return counts?.first == 1
    }

    private static func applied(_ connection: PostgresConnection) throws(StoreError) -> [Applied] {
        try connection.steps([Step(MigratorStatements.applied)]).first?
            .rows { row throws(StoreError) in
                Applied(
                    version: try row.value(),
                    name: try row.value(),
                    checksum: try row.value(),
                    appliedAt: try row.value()
                )
            } ?? []
    }

    private static func refuseDifferences(_ migrations: [Migration], _ applied: [Applied]) throws(StoreError) {
        for (index, row) in applied.enumerated() {
            guard index < migrations.count else { throw .broken(reason: newer(row.name)) }
            guard row.version == migrations[index].version, row.checksum == migrations[index].checksum else {
                throw .broken(reason: changed(row.name))
            }
        }
    }

    private static func newer(_ name: String) -> String {
        "the schema is newer than this program: it has \(name); run the newer program, or its `genesis migrate down`"
    }
    private static func changed(_ name: String) -> String {
        "migration \(name) was changed after it had been applied; restore the file, or make a new migration"
    }
}
