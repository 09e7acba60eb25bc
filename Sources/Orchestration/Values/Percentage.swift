/// A share from 0.00 to 100.00, exact to two decimals (`numeric(5,2)`), so that 33.33 stays 33.33.
package struct Percentage: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// 0 to 10,000.
    package let hundredths: Int

    package static let zero = Percentage(clamping: 0)
    package static let full = Percentage(clamping: 10_000)

    package init?(hundredths: Int) {
        guard (0...10_000).contains(hundredths) else { return nil }
        self.hundredths = hundredths
    }

    private init(clamping hundredths: Int) { self.hundredths = min(max(hundredths, 0), 10_000) }

    /// The nearest hundredth of a number between 0 and 100; nil for anything else, NaN included.
    package init?(_ number: Double) {
        guard number >= 0, number <= 100 else { return nil }
        self.init(clamping: Int((number * 100).rounded()))
    }

    /// Reads `0`, `7.5`, `33.33`, `100.00`.
    package init?(_ text: String) {
        let parts = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        let isDigits = { (part: Substring) in !part.isEmpty && part.utf8.allSatisfy { (48...57).contains($0) } }
        guard let whole = parts.first, isDigits(whole), whole.utf8.count <= 3, let units = Int(whole) else {
            return nil
        }
        var cents = 0
        if parts.count == 2 {
            guard isDigits(parts[1]), parts[1].utf8.count <= 2, let digits = Int(parts[1]) else { return nil }
            cents = parts[1].utf8.count == 1 ? digits * 10 : digits
        }
        self.init(hundredths: units * 100 + cents)
    }

    /// Always two decimals, as PostgreSQL prints it.
    package var description: String {
        let cents = hundredths % 100
        return "\(hundredths / 100).\(cents < 10 ? "0" : "")\(cents)"
    }

    package static func < (left: Self, right: Self) -> Bool { left.hundredths < right.hundredths }
}
