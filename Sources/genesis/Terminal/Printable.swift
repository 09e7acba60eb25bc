/// Makes text from elsewhere harmless for a terminal and a log.
enum Printable {
    /// Without escape sequences and control characters; line breaks become spaces unless they are kept.
    ///
    /// A whole escape sequence goes (its parameters would be noise), and so do the marks that turn the direction of text.
    static func text(_ text: some StringProtocol, keepingLines: Bool = false) -> String {
        if text.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return String(text) }
        var result = String.UnicodeScalarView()
        var scalars = text.unicodeScalars.makeIterator()
        var next = scalars.next()
        while let scalar = next {
            next = scalars.next()
            switch scalar.value {
            case 0x1B:
                next = skipSequence(after: next, &scalars)
            case 0x9B:
                next = skipControlSequence(from: next, &scalars)
            case 0x0A where keepingLines:
                result.append(scalar)
            case 0x09, 0x0A, 0x0D:
                result.append(" ")
            case 0x00..<0x20, 0x7F..<0xA0, 0x200E...0x200F, 0x202A...0x202E, 0x2066...0x2069:
                continue
            default:
                result.append(scalar)
            }
        }
        return String(result)
    }

    private static func skipSequence(
        after first: Unicode.Scalar?,
        _ scalars: inout some IteratorProtocol<Unicode.Scalar>
    ) -> Unicode.Scalar? {
        guard let first else { return nil }
        switch first {
        case "[":
            return skipControlSequence(from: scalars.next(), &scalars)
        case "]", "P", "_", "^", "X":
            // A string for the terminal: it ends with BEL, or with ESC and a backslash.
            var previous = first
            while let scalar = scalars.next() {
                if scalar.value == 0x07 || (previous.value == 0x1B && scalar == "\\") { break }
                previous = scalar
            }
            return scalars.next()
        default:
            return scalars.next()
        }
    }

    /// Parameters and intermediates up to and with the final character.
    private static func skipControlSequence(
        from first: Unicode.Scalar?,
        _ scalars: inout some IteratorProtocol<Unicode.Scalar>
    ) -> Unicode.Scalar? {
        var scalar = first
        while let current = scalar, (0x20...0x3F).contains(current.value) { scalar = scalars.next() }
        return scalar == nil ? nil : scalars.next()
    }

    /// How many columns a terminal gives the text: two for East Asian wide characters, none for combining marks.
    static func width(_ text: some StringProtocol) -> Int {
        text.unicodeScalars.reduce(0) { $0 + width(of: $1) }
    }

    /// Cut to so many columns, with an ellipsis where something was cut.
    static func fitted(_ text: String, to columns: Int) -> String {
        guard width(text) > columns else { return text }
        guard columns > 1 else { return columns == 1 ? "…" : "" }
        var result = String.UnicodeScalarView()
        var used = 0
        for scalar in text.unicodeScalars {
            used += width(of: scalar)
            if used > columns - 1 { break }
            result.append(scalar)
        }
        return String(result) + "…"
    }

    static func padded(_ text: String, to columns: Int, right: Bool = false) -> String {
        let spaces = String(repeating: " ", count: max(0, columns - width(text)))
        return right ? spaces + text : text + spaces
    }

    private static func width(of scalar: Unicode.Scalar) -> Int {
        switch scalar.value {
        case 0x20..<0x7F: 1
        case 0x0300...0x036F, 0x200B...0x200D, 0xFE00...0xFE0F, 0x20D0...0x20FF: 0
        case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
            0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F900...0x1F9FF, 0x20000...0x3FFFD:
            2
        default: 1
        }
    }
}
