/// Reads the text of a pattern.
struct SchemaPatternReader {
    typealias Expression = SchemaPattern.Expression
    typealias Characters = SchemaPattern.Characters
    typealias Fault = SchemaPattern.Fault

    private var rest: Substring.UnicodeScalarView
    private var depth = 0

    init(_ text: String) { rest = text[...].unicodeScalars }

    mutating func all() throws(Fault) -> Expression {
        let expression = try alternatives()
        if let first = rest.first { throw Fault(message: "has `\(first)` where nothing is open") }
        return expression
    }

    private mutating func alternatives() throws(Fault) -> Expression {
        depth += 1
        defer { depth -= 1 }
        guard depth <= SchemaPattern.depthMax else {
            throw Fault(message: "has groups more than \(SchemaPattern.depthMax) deep")
        }
        var found = [try sequence()]
        while rest.first == "|" {
            rest.removeFirst()
            found.append(try sequence())
        }
        return found.count == 1 ? found[0] : .alternatives(found)
    }

    private mutating func sequence() throws(Fault) -> Expression {
        var parts: [Expression] = []
        while let scalar = rest.first, scalar != "|", scalar != ")" { parts.append(try repeated(try single())) }
        return parts.count == 1 ? parts[0] : parts.isEmpty ? .empty : .sequence(parts)
    }

    private mutating func single() throws(Fault) -> Expression {
        let scalar = rest.removeFirst()
        switch scalar {
        case "^": return .start
        case "$": return .end
        case ".": return .characters(Characters(ranges: [10...10, 13...13, 0x2028...0x2029], isInverted: true))
        case "(": return try group()
        case "[": return .characters(try set())
        case "\\": return .characters(try escaped())
        case "*", "+", "?", "{": throw Fault(message: "has `\(scalar)` with nothing to repeat")
        default: return .characters(Characters(ranges: [scalar.value...scalar.value]))
        }
    }

    private mutating func group() throws(Fault) -> Expression {
        if rest.first == "?" {
            rest.removeFirst()
            guard rest.popFirst() == ":" else { throw Fault(message: "has a group other than (…) and (?:…)") }
        }
        let inner = try alternatives()
        guard rest.popFirst() == ")" else { throw Fault(message: "has a group without its end") }
        return inner
    }

    // MARK: Repetition

    private mutating func repeated(_ part: Expression) throws(Fault) -> Expression {
        let bounds: (Int, Int?)
        switch rest.first {
        case "*": bounds = (0, nil)
        case "+": bounds = (1, nil)
        case "?": bounds = (0, 1)
        case "{": bounds = try counted()
        case .none, .some: return part
        }
        rest.removeFirst()
        // Lazy or greedy: the same texts match.
        if rest.first == "?" { rest.removeFirst() }
        if let next = rest.first, "*+?{".unicodeScalars.contains(next) {
            throw Fault(message: "has `\(next)` after a repetition")
        }
        if case .start = part { throw Fault(message: "repeats `^`") }
        if case .end = part { throw Fault(message: "repeats `$`") }
        return .repeated(part, bounds.0, bounds.1)
    }

    /// Up to the closing brace, which stays.
    private mutating func counted() throws(Fault) -> (Int, Int?) {
        rest.removeFirst()
        let least = try number()
        guard rest.first == "," else { return try closed(least, least) }
        rest.removeFirst()
        if rest.first == "}" { return (least, nil) }
        let most = try number()
        guard least <= most else {
            throw Fault(message: "has {\(least),\(most)}, whose bounds are the wrong way round")
        }
        return try closed(least, most)
    }

    private func closed(_ least: Int, _ most: Int) throws(Fault) -> (Int, Int?) {
        guard rest.first == "}" else { throw Fault(message: "has a `{` without its end") }
        return (least, most)
    }

    private mutating func number() throws(Fault) -> Int {
        var digits = ""
        while let scalar = rest.first, ("0"..."9").contains(scalar) {
            digits.unicodeScalars.append(scalar)
            rest.removeFirst()
        }
        guard let number = Int(digits), number <= SchemaPattern.repetitionMax else {
            throw Fault(message: "has a `{` without a number up to \(SchemaPattern.repetitionMax)")
        }
        return number
    }

    // MARK: Characters

    private static let digits = Characters(ranges: [48...57])
    private static let word = Characters(ranges: [48...57, 65...90, 95...95, 97...122])
    private static let space = Characters(
        ranges: [9...13, 32...32, 0xA0...0xA0, 0x1680...0x1680, 0x2000...0x200A, 0x2028...0x2029, 0x202F...0x202F]
            + [0x205F...0x205F, 0x3000...0x3000, 0xFEFF...0xFEFF]
    )

    private mutating func escaped() throws(Fault) -> Characters {
        guard let scalar = rest.popFirst() else { throw Fault(message: "ends with `\\`") }
        func inverted(_ set: Characters) -> Characters { Characters(ranges: set.ranges, isInverted: true) }
        switch scalar {
        case "d": return Self.digits
        case "D": return inverted(Self.digits)
        case "w": return Self.word
        case "W": return inverted(Self.word)
        case "s": return Self.space
        case "S": return inverted(Self.space)
        case "t": return Characters(ranges: [9...9])
        case "n": return Characters(ranges: [10...10])
        case "v": return Characters(ranges: [11...11])
        case "f": return Characters(ranges: [12...12])
        case "r": return Characters(ranges: [13...13])
        case "u":
            let digits = String(String.UnicodeScalarView(rest.prefix(4)))
            guard digits.count == 4, let value = UInt32(digits, radix: 16), Unicode.Scalar(value) != nil else {
                throw Fault(message: "has a `\\u` without four hexadecimal digits of a character")
            }
            rest = rest.dropFirst(4)
            return Characters(ranges: [value...value])
        default:
            guard scalar.isASCII, !scalar.properties.isAlphabetic, !("0"..."9").contains(scalar) else {
                throw Fault(message: "has `\\\(scalar)`, which is not supported")
            }
            return Characters(ranges: [scalar.value...scalar.value])
        }
    }

    /// What stands between the brackets.
    private mutating func set() throws(Fault) -> Characters {
        var set = Characters()
        if rest.first == "^" {
            set.isInverted = true
            rest.removeFirst()
        }
        while let scalar = rest.popFirst() {
            if scalar == "]" { return set }
            let first = scalar == "\\" ? try escaped() : Characters(ranges: [scalar.value...scalar.value])
            guard !first.isInverted else { throw Fault(message: "has an inverted class within brackets") }
            guard rest.first == "-", rest.dropFirst().first != "]", let low = first.ranges.first?.lowerBound,
                first.ranges == [low...low]
            else {
                set.ranges += first.ranges
                continue
            }
            rest.removeFirst()
            guard let end = rest.popFirst() else { break }
            let last = end == "\\" ? try escaped() : Characters(ranges: [end.value...end.value])
            guard let high = last.ranges.first?.lowerBound, last.ranges == [high...high], !last.isInverted, low <= high
            else { throw Fault(message: "has a range of characters that goes down") }
            set.ranges.append(low...high)
        }
        throw Fault(message: "has a `[` without its end")
    }
}
