/// Why a text is not JSON that we take, and where.
package struct JSONFault: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Reason: Equatable, Sendable {
        case empty
        case tooLong(bytesMax: Int)
        case byteOrderMark
        case invalidUTF8
        case unexpectedEnd
        case unexpected(expected: Expected)
        case trailingComma
        case trailingText
        case controlCharacter
        case nulEscape
        case invalidEscape
        case loneSurrogate
        case duplicateKey
        case tooDeep(depthMax: Int)
        case invalidNumber
        case leadingZero
        case numberTooLong(lengthMax: Int)
        case exponentTooLarge(exponentMax: Int)
        case numberTooLarge
        case inexactInteger
    }

    package enum Expected: String, Equatable, Sendable {
        case value = "a value"
        case key = "a key in double quotes"
        case colon = "a colon after the key"
        case commaOrBracket = "a comma or a closing bracket"
        case commaOrBrace = "a comma or a closing brace"
    }

    /// The byte at which reading stopped, from 0.
    package let offset: Int
    /// JSON Pointer (RFC 6901) of the value that was being read; empty for the whole text.
    package let pointer: String
    package let reason: Reason

    package init(offset: Int, pointer: String = "", reason: Reason) {
        self.offset = offset
        self.pointer = pointer
        self.reason = reason
    }

    /// The same fault, seen from the array or object around it.
    func inside(_ component: String) -> JSONFault {
        var escaped = ""
        for character in component.unicodeScalars {
            switch character {
            case "~": escaped += "~0"
            case "/": escaped += "~1"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return JSONFault(offset: offset, pointer: "/" + escaped + pointer, reason: reason)
    }

    /// One sentence: `The JSON is not acceptable at byte 17, in /payload/title: the key occurs twice.`
    package var description: String {
        let place = pointer.isEmpty ? "" : ", in \(PrintableText.of(pointer))"
        return "The JSON is not acceptable at byte \(offset)\(place): \(explanation)."
    }

    private var explanation: String {
        switch reason {
        case .empty: "there is no value"
        case .tooLong(let bytesMax): "the text is longer than \(bytesMax) bytes"
        case .byteOrderMark: "it begins with a byte order mark; send UTF-8 without one"
        case .invalidUTF8: "the bytes are not UTF-8"
        case .unexpectedEnd: "it ends in the middle of a value"
        case .unexpected(let expected): "here should be \(expected.rawValue)"
        case .trailingComma: "a comma stands before a closing bracket or brace"
        case .trailingText: "something follows the value"
        case .controlCharacter: "a string holds a control character that is not escaped"
        case .nulEscape: "a string holds the character U+0000, which cannot be stored"
        case .invalidEscape: "there is no such escape in a string"
        case .loneSurrogate: "half of a surrogate pair stands alone"
        case .duplicateKey: "the key occurs twice in its object"
        case .tooDeep(let depthMax): "more than \(depthMax) arrays and objects stand inside one another"
        case .invalidNumber: "this is not a number as JSON writes it"
        case .leadingZero: "a number begins with a needless zero"
        case .numberTooLong(let lengthMax): "a number is longer than \(lengthMax) characters"
        case .exponentTooLarge(let exponentMax): "a number's exponent is beyond ±\(exponentMax)"
        case .numberTooLarge: "a number is too large for a double"
        case .inexactInteger: "an integer is beyond ±9007199254740991; send it as a string"
        }
    }
}
