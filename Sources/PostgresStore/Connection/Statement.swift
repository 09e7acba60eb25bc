internal import Orchestration

/// A statement with the name it is prepared under.
struct Statement: Sendable, Hashable {
    let name: String
    let sql: String

    init(_ name: String, _ sql: String) {
        self.name = name
        self.sql = sql
    }
}

/// The values of a statement's parameters, in order, in binary form.
struct Parameters: Sendable {
    private(set) var types: [UInt32] = []
    private(set) var bytes: [UInt8] = []
    /// Where each value lies in `bytes`; nil for NULL.
    private(set) var ranges: [Range<Int>?] = []

    mutating func add<Value: PostgresValue>(_ value: Value?) {
        types.append(Value.typeID)
        guard let value else { return ranges.append(nil) }
        let start = bytes.count
        value.writeBinary(to: &bytes)
        ranges.append(start..<bytes.count)
    }

    /// A value that is in binary form already.
    mutating func append(_ type: UInt32, _ value: ArraySlice<UInt8>?) {
        types.append(type)
        guard let value else { return ranges.append(nil) }
        let start = bytes.count
        bytes.append(contentsOf: value)
        ranges.append(start..<bytes.count)
    }

    /// One array parameter: a column of rows, for `unnest`.
    mutating func column<Row, Value: PostgresValue>(_ rows: [Row], _ value: (Row) -> Value?) {
        types.append(Value.arrayTypeID)
        let start = bytes.count
        appendBigEndian(Int32(rows.isEmpty ? 0 : 1), to: &bytes)
        appendBigEndian(Int32(1), to: &bytes)
        appendBigEndian(Value.typeID, to: &bytes)
        if !rows.isEmpty {
            appendBigEndian(Int32(clamping: rows.count), to: &bytes)
            appendBigEndian(Int32(1), to: &bytes)
        }
        // Through a span the closure borrows the rows; an iterator would copy each, with all its texts, for each column.
        let span = rows.span
        for index in span.indices {
            guard let element = value(span[index]) else {
                appendBigEndian(Int32(-1), to: &bytes)
                continue
            }
            let place = bytes.count
            appendBigEndian(Int32(0), to: &bytes)
            element.writeBinary(to: &bytes)
            let length = UInt32(clamping: bytes.count - place - 4)
            for digit in 0..<4 { bytes[place + digit] = UInt8(truncatingIfNeeded: length >> (24 - 8 * digit)) }
        }
        ranges.append(start..<bytes.count)
    }
}

/// A statement and its values: one step of a unit of work.
struct Step: Sendable {
    let statement: Statement
    let parameters: Parameters

    init(_ statement: Statement, _ parameters: Parameters = Parameters()) {
        self.statement = statement
        self.parameters = parameters
    }

    init(_ statement: Statement, fill: (inout Parameters) -> Void) {
        var parameters = Parameters()
        fill(&parameters)
        self.init(statement, parameters)
    }
}
