/// What the text of a jq program says about the values it looks at; a guess that needs no parser.
struct ProgramReading {
    /// Members of `.event.payload` that are read, by their first name.
    var payloadNames: [String] = []
    /// Members of `.context` that are read, by their first name.
    var contextNames: Set<String> = []
    /// Members of `.context` of which only is asked whether they have a member: `.context.x | has("y")`.
    var objectNames: Set<String> = []
    /// Whether the whole of `.context` is used, or `.` itself.
    var readsWholeContext = false
    /// All words, of paths and otherwise.
    var words: Set<String> = []
    var texts: [String] = []
    var numbers: [Int] = []

    init(_ sources: some Sequence<String>) {
        for source in sources { read(Array(source)) }
    }

    /// Whether a program looks at the members of an object without naming them.
    var goesThroughMembers: Bool { !words.isDisjoint(with: Self.iterators) }

    private static let iterators: Set<String> = [
        "[]", "keys", "length", "map", "map_values", "to_entries", "with_entries", "any", "all", "add", "paths",
        "contains",
        "inside", "tostring", "tojson", "values", "select", "getpath", "walk", "recurse",
    ]

    private mutating func read(_ text: [Character]) {
        var index = 0
        while index < text.count {
            switch text[index] {
            case "\"":
                let literal = text[(index + 1)...].prefix { $0 != "\"" }
                if !texts.contains(String(literal)) { texts.append(String(literal)) }
                index += literal.count + 2
            case ".":
                let path = Self.path(text, from: index)
                note(path.names, isAskedForMembers: Self.asksForMember(text, from: path.end))
                words.formUnion(path.names)
                index = path.end
            case let digit where digit.isNumber:
                let digits = text[index...].prefix { $0.isNumber }
                if let number = Int(String(digits)), !numbers.contains(number) { numbers.append(number) }
                index += max(1, digits.count)
            case let letter where letter.isLetter || letter == "_" || letter == "$":
                let word = text[index...].prefix { Self.isWord($0) || $0 == "$" }
                words.insert(String(word))
                index += word.count
            case "[" where index + 1 < text.count && text[index + 1] == "]":
                words.insert("[]")
                index += 2
            default: index += 1
            }
        }
    }

    /// Whether a path goes on with `| has("…`, which looks at no value.
    private static func asksForMember(_ text: [Character], from index: Int) -> Bool {
        let rest = text[index...].filter { $0 != " " }.prefix(6)
        return String(rest) == "|has(\""
    }

    private mutating func note(_ names: [String], isAskedForMembers: Bool) {
        switch names.first {
        case "context" where names.count == 2 && isAskedForMembers: objectNames.insert(names[1])
        case "context":
            if names.count > 1 { contextNames.insert(names[1]) } else { readsWholeContext = true }
        case "event":
            if names.count > 2, names[1] == "payload", !payloadNames.contains(names[2]) {
                payloadNames.append(names[2])
            }
        case .some, nil: break
        }
    }

    /// `.a.b.c` from a dot on: its names, and where it ends.
    private static func path(_ text: [Character], from start: Int) -> (names: [String], end: Int) {
        var names: [String] = []
        var index = start
        while index + 1 < text.count, text[index] == ".", isWord(text[index + 1]), !text[index + 1].isNumber {
            let name = text[(index + 1)...].prefix(while: isWord)
            names.append(String(name))
            index += name.count + 1
        }
        return (names, max(index, start + 1))
    }

    private static func isWord(_ character: Character) -> Bool {
        character.isLetter || character.isNumber || character == "_"
    }
}

extension Guard {
    /// The texts of all programs inside.
    var sources: [String] {
        switch self {
        case .program(let program): [program.source]
        case .and(let parts), .or(let parts): parts.flatMap(\.sources)
        case .not(let inner): inner.sources
        case .stateIn, .always: []
        }
    }
}

extension StateNode {
    /// Every transition that the state holds.
    package var transitions: [Transition] {
        on.map(\.transition) + always + after.map(\.transition) + onDone + invoke.flatMap { $0.onDone + $0.onError }
    }
}
