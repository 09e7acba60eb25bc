/// JSON writes a character outside the basic plane as two escapes, `\ud83d\ude00`; YAML knows no such pair.
enum JSONEscapes {
    /// The text with each pair replaced by the character it means; only in a text that is one JSON object.
    ///
    /// Lines stay; half a pair stays, too, and is refused by the YAML parser.
    static func joiningSurrogates(in bytes: [UInt8]) -> [UInt8] {
        guard bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var position = 0
        var isInString = false
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") { isInString.toggle() }
            guard isInString, byte == UInt8(ascii: "\\") else {
                result.append(byte)
                position += 1
                continue
            }
            if let high = unit(bytes, position), let low = unit(bytes, position + 6), let scalar = joined(high, low) {
                result += Array(String(Character(scalar)).utf8)
                position += 12
            } else {
                result += bytes[position..<min(position + 2, bytes.count)]
                position += 2
            }
        }
        return result
    }

    /// The code unit of the escape `\uXXXX` that stands at the position.
    private static func unit(_ bytes: [UInt8], _ position: Int) -> UInt32? {
        guard position + 6 <= bytes.count, bytes[position] == UInt8(ascii: "\\"),
            bytes[position + 1] == UInt8(ascii: "u")
        else { return nil }
        let digits = String(decoding: bytes[(position + 2)..<(position + 6)], as: UTF8.self)
        guard digits.utf8.allSatisfy({ $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "-") }) else { return nil }
        return UInt32(digits, radix: 16)
    }

    private static func joined(_ high: UInt32, _ low: UInt32) -> Unicode.Scalar? {
        guard (0xD800...0xDBFF).contains(high), (0xDC00...0xDFFF).contains(low) else { return nil }
        return Unicode.Scalar(0x1_0000 + (high - 0xD800) << 10 + (low - 0xDC00))
    }
}
