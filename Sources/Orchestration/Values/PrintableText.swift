/// Text of others made fit for a sentence: short, and without control characters.
package enum PrintableText {
    /// The longest piece that is quoted, in characters.
    package static let lengthMax = 120

    package static func of(_ text: some StringProtocol) -> String {
        var result = ""
        var count = 0
        for scalar in text.unicodeScalars {
            if count == lengthMax { return result + "…" }
            result.unicodeScalars.append(scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value) ? "?" : scalar)
            count += 1
        }
        return result
    }
}
