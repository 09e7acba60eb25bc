internal import Orchestration

/// A command line that has been understood: what the command is given to work with.
struct Invocation: Sendable {
    /// The words that chose the command, e.g. `["sessions", "show"]`.
    var path: [String]
    var positionals: [String: [String]]
    /// Option values by name; a switch that was given has the value "".
    var options: [String: [String]]
    var surroundings: Surroundings

    func has(_ option: String) -> Bool { options[option] != nil }
    func value(_ option: String) -> String? { options[option]?.last }
    func values(_ option: String) -> [String] { options[option] ?? [] }
    func argument(_ name: String) -> String? { positionals[name]?.first }

    /// A positional that the parser has made sure of.
    func required(_ name: String) throws -> String {
        guard let value = argument(name) else { throw CommandFailure.usage("\(name) is missing") }
        return value
    }

    /// A whole number within bounds; `nil` when the option was not given.
    func integer(_ option: String, in range: ClosedRange<Int>) throws -> Int? {
        guard let text = value(option) else { return nil }
        guard let number = Int(text), range.contains(number) else {
            throw CommandFailure.usage(
                "--\(option) takes a whole number from \(range.lowerBound) to \(range.upperBound), not `\(text)`"
            )
        }
        return number
    }

    /// A decimal number within bounds.
    func number(_ option: String, in range: ClosedRange<Double>) throws -> Double? {
        guard let text = value(option) else { return nil }
        guard let number = Double(text), range.contains(number) else {
            throw CommandFailure.usage(
                "--\(option) takes a number from \(range.lowerBound) to \(range.upperBound), not `\(text)`"
            )
        }
        return number
    }

    /// An ISO 8601 duration of fixed length, e.g. `PT2S`.
    func interval(_ option: String) throws -> Interval? {
        guard let text = value(option) else { return nil }
        guard let interval = Interval(text) else {
            throw CommandFailure.usage("--\(option) takes an ISO 8601 duration such as PT2S, not `\(text)`")
        }
        return interval
    }

    /// A JSON value given on the command line; of `@FILE` the file's content.
    func json(_ option: String) throws -> JSONValue? {
        guard let text = value(option) else { return nil }
        let source = text.hasPrefix("@") ? try TextFile.read(String(text.dropFirst())) : text
        do {
            return try JSONText.parse(source)
        } catch {
            throw CommandFailure.usage("--\(option) is not valid JSON: \(error)")
        }
    }

    /// An identifier in its 36-character form.
    func identifier<Kind>(_ name: String, of kind: Kind.Type = Kind.self) throws -> Identifier<Kind> {
        try parse(required(name))
    }

    /// All identifiers given in that place, each once.
    func identifiers<Kind>(_ name: String, of kind: Kind.Type = Kind.self) throws -> [Identifier<Kind>] {
        var seen: Set<Identifier<Kind>> = []
        return try (positionals[name] ?? []).map { try parse($0) }.filter { seen.insert($0).inserted }
    }

    private func parse<Kind>(_ text: String) throws -> Identifier<Kind> {
        guard let identifier = Identifier<Kind>(text) else {
            throw CommandFailure.usage(
                "`\(Printable.text(text))` is not an id: 36 characters with hyphens are expected"
            )
        }
        return identifier
    }

    /// Asks a person before something is destroyed; where nobody can be asked, the command line alone counts.
    func confirm(_ question: String) throws {
        guard !has("yes"), surroundings.output.isInteractive, surroundings.errors.isInteractive else { return }
        surroundings.errors.write("\(question) [y/N] ")
        guard let answer = readLine(), answer.lowercased().hasPrefix("y") else {
            throw CommandFailure.notSo("nothing was done")
        }
    }

    static let limitMax = 10_000
    static let limitDefault = 50

    /// How many rows to show.
    var limit: Int { get throws { try integer("limit", in: 1...Self.limitMax) ?? Self.limitDefault } }
}
