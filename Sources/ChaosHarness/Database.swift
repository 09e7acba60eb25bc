internal import CLibpq
internal import Threads

/// A plain connection for the harness, apart from the product's own: text in, text out. It connects when it is used,
/// and anew when it was lost.
package final class Database: Sendable {
    private let url: String
    private let pointer = Locked<OpaquePointer?>(nil)

    package init(_ url: String) { self.url = url }

    deinit { close() }

    package func close() {
        pointer.withLock { pointer in
            if let open = pointer { PQfinish(open) }
            pointer = nil
        }
    }

    /// The rows of the last statement; blocks the caller for as long as the server takes. Asked once more when the
    /// server went away meanwhile, so a statement must bear that.
    @discardableResult
    package func rows(_ sql: String) throws -> [[String?]] {
        do {
            return try answer(sql)
        } catch {
            guard pointer.withLock({ $0.map { PQstatus($0) != CONNECTION_OK } ?? false }) else { throw error }
            return try answer(sql)
        }
    }

    private func answer(_ sql: String) throws -> [[String?]] {
        try pointer.withLock { pointer in
            if let open = pointer, PQstatus(open) != CONNECTION_OK {
                PQfinish(open)
                pointer = nil
            }
            if pointer == nil {
                pointer = PQconnectdb(url + " connect_timeout=5 application_name=harness")
                PQsetNoticeProcessor(pointer, { _, _ in }, nil)
            }
            guard let open = pointer, PQstatus(open) == CONNECTION_OK else {
                let reason = pointer.map { String(cString: PQerrorMessage($0)) } ?? "no memory"
                throw ChaosFailure("the harness cannot connect: \(reason)")
            }
            guard let result = PQexec(open, sql) else { throw ChaosFailure("no answer to: \(sql)") }
            defer { PQclear(result) }
            let status = PQresultStatus(result)
            guard status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK else {
                throw ChaosFailure("\(String(cString: PQerrorMessage(open))) in: \(sql)")
            }
            return (0..<PQntuples(result)).map { row in
                (0..<PQnfields(result)).map { column in
                    PQgetisnull(result, row, column) == 1 ? nil : String(cString: PQgetvalue(result, row, column))
                }
            }
        }
    }

    /// The one number that the statement gives.
    package func number(_ sql: String) throws -> Int {
        try rows(sql).first?.first.flatMap { $0.flatMap { Int($0) } } ?? 0
    }

    /// A text as an SQL literal.
    package static func quoted(_ text: String) -> String {
        "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "''") + "'"
    }
}
