extension JSONValue {
    /// Compact JSON, members sorted by key; equal values have equal text.
    ///
    /// What it writes, `JSONText.parse` reads (if it is not too long or too deep). So three things that JSON or
    /// PostgreSQL does not have are replaced: NaN and infinities by `null`, doubles too small to be normal by 0,
    /// U+0000 by U+FFFD. Minus zero is 0.
    package var text: String { String(decoding: utf8Bytes, as: UTF8.self) }

    /// The bytes of `text`.
    package var utf8Bytes: [UInt8] {
        var writer = JSONWriter(indentation: nil)
        writer.write(self)
        return writer.bytes
    }

    /// The same for people: a line per member or element, two spaces of indentation.
    package var prettyText: String {
        var writer = JSONWriter(indentation: 2)
        writer.write(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension JSONValue {
    /// Appends the bytes of `text`.
    package func write(to bytes: inout [UInt8]) {
        var writer = JSONWriter(indentation: nil)
        swap(&writer.bytes, &bytes)
        writer.write(self)
        swap(&writer.bytes, &bytes)
    }
}

private struct JSONWriter {
    /// Spaces per level; nil for compact text.
    let indentation: Int?
    var bytes: [UInt8] = []
    var depth = 0

    init(indentation: Int?) { self.indentation = indentation }

    mutating func write(_ value: JSONValue) {
        switch value {
        case .null: bytes.append(contentsOf: "null".utf8)
        case .bool(let value): bytes.append(contentsOf: (value ? "true" : "false").utf8)
        case .number(let value): write(value)
        case .string(let value): write(value)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            depth += 1
            // Here and below: elements of a buffer are looked at where they are, those of an array are retained.
            elements.withUnsafeBufferPointer { elements in
                for index in elements.indices {
                    separate(isFirst: index == 0)
                    write(elements[index])
                }
            }
            close(with: UInt8(ascii: "]"), isEmpty: elements.isEmpty)
        case .object(let object):
            bytes.append(UInt8(ascii: "{"))
            depth += 1
            object.members.withUnsafeBufferPointer { members in
                for index in members.indices {
                    separate(isFirst: index == 0)
                    write(members[index].key)
                    bytes.append(UInt8(ascii: ":"))
                    if indentation != nil { bytes.append(UInt8(ascii: " ")) }
                    write(members[index].value)
                }
            }
            close(with: UInt8(ascii: "}"), isEmpty: object.isEmpty)
        }
    }

    private mutating func separate(isFirst: Bool) {
        if !isFirst { bytes.append(UInt8(ascii: ",")) }
        breakLine()
    }

    private mutating func close(with bracket: UInt8, isEmpty: Bool) {
        depth -= 1
        if !isEmpty { breakLine() }
        bytes.append(bracket)
    }

    private mutating func breakLine() {
        guard let indentation else { return }
        bytes.append(0x0A)
        bytes.append(contentsOf: repeatElement(UInt8(ascii: " "), count: indentation * depth))
    }

    private mutating func write(_ number: Double) {
        if !number.isFinite {
            bytes.append(contentsOf: "null".utf8)
        } else if number.isZero || number.isSubnormal {
            bytes.append(UInt8(ascii: "0"))
        } else if number.rounded() == number, abs(number) <= Double(JSONLimits.exactIntegerMax) {
            bytes.append(contentsOf: String(Int(number)).utf8)
        } else {
            // The shortest digits that read back as the same double; Swift's form of them is JSON.
            bytes.append(contentsOf: number.description.utf8)
        }
    }

    private mutating func write(_ string: String) {
        bytes.append(UInt8(ascii: "\""))
        // Most text has nothing to escape and is taken as it is.
        let isTaken = string.utf8.withContiguousStorageIfAvailable { text in
            for byte in text where byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") {
                return false
            }
            bytes.append(contentsOf: text)
            return true
        }
        if isTaken != true { writeEscaped(string) }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func writeEscaped(_ string: String) {
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(contentsOf: [UInt8(ascii: "\\"), byte])
            case 0x00: bytes.append(contentsOf: "\u{FFFD}".utf8)
            case 0x08: bytes.append(contentsOf: "\\b".utf8)
            case 0x09: bytes.append(contentsOf: "\\t".utf8)
            case 0x0A: bytes.append(contentsOf: "\\n".utf8)
            case 0x0C: bytes.append(contentsOf: "\\f".utf8)
            case 0x0D: bytes.append(contentsOf: "\\r".utf8)
            case 0x01..<0x20:
                let digits = Array("0123456789abcdef".utf8)
                bytes.append(contentsOf: "\\u00".utf8)
                bytes.append(contentsOf: [digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            default: bytes.append(byte)
            }
        }
    }
}
