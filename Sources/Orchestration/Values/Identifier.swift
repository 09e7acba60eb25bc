/// A 128-bit identifier of one kind of thing, so that a task's id cannot be passed where a session's is meant.
///
/// Text form: RFC 9562, 36 characters, always printed in lower case, because the text is a Kafka record key
/// and two spellings of one session would land on two partitions.
package struct Identifier<Kind>: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let high: UInt64
    package let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// Reads the hyphenated form in either case; nothing else is accepted (no braces, no URN, no bare digits).
    package init?(_ text: some StringProtocol) {
        var high: UInt64 = 0
        var low: UInt64 = 0
        var digits = 0
        var position = 0
        for byte in text.utf8 {
            if position == 8 || position == 13 || position == 18 || position == 23 {
                guard byte == UInt8(ascii: "-") else { return nil }
            } else {
                let digit: UInt64
                switch byte {
                case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = UInt64(byte - UInt8(ascii: "0"))
                case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = UInt64(byte - UInt8(ascii: "a")) + 10
                case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = UInt64(byte - UInt8(ascii: "A")) + 10
                default: return nil
                }
                if digits < 16 { high = high << 4 | digit } else { low = low << 4 | digit }
                digits += 1
            }
            position += 1
            if position > 36 { return nil }
        }
        guard position == 36, digits == 32 else { return nil }
        self.init(high: high, low: low)
    }

    /// Derives an identifier from text that determines it, so that a step that is redone names its rows alike.
    ///
    /// RFC 9562 version 8: the first 122 bits of SHA-256 over the parts, each preceded by its length.
    package init(derivedFrom parts: String...) {
        var hash = SHA256()
        for part in parts {
            withUnsafeBytes(of: UInt32(part.utf8.count).bigEndian) { hash.update($0) }
            hash.update(part.utf8)
        }
        let digest = hash.finish()
        func word(_ range: Range<Int>) -> UInt64 { digest[range].reduce(0) { $0 << 8 | UInt64($1) } }
        self.init(
            high: word(0..<8) & 0xFFFF_FFFF_FFFF_0FFF | 0x8000,
            low: word(8..<16) & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        )
    }

    package var description: String {
        let hexadecimal = Array("0123456789abcdef".utf8)
        return String(unsafeUninitializedCapacity: 36) { buffer in
            var position = 0
            for index in 0..<32 {
                if index == 8 || index == 12 || index == 16 || index == 20 {
                    buffer[position] = UInt8(ascii: "-")
                    position += 1
                }
                let word = index < 16 ? high : low
                buffer[position] = hexadecimal[Int(word >> UInt64(60 - 4 * (index % 16)) & 0xF)]
                position += 1
            }
            return 36
        }
    }

    /// The same bits as an identifier of another kind; for the few places where two kinds share their ids.
    package func cast<Other>(to kind: Other.Type = Other.self) -> Identifier<Other> {
        Identifier<Other>(high: high, low: low)
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }
}

package enum SessionKind {}
package enum MessageKind {}
package enum EventKind {}
package enum TaskKind {}
package enum HandleKind {}
package enum NovelKind {}
package enum DeadLetterKind {}

package typealias SessionID = Identifier<SessionKind>
/// The id of what came in: a command, an agent's answer, or an input the worker made itself (a deadline).
package typealias MessageID = Identifier<MessageKind>
package typealias EventID = Identifier<EventKind>
package typealias TaskID = Identifier<TaskKind>
package typealias HandleID = Identifier<HandleKind>
package typealias NovelID = Identifier<NovelKind>
package typealias DeadLetterID = Identifier<DeadLetterKind>
