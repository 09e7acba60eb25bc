internal import CLibpq
internal import Foundation

/// A connection of the checker's own: text in, text out.
final class CheckDatabase {
    private let connection: OpaquePointer

    init(_ url: String) throws {
        guard let connection = PQconnectdb(url) else { throw CheckFailure("no memory for a connection") }
        self.connection = connection
        PQsetNoticeProcessor(connection, { _, _ in }, nil)
        guard PQstatus(connection) == CONNECTION_OK else {
            throw CheckFailure("the checker cannot connect: \(String(cString: PQerrorMessage(connection)))")
        }
        try script("SET client_min_messages = error; SET jit = off; SET statement_timeout = '120s'")
    }

    deinit { PQfinish(connection) }

    func script(_ sql: String) throws { _ = try rows(sql) }

    func rows(_ sql: String) throws -> [[String?]] {
        guard let result = PQexec(connection, sql) else { throw CheckFailure("no answer to: \(sql)") }
        defer { PQclear(result) }
        let status = PQresultStatus(result)
        guard status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK else { throw failure("in: \(sql)") }
        return (0..<PQntuples(result)).map { row in
            (0..<PQnfields(result)).map { column in
                guard PQgetisnull(result, row, column) == 0, let text = PQgetvalue(result, row, column)
                else { return nil }
                return String(cString: text)
            }
        }
    }

    /// The text of the only column of the only row.
    func text(_ sql: String) throws -> String { try rows(sql).first?.first.flatMap { $0 } ?? "" }

    /// COPY of rows of text; nil is NULL.
    func copy(into table: String, _ rows: some Sequence<[String?]>) throws {
        guard let begun = PQexec(connection, "COPY \(table) FROM STDIN") else {
            throw CheckFailure("no answer to COPY")
        }
        defer { PQclear(begun) }
        guard PQresultStatus(begun) == PGRES_COPY_IN else { throw failure("in COPY \(table)") }
        for row in rows {
            let line = row.map { $0.map(Self.escaped) ?? "\\N" }.joined(separator: "\t") + "\n"
            let sent = line.utf8.withContiguousStorageIfAvailable { bytes in
                bytes.withMemoryRebound(to: CChar.self) {
                    PQputCopyData(connection, $0.baseAddress, Int32(clamping: $0.count))
                }
            }
            guard sent == 1 else { throw failure("in COPY \(table)") }
        }
        guard PQputCopyEnd(connection, nil) == 1 else { throw failure("at the end of COPY \(table)") }
        while let result = PQgetResult(connection) {
            defer { PQclear(result) }
            guard PQresultStatus(result) == PGRES_COMMAND_OK else { throw failure("after COPY \(table)") }
        }
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        result.reserveCapacity(text.utf8.count)
        for character in text.unicodeScalars {
            switch character {
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }

    private func failure(_ place: String) -> CheckFailure {
        CheckFailure("\(String(cString: PQerrorMessage(connection))) \(place)")
    }
}
