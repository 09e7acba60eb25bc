internal import Foundation

/// The independent judge of a run: its own SQL, its own Kafka decoding, no code of the worker.
///
/// Everything is brought into one schema (`checker`) beside the product's tables; then every invariant is one query
/// that returns no rows when it holds.
package enum ChaosChecker {
    /// Reads the topics from beginning to end, and judges.
    ///
    /// - Throws: `CheckFailure` when the evidence itself is missing or incomplete.
    package static func check(_ run: CheckedRun) async throws -> CheckReport {
        try await withCheckedThrowingContinuation { continuation in
            // A thread of its own: libpq and librdkafka block.
            Thread.detachNewThread {
                continuation.resume(
                    with: Result {
                        let database = try Evidence.open(run)
                        let records = try TopicReader.read(brokers: run.brokers, topics: run.topics)
                        try Evidence.add(records, to: database)
                        return try judge(run, database)
                    }
                )
            }
        }
    }

    /// Judges what has been gathered.
    static func judge(_ run: CheckedRun, _ database: CheckDatabase) throws -> CheckReport {
        try Evidence.prepare(database)
        return CheckReport(violations: try violations(database), counts: try Guards.count(database))
    }

    static func violations(_ database: CheckDatabase) throws -> [Violation] {
        try Invariant.all.compactMap { invariant in
            let rows = try database.rows(
                "SELECT to_jsonb(q)::text FROM (\(invariant.sql)) AS q LIMIT \(CheckReport.rowsMax)"
            )
            guard !rows.isEmpty else { return nil }
            return Violation(invariant: invariant.name, says: invariant.says, rows: rows.map { $0[0] ?? "" })
        }
    }
}

/// One sentence that must be true of every run, as a query for the rows that break it.
struct Invariant: Sendable {
    var name: String
    var says: String
    var sql: String

    init(_ name: String, _ says: String, _ sql: String) { (self.name, self.says, self.sql) = (name, says, sql) }

    static let all: [Invariant] = commands + sessions + waits + tasks + outbox + kafka + clients + witness
}
