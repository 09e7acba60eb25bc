/// A model of a table: its properties are the table's columns.
package protocol TableRow: Sendable {
    static var table: String { get }
    /// The row as an object whose members are named as the columns are.
    var columns: JSONObject { get }
    /// Reads such an object; columns with a default may be left out.
    init(columns: JSONObject) throws(ColumnFault)
}

/// What is wrong with a column of a row.
package struct ColumnFault: Error, Equatable, Sendable, CustomStringConvertible {
    package let table: String
    package let column: String
    package let problem: String

    package var description: String { "\(table).\(column) \(problem)" }
}

/// Reads the columns of one row, each with its kind of fault.
struct ColumnReader {
    let table: String
    let columns: JSONObject

    init<Row: TableRow>(_ row: Row.Type, _ columns: JSONObject, known: Set<String>) throws(ColumnFault) {
        table = row.table
        self.columns = columns
        for member in columns where !known.contains(member.key) {
            throw ColumnFault(table: table, column: PrintableText.of(member.key), problem: "is no column of the table")
        }
    }

    func fault(_ column: String, _ problem: String) -> ColumnFault {
        ColumnFault(table: table, column: column, problem: problem)
    }

    /// The value, unless it is absent or null.
    func value(_ column: String) -> JSONValue? {
        guard let value = columns[column], !value.isNull else { return Optional.none }
        return value
    }

    func required<Value>(_ column: String, _ value: Value?) throws(ColumnFault) -> Value {
        guard let value else { throw fault(column, "is missing") }
        return value
    }

    /// Reads with `parse`; a value that it does not take is told with `expectation`.
    func read<Value>(
        _ column: String,
        _ expectation: String,
        _ parse: (JSONValue) -> Value?
    ) throws(ColumnFault) -> Value? {
        guard let value = value(column) else { return nil }
        guard let parsed = parse(value) else {
            throw fault(column, "must be \(expectation), not \(PrintableText.of(value.text))")
        }
        return parsed
    }

    func text(_ column: String) throws(ColumnFault) -> String? { try read(column, "text") { $0.string } }
    func int(_ column: String) throws(ColumnFault) -> Int? { try read(column, "an integer") { $0.int } }
    func natural(_ column: String) throws(ColumnFault) -> Int? {
        try read(column, "an integer from 0") { $0.int.flatMap { $0 >= 0 ? $0 : nil } }
    }
    func id<Kind>(_ column: String) throws(ColumnFault) -> Identifier<Kind>? {
        try read(column, "a UUID") { $0.string.flatMap { Identifier<Kind>($0) } }
    }
    func instant(_ column: String) throws(ColumnFault) -> Instant? {
        try read(column, "a time in ISO 8601 with a zone") { $0.string.flatMap { Instant($0) } }
    }
    func bytes(_ column: String) throws(ColumnFault) -> [UInt8]? {
        try read(column, "text, or base64 after `base64:`") { $0.string == nil ? nil : HeaderText.decode($0) }
    }
    func texts(_ column: String) throws(ColumnFault) -> [String]? {
        try read(column, "a list of texts") { value in
            guard let elements = value.array else { return nil }
            let texts = elements.compactMap(\.string)
            return texts.count == elements.count ? texts : nil
        }
    }
    func percentage(_ column: String) throws(ColumnFault) -> Percentage? {
        try read(column, "a number from 0 to 100") { value in
            value.number.flatMap { Percentage($0) } ?? value.string.flatMap { Percentage($0) }
        }
    }
    func word<Word: RawRepresentable & CaseIterable>(_ column: String) throws(ColumnFault) -> Word?
    where Word.RawValue == String {
        let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
        return try read(column, "one of \(words)") { $0.string.flatMap { Word(rawValue: $0) } }
    }
}
