/// What JSON means otherwise than libyaml. A character outside the basic plane is two escapes there, `\ud83d\ude00`, and
/// YAML knows no such pair. And libyaml, which reads YAML 1.1, takes three more characters for ends of lines, which JSON and
/// YAML 1.2 do not: within a text it would make spaces of them.
enum JSONEscapes {
    /// The text with each pair replaced by the character it means, and those ends of lines by YAML's escapes; only in a
    /// text that is one JSON object.
    ///
    /// Lines stay; half a pair stays, too, and is refused by the YAML parser.
    static func translated(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.first(where: { $0 > 0x20 }) == UInt8(ascii: "{") else { return bytes }
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var position = 0
        var isInString = false
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") { isInString.toggle() }
            if isInString, let (length, escape) = foreignBreak(bytes[position...]) {
                result += [UInt8(ascii: "\\"), escape]
                position += length
                continue
            }
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

    /// How many bytes such an end of a line has, and what YAML writes for it behind a backslash.
    private static func foreignBreak(_ rest: ArraySlice<UInt8>) -> (length: Int, escape: UInt8)? {
        if rest.starts(with: [0xC2, 0x85]) { return (2, UInt8(ascii: "N")) }
        if rest.starts(with: [0xE2, 0x80, 0xA8]) { return (3, UInt8(ascii: "L")) }
        if rest.starts(with: [0xE2, 0x80, 0xA9]) { return (3, UInt8(ascii: "P")) }
        return nil
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
