/// What the command line does with the schema.
protocol SchemaMigrations: Sendable {
    /// Applies what is missing; the names of what it applied.
    func up() async throws -> [String]
    /// Takes back the last `count` migrations; the names of what it took back.
    func down(count: Int) async throws -> [String]
    func status() async throws -> [MigrationStatus]
    /// One sentence for each difference between the files and the database; empty when there is none.
    func verify() async throws -> [String]
    /// The SQL of all migrations up, in order.
    func sql() async throws -> String
}

struct MigrationStatus: Equatable, Sendable {
    var name: String
    /// `applied`, `pending`, `changed`, `unknown`
    var state: String
    var appliedAt: String?
}
