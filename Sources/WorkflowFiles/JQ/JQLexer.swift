/// Cuts a jq program into tokens; nil at whatever it does not know, which is then libjq's.
struct JQLexer {
    enum Token: Equatable {
        case number(Double)
        /// The parts of a string: texts, and the tokens of interpolations.
        case string([Part])
        case name(String)
        case variable(String)
        /// `.name`
        case field(String)
        case symbol(String)
    }

    enum Part: Equatable {
        case text(String)
        case program([Token])
    }

    private let bytes: [UInt8]
    private var position = 0
    /// Interpolations inside one another.
    private var depth = 0
    private static let depthMax = 8

    private init(_ text: String) { bytes = Array(text.utf8) }

    static func tokens(of program: String) -> [Token]? {
        var lexer = JQLexer(program)
        guard let tokens = lexer.tokens(untilParenthesis: false), lexer.position == lexer.bytes.count else {
            return nil
        }
        return tokens
    }

    private func byte(_ offset: Int = 0) -> UInt8 { position + offset < bytes.count ? bytes[position + offset] : 0 }

    private static let symbols = [
        "?//=", "?//", "//=", "|=", "+=", "-=", "*=", "/=", "%=", "==", "!=", "<=", ">=", "//", "..", "|", ",", "+",
        "-",
        "*", "/", "%", "=", "<", ">", "(", ")", "[", "]", "{", "}", ":", ";", ".", "?",
    ].map { Array($0.utf8) }

    private mutating func tokens(untilParenthesis: Bool) -> [Token]? {
        var found: [Token] = []
        var open = 0
        while position < bytes.count {
            switch byte() {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            case UInt8(ascii: "#"): while position < bytes.count, byte() != 0x0A { position += 1 }
            case UInt8(ascii: "\""):
                guard let string = string() else { return nil }
                found.append(string)
            case UInt8(ascii: "$"):
                position += 1
                guard Self.isNameStart(byte()) else { return nil }
                found.append(.variable(name()))
            case UInt8(ascii: ".") where Self.isNameStart(byte(1)):
                position += 1
                found.append(.field(name()))
            case UInt8(ascii: ".") where Self.isDigit(byte(1)):
                guard let number = number() else { return nil }
                found.append(number)
            case let first where Self.isDigit(first):
                guard let number = number() else { return nil }
                found.append(number)
            case let first where Self.isNameStart(first): found.append(.name(name()))
            default:
                guard let symbol = Self.symbols.first(where: { bytes[position...].starts(with: $0) }) else {
                    return nil
                }
                if symbol == [40] { open += 1 }
                if symbol == [41] {
                    if untilParenthesis, open == 0 { return found }
                    open -= 1
                }
                position += symbol.count
                found.append(.symbol(String(decoding: symbol, as: UTF8.self)))
            }
        }
        return untilParenthesis ? nil : found
    }

    private static func isNameStart(_ byte: UInt8) -> Bool {
        byte == 95 || (65...90).contains(byte) || (97...122).contains(byte)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }

    private mutating func name() -> String {
        let start = position
        while Self.isNameStart(byte()) || Self.isDigit(byte()) { position += 1 }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func number() -> Token? {
        let start = position
        while Self.isDigit(byte()) { position += 1 }
        if byte() == UInt8(ascii: ".") {
            position += 1
            while Self.isDigit(byte()) { position += 1 }
        }
        if byte() | 0x20 == UInt8(ascii: "e") {
            position += 1
            if byte() == UInt8(ascii: "+") || byte() == UInt8(ascii: "-") { position += 1 }
            guard Self.isDigit(byte()) else { return nil }
            while Self.isDigit(byte()) { position += 1 }
        }
        // `2.5.a` is one broken number to jq.
        if byte() == UInt8(ascii: ".") { return nil }
        // Swift reads neither a leading nor a trailing point; nor do people write them.
        guard let value = Double(String(decoding: bytes[start..<position], as: UTF8.self)), value.isFinite,
            value != 0 || !bytes[start..<position].contains(where: { (49...57).contains($0) })
        else { return nil }
        return .number(value)
    }

    private mutating func string() -> Token? {
        position += 1
        var parts: [Part] = []
        var text: [UInt8] = []
        while position < bytes.count {
            switch byte() {
            case UInt8(ascii: "\""):
                position += 1
                if !text.isEmpty || parts.isEmpty { parts.append(.text(String(decoding: text, as: UTF8.self))) }
                return .string(parts)
            case UInt8(ascii: "\\") where byte(1) == UInt8(ascii: "("):
                if !text.isEmpty { parts.append(.text(String(decoding: text, as: UTF8.self))) }
                text = []
                position += 2
                depth += 1
                guard depth <= Self.depthMax, let inner = tokens(untilParenthesis: true) else { return nil }
                depth -= 1
                position += 1
                parts.append(.program(inner))
            case UInt8(ascii: "\\"):
                guard let escaped = escape() else { return nil }
                text += escaped
            case 0..<0x20, 0x7F: return nil
            default:
                text.append(byte())
                position += 1
            }
        }
        return nil
    }

    private mutating func escape() -> [UInt8]? {
        let kind = byte(1)
        position += 2
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return [kind]
        case UInt8(ascii: "n"): return [0x0A]
        case UInt8(ascii: "t"): return [0x09]
        case UInt8(ascii: "r"): return [0x0D]
        case UInt8(ascii: "b"): return [0x08]
        case UInt8(ascii: "f"): return [0x0C]
        case UInt8(ascii: "u"):
            guard position + 4 <= bytes.count else { return nil }
            let digits = String(decoding: bytes[position..<(position + 4)], as: UTF8.self)
            guard digits.utf8.allSatisfy({ Self.isDigit($0) || (97...102).contains($0 | 0x20) }),
                let value = UInt32(digits, radix: 16), value != 0, let scalar = Unicode.Scalar(value)
            else { return nil }
            position += 4
            return Array(String(Character(scalar)).utf8)
        default: return nil
        }
    }
}
