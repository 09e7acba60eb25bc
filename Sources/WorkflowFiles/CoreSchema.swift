internal import Orchestration

/// YAML 1.2's core schema: which unquoted scalars are not strings.
///
/// `null`, booleans and numbers only; `on`, `yes`, `0777` with a sign or dates stay what they look like: strings.
enum CoreSchema {
    static func value(ofPlain text: String) -> JSONValue? {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE": return .bool(true)
        case "false", "False", "FALSE": return .bool(false)
        default: break
        }
        if let number = number(text) { return number.isFinite ? .number(number) : nil }
        return isNotFinite(text) ? nil : .string(text)
    }

    /// JSON has no such number; a file that writes one is refused.
    static func isNotFinite(_ text: String) -> Bool {
        let bare = text.hasPrefix("+") || text.hasPrefix("-") ? String(text.dropFirst()) : text
        if [".inf", ".Inf", ".INF"].contains(bare) || [".nan", ".NaN", ".NAN"].contains(text) { return true }
        return isDecimal(text) && !(Double(text)?.isFinite ?? true)
    }

    private static func number(_ text: String) -> Double? {
        if text.hasPrefix("0o") || text.hasPrefix("0x") {
            let digits = text.dropFirst(2)
            // Swift's initializer would take a sign here.
            guard let first = digits.utf8.first, first != UInt8(ascii: "+"), first != UInt8(ascii: "-") else {
                return nil
            }
            let radix = text.hasPrefix("0o") ? 8 : 16
            guard digits.allSatisfy({ $0.isASCII && Int(String($0), radix: radix) != nil }) else { return nil }
            // Too long for any integer of ours: no number that could be kept, but certainly no text.
            return Int64(digits, radix: radix).map { Double($0) } ?? .infinity
        }
        guard isDecimal(text), let value = Double(normalized(text)), value.isFinite else { return nil }
        return value == 0 ? 0 : value
    }

    /// `[-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )?`
    private static func isDecimal(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        func digits() -> Int {
            let count = rest.prefix { (48...57).contains($0) }.count
            rest = rest.dropFirst(count)
            return count
        }
        if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        let whole = digits()
        if rest.first == UInt8(ascii: ".") {
            rest = rest.dropFirst()
            if digits() == 0, whole == 0 { return false }
        } else if whole == 0 {
            return false
        }
        guard let exponent = rest.first else { return true }
        guard exponent | 0x20 == UInt8(ascii: "e") else { return false }
        rest = rest.dropFirst()
        if rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-") { rest = rest.dropFirst() }
        return digits() > 0 && rest.isEmpty
    }

    /// Swift reads neither a leading nor a trailing point.
    private static func normalized(_ text: String) -> String {
        var result = ""
        var previous: Character?
        for character in text {
            if previous == ".", !character.isNumber { result.append("0") }
            if character == ".", !(previous?.isNumber ?? false) { result.append("0") }
            result.append(character)
            previous = character
        }
        return previous == "." ? result + "0" : result
    }
}
