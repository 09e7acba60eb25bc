internal import CLibpq
internal import Orchestration

/// The rows a statement returned; owns libpq's memory.
final class PostgresResult {
    fileprivate let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }
    deinit { PQclear(pointer) }

    var status: ExecStatusType { PQresultStatus(pointer) }
    var count: Int { Int(PQntuples(pointer)) }
    /// What it takes up in memory.
    var bytes: Int { PQresultMemorySize(pointer) }

    /// What the server said about an error.
    func field(_ code: Int) -> String {
        guard let text = PQresultErrorField(pointer, Int32(code)) else { return "" }
        return String(cString: text)
    }

    /// Each row read by the body; a value of the wrong kind is `.broken`.
    func rows<Row>(_ read: (inout RowReader) throws(StoreError) -> Row) throws(StoreError) -> [Row] {
        var rows: [Row] = []
        rows.reserveCapacity(count)
        for index in 0..<count {
            var reader = RowReader(result: self, row: Int32(index))
            rows.append(try read(&reader))
        }
        return rows
    }
}

/// Reads the columns of a row from left to right.
struct RowReader {
    private let result: PostgresResult
    private let row: Int32
    private var column: Int32 = 0

    init(result: PostgresResult, row: Int32) {
        self.result = result
        self.row = row
    }

    mutating func optional<Value: PostgresValue>(_ type: Value.Type = Value.self) throws(StoreError) -> Value? {
        defer { column += 1 }
        guard column < PQnfields(result.pointer) else { throw fault("is missing") }
        if PQgetisnull(result.pointer, row, column) == 1 { return nil }
        let length = Int(PQgetlength(result.pointer, row, column))
        let bytes = PQgetvalue(result.pointer, row, column)
        let value = bytes.map { pointer in
            pointer.withMemoryRebound(to: UInt8.self, capacity: length) {
                Value(postgres: UnsafeBufferPointer(start: $0, count: length))
            }
        }
        guard let value = value ?? nil else { throw fault("holds no readable \(Value.self)") }
        return value
    }

    mutating func value<Value: PostgresValue>(_ type: Value.Type = Value.self) throws(StoreError) -> Value {
        guard let value = try optional(Value.self) else {
            column -= 1
            throw fault("is NULL")
        }
        return value
    }

    /// A word of one of our enums.
    mutating func word<Word: RawRepresentable<String>>(_ type: Word.Type = Word.self) throws(StoreError) -> Word {
        guard let word = try optionalWord(Word.self) else {
            column -= 1
            throw fault("is NULL")
        }
        return word
    }

    mutating func optionalWord<Word: RawRepresentable<String>>(
        _ type: Word.Type = Word.self
    ) throws(StoreError) -> Word? {
        guard let text = try optional(String.self) else { return nil }
        guard let word = Word(rawValue: text) else {
            column -= 1
            throw fault("holds `\(text)`, which is no \(Word.self)")
        }
        return word
    }

    private func fault(_ what: String) -> StoreError {
        let name = PQfname(result.pointer, column).map { String(cString: $0) } ?? "\(column + 1)"
        return .broken(reason: "column `\(name)` of row \(row + 1) \(what)")
    }
}
