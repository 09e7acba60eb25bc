/// What the command line does with the schema.
protocol SchemaMigrations: Sendable {
    /// Applies what is missing; the names of what it applied.
    func up() async throws -> [String]
    /// Takes back the last `count` migrations; the names of what it took back.
    func down(count: Int) async throws -> [String]
    func status() async throws -> [MigrationStatus]
    /// Every table, index, type, function and view that the files make, present or missing.
    func verify() async throws -> [SchemaObject]
    /// The SQL of all migrations up, in order.
    func sql() async throws -> String
}

struct MigrationStatus: Equatable, Sendable {
    var name: String
    /// `applied`, `pending`, `changed`, `unknown`
    var state: String
    var appliedAt: String?
}

struct SchemaObject: Equatable, Sendable {
    /// `table`, `index`, `type`, `function`, `view`
    var kind: String
    var name: String
    var isPresent: Bool

    var state: String { isPresent ? "present" : "missing" }
}
