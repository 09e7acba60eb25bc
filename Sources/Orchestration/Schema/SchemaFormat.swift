/// The formats that are checked. Every other one is refused when the schema is compiled.
enum SchemaFormat: String, CaseIterable, Sendable {
    /// RFC 3339, as times are written everywhere here: `2026-11-21T07:00:00Z`, offsets and fractions allowed.
    case dateTime = "date-time"
    /// `2026-11-21`.
    case date
    /// 36 characters with hyphens (RFC 4122), upper or lower case.
    case uuid
    /// A name and a domain with at least one dot, of ASCII characters: what mail programs take, not all that RFC 5322
    /// allows.
    case email
    /// With a scheme, of the characters that RFC 3986 allows.
    case uri

    func fits(_ text: String) -> Bool {
        switch self {
        case .dateTime: Instant(text) != nil && Self.isInternetTime(Array(text.utf8))
        case .date: text.utf8.count == 10 && Instant(text + "T00:00:00Z") != nil
        case .uuid: Identifier<MessageKind>(text) != nil
        case .email: Self.isEmail(text)
        case .uri: Self.isURI(text)
        }
    }

    /// RFC 3339 wants a `T`, and a colon in the offset.
    private static func isInternetTime(_ bytes: [UInt8]) -> Bool {
        guard bytes.count >= 20, bytes[10] == 84 || bytes[10] == 116, let last = bytes.last else { return false }
        return last == 90 || last == 122 || bytes[bytes.count - 3] == 58 && [43, 45].contains(bytes[bytes.count - 6])
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
    }

    private static func isEmail(_ text: String) -> Bool {
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...64).contains(parts[0].utf8.count), parts[1].utf8.count <= 253 else { return false }
        let names = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let marks = Set("!#$%&'*+-/=?^_`{|}~".utf8)
        guard names.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { isLetterOrDigit($0) || marks.contains($0) } })
        else { return false }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        return labels.count >= 2
            && labels.allSatisfy { label in
                (1...63).contains(label.utf8.count) && label.utf8.allSatisfy { isLetterOrDigit($0) || $0 == 45 }
                    && label.utf8.first != 45 && label.utf8.last != 45
            }
    }

    private static func isURI(_ text: String) -> Bool {
        guard let colon = text.utf8.firstIndex(of: 58) else { return false }
        let scheme = text.utf8[..<colon]
        guard let first = scheme.first, isLetterOrDigit(first), !(48...57).contains(first),
            scheme.allSatisfy({ isLetterOrDigit($0) || [43, 45, 46].contains($0) })
        else { return false }
        let allowed = Set("-._~:/?#[]@!$&'()*+,;=".utf8)
        var rest = text.utf8[text.utf8.index(after: colon)...]
        guard !rest.isEmpty else { return false }
        while let byte = rest.popFirst() {
            if byte == 37 {
                guard let one = rest.popFirst(), let two = rest.popFirst(), isHexadecimal(one), isHexadecimal(two)
                else {
                    return false
                }
            } else if !isLetterOrDigit(byte), !allowed.contains(byte) {
                return false
            }
        }
        return true
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (48...57).contains(byte) || (65...70).contains(byte) || (97...102).contains(byte)
    }
}
