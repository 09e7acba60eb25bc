internal import Orchestration

/// Names that are no members: constants and functions.
extension JQParser {
    static let words: Set<String> = [
        "and", "or", "if", "then", "elif", "else", "end", "as", "reduce", "foreach", "try", "catch", "label", "def",
        "import", "include", "__loc__", "module",
    ]

    mutating func call(_ name: String) -> JQSyntax? {
        guard !Self.words.contains(name), let arguments = arguments() else { return nil }
        if let function = JQSyntax.Function(rawValue: name), function.argumentCount == arguments.count {
            return arguments.allSatisfy(\.isSingle) ? .call(function, arguments) : nil
        }
        switch (name, arguments.count) {
        case ("null", 0): return .constant(.null)
        case ("true", 0): return .constant(true)
        case ("false", 0): return .constant(false)
        case ("empty", 0): return .empty
        case ("values", 0): return .select(.comparison(.identity, .unequal, .constant(.null)))
        case ("map", 1): return .map(arguments[0])
        case ("select", 1): return arguments[0].isSingle ? .select(arguments[0]) : nil
        case ("map_values", 1): return arguments[0].isSingle ? .mapValues(arguments[0]) : nil
        case ("any", 0): return .quantifier(.iterate(.identity, optional: false), isAny: true)
        case ("all", 0): return .quantifier(.iterate(.identity, optional: false), isAny: false)
        case ("any", 1), ("all", 1):
            // jq stops at the first answer by an error that an open `?` would swallow.
            guard arguments[0].isSingle else { return nil }
            return .quantifier(.pipe(.iterate(.identity, optional: false), arguments[0]), isAny: name == "any")
        case ("range", 1): return arguments[0].isSingle ? .range(from: .constant(0), to: arguments[0]) : nil
        case ("range", 2):
            return arguments.allSatisfy(\.isSingle) ? .range(from: arguments[0], to: arguments[1]) : nil
        case ("del", 1):
            guard let path = Self.path(of: arguments[0]), !path.isEmpty else { return nil }
            return .deletion(path)
        default: return nil
        }
    }

    private mutating func arguments() -> [JQSyntax]? {
        guard take("(") else { return [] }
        var found: [JQSyntax] = []
        repeat {
            guard let argument = pipe() else { return nil }
            found.append(argument)
        } while take(";")
        return take(")") ? found : nil
    }
}
