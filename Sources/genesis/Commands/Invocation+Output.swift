internal import Orchestration

extension Invocation {
    /// Who gives the order, for what is kept with its effect.
    var person: String {
        get throws {
            let name = surroundings.environment["USER"].flatMap { $0.isEmpty ? nil : $0 }
            return try name ?? Configuration(self).node
        }
    }

    /// The object with `--json`, else the table.
    func print(_ object: JSONValue, orText table: Table) {
        let output = surroundings.output
        if has("json") { output.line(object.text) } else { output.write(table.text(width: output.columns)) }
    }

    /// With `--json` a line for each row, else the table, or a sentence when there is no row.
    func print(rows: [JSONValue], orText table: Table, whenEmpty sentence: String) {
        let output = surroundings.output
        if has("json") {
            output.write(rows.map { $0.text + "\n" }.joined())
        } else {
            output.write(rows.isEmpty ? sentence + "\n" : table.text(width: output.columns))
        }
    }

    /// `{"requeued":3}` with `--json`, else the sentence.
    func print(count: Int, _ name: String, _ sentence: String) {
        surroundings.output.line(has("json") ? JSONValue.object([name: .int(count)]).text : sentence)
    }

    /// An option whose value is one of an enumeration's words, in any case.
    func word<Word: RawRepresentable & CaseIterable>(_ option: String, of: Word.Type) throws -> Word?
    where Word.RawValue == String {
        guard let text = value(option) else { return nil }
        if let word = Word.allCases.first(where: { $0.rawValue.lowercased() == text.lowercased() }) { return word }
        let words = Word.allCases.map(\.rawValue).joined(separator: ", ")
        throw CommandFailure.usage("--\(option) takes one of \(words), not `\(text)`")
    }

    /// Runs the body on a connection to the database and closes it afterwards.
    func withQueries<Result>(_ body: (any SessionQueries) async throws -> Result) async throws -> Result {
        let queries = try await Wiring.queries(Configuration(self))
        do {
            let result = try await body(queries)
            await queries.close()
            return result
        } catch {
            await queries.close()
            throw error
        }
    }
}
