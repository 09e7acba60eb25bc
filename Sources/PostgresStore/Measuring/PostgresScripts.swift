package import Orchestration

/// SQL as text, for programs that examine the store: their own statements, and those of the store written out.
package struct PostgresScripts: Sendable {
    private let pool: PostgresPool

    package init(pool: PostgresPool) { self.pool = pool }

    /// Runs text that may hold several statements.
    package func run(_ sql: String) async throws(StoreError) {
        try await pool.run { connection throws(StoreError) in try connection.script(sql) }
    }

    /// The first column of all rows, which must be text. Texts differ in their names, so that each is prepared once.
    package func texts(_ name: String, _ sql: String) async throws(StoreError) -> [String] {
        try await pool.rows(Step(Statement(name, sql))) { row throws(StoreError) in try row.value(String.self) }
    }

    /// A statement of a commit with its values written into it.
    package struct WrittenOut: Sendable {
        /// The name that the store prepares it under.
        package var name: String
        package var sql: String
    }

    /// The statements that `PostgresStore.commit` sends for the batch, in their order, without BEGIN and COMMIT.
    package func statements(of batch: CommitBatch) async throws(StoreError) -> [WrittenOut] {
        var written: [WrittenOut] = []
        for step in CommitSteps.steps(of: batch) {
            var literals: [String] = []
            for index in step.parameters.ranges.indices {
                literals.append(try await literal(of: step.parameters, at: index))
            }
            // In one pass: a value may hold what looks like a place for one.
            let sql = step.statement.sql.replacing(#/\$(\d+)/#) { match in
                Int(match.1).flatMap { literals.indices.contains($0 - 1) ? literals[$0 - 1] : nil } ?? String(match.0)
            }
            written.append(WrittenOut(name: step.statement.name, sql: sql))
        }
        return written
    }

    /// The server writes the value down: it knows its own binary forms best.
    private func literal(of parameters: Parameters, at index: Int) async throws(StoreError) -> String {
        let step = Step(Statement("written_out_\(parameters.types[index])", "SELECT quote_nullable($1::text)")) {
            $0.add(parameters, at: index)
        }
        return try await pool.rows(step) { row throws(StoreError) in try row.value(String.self) }.first ?? "NULL"
    }
}

extension Parameters {
    /// One value of another statement.
    fileprivate mutating func add(_ other: Parameters, at index: Int) {
        append(other.types[index], other.ranges[index].map { other.bytes[$0] })
    }
}
