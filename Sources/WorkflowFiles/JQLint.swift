/// Looks through a jq program for what must not be in it, before libjq sees it.
///
/// Programs must give the same answer whenever they run, and must end. So the clock, the environment, other inputs, the
/// host and modules are out, and so are the forms that can go on for ever; libjq 1.6 could not be stopped in them.
enum JQLint {
    /// Reads something besides the program's input, or does something besides giving a value.
    private static let impure: Set<String> = [
        "env", "now", "input", "inputs", "halt", "halt_error", "debug", "stderr", "input_line_number",
        "input_filename", "get_search_list", "localtime", "strflocaltime", "modulemeta", "import", "include",
        "$ENV", "$__prog_args",
    ]
    /// Need not end.
    private static let endless: Set<String> = ["repeat", "until", "while", "infinite", "def"]

    /// Why the program is refused; nil when there is nothing against it.
    static func complaint(about source: String) -> String? {
        var scanner = Scanner(Array(source.utf8))
        return scanner.complaint()
    }

    private struct Scanner {
        private let bytes: [UInt8]
        private var position = 0
        /// Open brackets; `"` stands for a string that an interpolation has interrupted.
        private var open: [UInt8] = []
        private var previous: UInt8 = 0

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        mutating func complaint() -> String? {
            while position < bytes.count {
                let byte = bytes[position]
                switch byte {
                case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\n"), UInt8(ascii: "\r"):
                    position += 1
                case UInt8(ascii: "#"):
                    while position < bytes.count, bytes[position] != UInt8(ascii: "\n") { position += 1 }
                case UInt8(ascii: "\""):
                    position += 1
                    if let complaint = skipString() { return complaint }
                case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"):
                    open.append(byte)
                    previous = byte
                    position += 1
                case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
                    if let complaint = close(byte) { return complaint }
                default:
                    if Self.isLetter(byte) || byte == UInt8(ascii: "$") {
                        if let complaint = word() { return complaint }
                    } else {
                        previous = byte
                        position += 1
                    }
                }
            }
            return open.isEmpty ? nil : "a bracket or string is not closed"
        }

        private mutating func close(_ byte: UInt8) -> String? {
            let expected: UInt8 =
                byte == UInt8(ascii: ")")
                ? UInt8(ascii: "(") : byte == UInt8(ascii: "]") ? UInt8(ascii: "[") : UInt8(ascii: "{")
            guard open.popLast() == expected else { return "a bracket is closed that was not opened" }
            position += 1
            previous = byte
            guard expected == UInt8(ascii: "("), open.last == UInt8(ascii: "\"") else { return nil }
            // The interpolation is over; the string goes on.
            open.removeLast()
            return skipString()
        }

        private mutating func skipString() -> String? {
            while position < bytes.count {
                switch bytes[position] {
                case UInt8(ascii: "\""):
                    position += 1
                    previous = UInt8(ascii: "\"")
                    return nil
                case UInt8(ascii: "\\"):
                    guard position + 1 < bytes.count else { return "a string is not closed" }
                    if bytes[position + 1] == UInt8(ascii: "(") {
                        open += [UInt8(ascii: "\""), UInt8(ascii: "(")]
                        previous = UInt8(ascii: "(")
                        position += 2
                        return nil
                    }
                    position += 2
                default: position += 1
                }
            }
            return "a string is not closed"
        }

        private mutating func word() -> String? {
            let start = position
            position += 1
            while position < bytes.count, Self.isLetter(bytes[position]) || Self.isDigit(bytes[position]) {
                position += 1
            }
            let name = String(decoding: bytes[start..<position], as: UTF8.self)
            defer { previous = UInt8(ascii: "a") }
            if isField(name) { return nil }
            if JQLint.impure.contains(name) {
                return
                    "`\(name)` is not allowed: a program sees its input only, so that it always gives the same answer"
            }
            if JQLint.endless.contains(name) { return "`\(name)` is not allowed: the program might never end" }
            if name == "recurse", nextByte() == UInt8(ascii: "(") {
                return "`recurse` with an argument is not allowed: the program might never end"
            }
            if name == "range", arguments() > 2 {
                return "`range` with a step is not allowed: with a step of 0 the program would never end"
            }
            return nil
        }

        /// Whether the word names a member (`.input`, `{input: …}`, `{input}`) or a variable, and calls nothing.
        private func isField(_ name: String) -> Bool {
            if previous == UInt8(ascii: ".") { return true }
            if name.hasPrefix("$") { return name != "$ENV" && name != "$__prog_args" }
            guard open.last == UInt8(ascii: "{"), previous == UInt8(ascii: "{") || previous == UInt8(ascii: ",") else {
                return false
            }
            return true
        }

        private func nextByte() -> UInt8? {
            bytes[position...].first { $0 != UInt8(ascii: " ") && $0 != UInt8(ascii: "\n") && $0 != UInt8(ascii: "\t") }
        }

        /// How many arguments follow, by the semicolons at their level.
        private func arguments() -> Int {
            guard nextByte() == UInt8(ascii: "(") else { return 0 }
            var depth = 0
            var count = 1
            for byte in bytes[position...] {
                switch byte {
                case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
                case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
                    depth -= 1
                    if depth == 0 { return count }
                case UInt8(ascii: ";") where depth == 1: count += 1
                default: break
                }
            }
            return count
        }

        private static func isLetter(_ byte: UInt8) -> Bool {
            (65...90).contains(byte) || (97...122).contains(byte) || byte == UInt8(ascii: "_")
        }
        private static func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
    }
}
