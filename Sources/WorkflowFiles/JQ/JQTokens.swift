/// Looks through a jq program, before it is compiled, for what a workflow may not use.
///
/// Strings and comments are skipped, but not the code of string interpolations. A name after a dot, or an object's
/// key, is a member and no call.
enum JQTokens {
    /// Not a function of the input: clock, environment, host, further input, further output, files.
    static let impure: Set<String> = [
        "env", "now", "input", "inputs", "halt", "halt_error", "debug", "stderr", "input_line_number",
        "get_search_list", "localtime", "strflocaltime", "input_filename", "modulemeta", "import",
        "include",
    ]
    /// Why the program is refused; nil when it may be compiled.
    static func refusal(of program: String) -> String? {
        var scanner = Scanner(bytes: Array(program.utf8))
        return scanner.run()
    }

    private struct Scanner {
        let bytes: [UInt8]
        var position = 0
        /// Open brackets; `"` stands for an interpolation, which its `)` ends.
        var open: [UInt8] = []
        /// The last token's last byte, of those that matter for what a name means.
        var previous: UInt8 = 0

        func byte(_ offset: Int = 0) -> UInt8 { position + offset < bytes.count ? bytes[position + offset] : 0 }

        mutating func run() -> String? {
            var isEmpty = true
            while position < bytes.count {
                let current = byte()
                switch current {
                case 0x20, 0x09, 0x0A, 0x0D: position += 1
                case UInt8(ascii: "#"): while position < bytes.count, byte() != 0x0A { position += 1 }
                case UInt8(ascii: "\""):
                    position += 1
                    isEmpty = false
                    if let refusal = string() { return refusal }
                case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
                    open.append(current)
                    step(current)
                case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
                    if let refusal = close(current) { return refusal }
                case _ where isNameStart(current):
                    isEmpty = false
                    if let refusal = name() { return refusal }
                default:
                    isEmpty = false
                    step(current)
                }
            }
            if !open.isEmpty { return "a bracket or string is not closed" }
            return isEmpty ? "the program is empty" : nil
        }

        mutating func step(_ byte: UInt8) {
            previous = byte
            position += 1
        }

        mutating func close(_ bracket: UInt8) -> String? {
            let partner: [UInt8: UInt8] = [41: 40, 93: 91, 125: 123]
            guard let last = open.popLast(), last == partner[bracket] || (last == 34 && bracket == 41) else {
                return "`\(Character(Unicode.Scalar(bracket)))` closes nothing"
            }
            step(bracket)
            return last == 34 ? string() : nil
        }

        /// The rest of a string, up to its end or to an interpolation.
        mutating func string() -> String? {
            while position < bytes.count {
                switch byte() {
                case UInt8(ascii: "\""):
                    step(UInt8(ascii: "\""))
                    return nil
                case UInt8(ascii: "\\") where byte(1) == UInt8(ascii: "("):
                    open.append(34)
                    position += 1
                    step(UInt8(ascii: "("))
                    return nil
                case UInt8(ascii: "\\"): position += 2
                default: position += 1
                }
            }
            return "a string is not closed"
        }

        func isNameStart(_ byte: UInt8) -> Bool {
            byte == 95 || (65...90).contains(byte) || (97...122).contains(byte)
        }

        mutating func name() -> String? {
            let start = position
            let before = start > 0 ? bytes[start - 1] : 0
            while isNameStart(byte()) || (48...57).contains(byte()) { position += 1 }
            let text = String(decoding: bytes[start..<position], as: UTF8.self)
            let isVariable = previous == UInt8(ascii: "$")
            let isField = before == UInt8(ascii: ".")
            let opensKey = previous == UInt8(ascii: "{") || previous == UInt8(ascii: ",")
            let isKey = opensKey && open.last == UInt8(ascii: "{")
            previous = UInt8(ascii: "a")
            if isVariable {
                return text == "ENV" || text.hasPrefix("__prog")
                    ? "`$\(text)` is not allowed: a program sees event, context and session only" : nil
            }
            if isField || isKey { return nil }
            if JQTokens.impure.contains(text) {
                return "`\(text)` is not allowed: a program sees event, context and session only"
            }
            return nil
        }
    }
}
