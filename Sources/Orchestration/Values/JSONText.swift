/// Reads JSON (RFC 8259) strictly: what two readers could understand differently, or what PostgreSQL could not
/// give back, is refused.
package enum JSONText {
    package static func parse(
        _ bytes: UnsafeBufferPointer<UInt8>,
        limits: JSONLimits = .record
    ) throws(JSONFault) -> JSONValue {
        var reader = JSONReader(bytes: bytes, limits: limits)
        return try reader.document()
    }

    package static func parse(_ bytes: [UInt8], limits: JSONLimits = .record) throws(JSONFault) -> JSONValue {
        try bytes.withUnsafeBufferPointer { (buffer) throws(JSONFault) in try parse(buffer, limits: limits) }
    }

    package static func parse(_ bytes: ArraySlice<UInt8>, limits: JSONLimits = .record) throws(JSONFault) -> JSONValue {
        try bytes.withUnsafeBufferPointer { (buffer) throws(JSONFault) in try parse(buffer, limits: limits) }
    }

    package static func parse(_ bytes: Span<UInt8>, limits: JSONLimits = .record) throws(JSONFault) -> JSONValue {
        try bytes.withUnsafeBufferPointer { (buffer) throws(JSONFault) in try parse(buffer, limits: limits) }
    }

    package static func parse(_ text: String, limits: JSONLimits = .record) throws(JSONFault) -> JSONValue {
        try parse(Array(text.utf8), limits: limits)
    }
}

/// One pass over the bytes; recursion is bounded by `limits.depthMax`.
///
/// Every read of `bytes` goes through `byte(at:)` or stands behind a comparison with `bytes.count`.
private struct JSONReader {
    let bytes: UnsafeBufferPointer<UInt8>
    let limits: JSONLimits
    var position = 0
    var depth = 0

    init(bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
        self.bytes = bytes
        self.limits = limits
    }

    /// The byte at an index; 0, which is no part of JSON, beyond the end.
    @inline(__always)
    func byte(at index: Int) -> UInt8 { index < bytes.count ? bytes[index] : 0 }

    func fault(_ reason: JSONFault.Reason) -> JSONFault { fault(reason, at: position) }
    func fault(_ reason: JSONFault.Reason, at offset: Int) -> JSONFault { JSONFault(offset: offset, reason: reason) }

    /// What is wrong at the current position if something else was expected there.
    func unexpected(_ expected: JSONFault.Expected) -> JSONFault {
        if position >= bytes.count { return fault(.unexpectedEnd) }
        if bytes[position] >= 0x80, sequenceLength(at: position) == nil { return fault(.invalidUTF8) }
        return fault(.unexpected(expected: expected))
    }

    mutating func document() throws(JSONFault) -> JSONValue {
        guard bytes.count <= limits.bytesMax else {
            throw fault(.tooLong(bytesMax: limits.bytesMax), at: max(0, limits.bytesMax))
        }
        if byte(at: 0) == 0xEF, byte(at: 1) == 0xBB, byte(at: 2) == 0xBF { throw fault(.byteOrderMark) }
        if byte(at: 0) == 0xFE && byte(at: 1) == 0xFF || byte(at: 0) == 0xFF && byte(at: 1) == 0xFE {
            throw fault(.byteOrderMark)
        }
        skipSpace()
        if position == bytes.count { throw fault(.empty) }
        let value = try value()
        skipSpace()
        if position < bytes.count { throw fault(.trailingText) }
        return value
    }

    @inline(__always)
    mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x0A, 0x0D, 0x09: position += 1
            default: return
            }
        }
    }

    mutating func value() throws(JSONFault) -> JSONValue {
        switch byte(at: position) {
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number(try number())
        case UInt8(ascii: "t"):
            try word("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try word("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try word("null")
            return .null
        case UInt8(ascii: "+"), UInt8(ascii: "."), UInt8(ascii: "N"), UInt8(ascii: "I"): throw fault(.invalidNumber)
        default: throw unexpected(.value)
        }
    }

    mutating func word(_ word: StaticString) throws(JSONFault) {
        for index in 0..<word.utf8CodeUnitCount where byte(at: position + index) != word.utf8Start[index] {
            throw position + index >= bytes.count
                ? fault(.unexpectedEnd, at: bytes.count) : fault(.unexpected(expected: .value))
        }
        position += word.utf8CodeUnitCount
    }

    mutating func enter() throws(JSONFault) {
        depth += 1
        if depth > limits.depthMax { throw fault(.tooDeep(depthMax: limits.depthMax)) }
        position += 1
        skipSpace()
    }

    mutating func array() throws(JSONFault) -> [JSONValue] {
        try enter()
        var elements: [JSONValue] = []
        if byte(at: position) == UInt8(ascii: "]") {
            position += 1
            depth -= 1
            return elements
        }
        while true {
            do throws(JSONFault) {
                elements.append(try value())
            } catch {
                throw error.inside(String(elements.count))
            }
            skipSpace()
            switch byte(at: position) {
            case UInt8(ascii: ","):
                let comma = position
                position += 1
                skipSpace()
                if byte(at: position) == UInt8(ascii: "]") { throw fault(.trailingComma, at: comma) }
            case UInt8(ascii: "]"):
                position += 1
                depth -= 1
                return elements
            default:
                throw unexpected(.commaOrBracket)
            }
        }
    }

    mutating func object() throws(JSONFault) -> JSONObject {
        try enter()
        var members: [(member: JSONObject.Member, offset: Int)] = []
        if byte(at: position) == UInt8(ascii: "}") {
            position += 1
            depth -= 1
            return JSONObject()
        }
        var isSorted = true
        while true {
            guard byte(at: position) == UInt8(ascii: "\"") else { throw unexpected(.key) }
            let offset = position
            let key = try string()
            skipSpace()
            guard byte(at: position) == UInt8(ascii: ":") else { throw unexpected(.colon) }
            position += 1
            skipSpace()
            let value: JSONValue
            do throws(JSONFault) {
                value = try self.value()
            } catch {
                throw error.inside(key)
            }
            if let last = members.last, !last.member.key.precedesInBytes(key) { isSorted = false }
            members.append((JSONObject.Member(key: key, value: value), offset))
            skipSpace()
            switch byte(at: position) {
            case UInt8(ascii: ","):
                let comma = position
                position += 1
                skipSpace()
                if byte(at: position) == UInt8(ascii: "}") { throw fault(.trailingComma, at: comma) }
            case UInt8(ascii: "}"):
                position += 1
                depth -= 1
                if !isSorted { try sort(&members) }
                return JSONObject(alreadySorted: members.map(\.member))
            default:
                throw unexpected(.commaOrBrace)
            }
        }
    }

    /// Sorts by key; of two equal keys the later one's place is the fault's.
    func sort(_ members: inout [(member: JSONObject.Member, offset: Int)]) throws(JSONFault) {
        members.sort { left, right in
            if left.member.key.precedesInBytes(right.member.key) { return true }
            if right.member.key.precedesInBytes(left.member.key) { return false }
            return left.offset < right.offset
        }
        var first: (key: String, offset: Int)?
        for (previous, next) in zip(members, members.dropFirst())
        where previous.member.key.utf8.elementsEqual(next.member.key.utf8) && next.offset < first?.offset ?? .max {
            first = (next.member.key, next.offset)
        }
        if let first { throw fault(.duplicateKey, at: first.offset).inside(first.key) }
    }

    // MARK: Strings

    /// The string whose opening quote is at the current position.
    mutating func string() throws(JSONFault) -> String {
        position += 1
        let start = position
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                let text = String(decoding: bytes[start..<position], as: UTF8.self)
                position += 1
                return text
            case UInt8(ascii: "\\"): return try escapedString(from: start)
            case 0..<0x20: throw fault(.controlCharacter)
            case 0x20..<0x80: position += 1
            default:
                guard let length = sequenceLength(at: position) else { throw fault(.invalidUTF8) }
                position += length
            }
        }
        throw fault(.unexpectedEnd)
    }

    /// The rest of a string that has an escape, at the current position; `start` is its first byte.
    mutating func escapedString(from start: Int) throws(JSONFault) -> String {
        var text = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            switch byte {
            case UInt8(ascii: "\""):
                position += 1
                return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw fault(.controlCharacter)
            case 0x20..<0x80:
                text.append(byte)
                position += 1
            default:
                guard let length = sequenceLength(at: position) else { throw fault(.invalidUTF8) }
                text.append(contentsOf: bytes[position..<position + length])
                position += length
            }
        }
        throw fault(.unexpectedEnd)
    }

    mutating func escape(into text: inout [UInt8]) throws(JSONFault) {
        guard position + 1 < bytes.count else { throw fault(.unexpectedEnd, at: bytes.count) }
        switch bytes[position + 1] {
        case UInt8(ascii: "\""): text.append(UInt8(ascii: "\""))
        case UInt8(ascii: "\\"): text.append(UInt8(ascii: "\\"))
        case UInt8(ascii: "/"): text.append(UInt8(ascii: "/"))
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            let scalar = try escapedScalar()
            text.append(contentsOf: Array(String(Character(scalar)).utf8))
            return
        default: throw fault(.invalidEscape)
        }
        position += 2
    }

    /// The character of one `\uXXXX`, or of a pair of them.
    mutating func escapedScalar() throws(JSONFault) -> Unicode.Scalar {
        let start = position
        let high = try codeUnit()
        if high == 0 { throw fault(.nulEscape, at: start) }
        if let scalar = Unicode.Scalar(UInt32(high)) { return scalar }
        guard (0xD800..<0xDC00).contains(high), byte(at: position) == UInt8(ascii: "\\"),
            byte(at: position + 1) == UInt8(ascii: "u")
        else { throw fault(.loneSurrogate, at: start) }
        let low = try codeUnit()
        guard (0xDC00..<0xE000).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (UInt32(high) - 0xD800) << 10 + (UInt32(low) - 0xDC00))
        else { throw fault(.loneSurrogate, at: start) }
        return scalar
    }

    /// The four digits after `\u`; moves behind them.
    mutating func codeUnit() throws(JSONFault) -> UInt16 {
        var unit: UInt16 = 0
        for index in position + 2..<position + 6 {
            guard index < bytes.count else { throw fault(.unexpectedEnd, at: bytes.count) }
            switch bytes[index] {
            case let digit where (48...57).contains(digit): unit = unit << 4 | UInt16(digit - 48)
            case let digit where (65...70).contains(digit): unit = unit << 4 | UInt16(digit - 55)
            case let digit where (97...102).contains(digit): unit = unit << 4 | UInt16(digit - 87)
            default: throw fault(.invalidEscape)
            }
        }
        position += 6
        return unit
    }

    /// The length of the multi-byte UTF-8 sequence at an index (Unicode, table 3-7); nil if it is not well-formed.
    func sequenceLength(at index: Int) -> Int? {
        func isTail(_ offset: Int) -> Bool { byte(at: index + offset) & 0xC0 == 0x80 }
        let second = byte(at: index + 1)
        switch byte(at: index) {
        case 0xC2...0xDF: return isTail(1) ? 2 : nil
        case 0xE0: return (0xA0...0xBF).contains(second) && isTail(2) ? 3 : nil
        case 0xED: return (0x80...0x9F).contains(second) && isTail(2) ? 3 : nil
        case 0xE1...0xEF: return isTail(1) && isTail(2) ? 3 : nil
        case 0xF0: return (0x90...0xBF).contains(second) && isTail(2) && isTail(3) ? 4 : nil
        case 0xF1...0xF3: return isTail(1) && isTail(2) && isTail(3) ? 4 : nil
        case 0xF4: return (0x80...0x8F).contains(second) && isTail(2) && isTail(3) ? 4 : nil
        default: return nil
        }
    }

    // MARK: Numbers

    mutating func number() throws(JSONFault) -> Double {
        let start = position
        let isNegative = byte(at: position) == UInt8(ascii: "-")
        if isNegative { position += 1 }
        if byte(at: position) == UInt8(ascii: "0") {
            position += 1
            if isDigit(byte(at: position)) { throw fault(.leadingZero, at: start) }
        } else {
            try digits(from: start)
        }
        var isInteger = true
        if byte(at: position) == UInt8(ascii: ".") {
            isInteger = false
            position += 1
            try digits(from: start)
        }
        if byte(at: position) | 0x20 == UInt8(ascii: "e") {
            isInteger = false
            position += 1
            try exponent(from: start)
        }
        guard position - start <= limits.numberLengthMax else {
            throw fault(.numberTooLong(lengthMax: limits.numberLengthMax), at: start)
        }
        if isInteger, position - start <= 16 {
            var value = 0
            for index in start..<position where bytes[index] != UInt8(ascii: "-") {
                value = value * 10 + Int(bytes[index] - UInt8(ascii: "0"))
            }
            if value <= JSONLimits.exactIntegerMax { return value == 0 ? 0 : Double(isNegative ? -value : value) }
        }
        let token = String(decoding: bytes[start..<position], as: UTF8.self)
        if isInteger, limits.refusesInexactIntegers {
            guard let value = Int(token), value.magnitude <= UInt(JSONLimits.exactIntegerMax) else {
                throw fault(.inexactInteger, at: start)
            }
        }
        guard let value = Double(token) else { throw fault(.invalidNumber, at: start) }
        guard value.isFinite else { throw fault(.numberTooLarge, at: start) }
        return value == 0 ? 0 : value
    }

    func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    /// One digit or more.
    mutating func digits(from start: Int) throws(JSONFault) {
        guard isDigit(byte(at: position)) else {
            throw position >= bytes.count ? fault(.unexpectedEnd) : fault(.invalidNumber, at: start)
        }
        while isDigit(byte(at: position)) { position += 1 }
    }

    mutating func exponent(from start: Int) throws(JSONFault) {
        if byte(at: position) == UInt8(ascii: "+") || byte(at: position) == UInt8(ascii: "-") { position += 1 }
        let first = position
        try digits(from: start)
        var value = 0
        for index in first..<position {
            value = value * 10 + Int(bytes[index] - UInt8(ascii: "0"))
            guard value <= limits.exponentMax else {
                throw fault(.exponentTooLarge(exponentMax: limits.exponentMax), at: start)
            }
        }
    }
}
