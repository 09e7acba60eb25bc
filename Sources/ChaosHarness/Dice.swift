/// Chance that a seed determines (SplitMix64).
package struct Dice: RandomNumberGenerator, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }

    /// True in so many of a hundred.
    package mutating func percent(_ share: Int) -> Bool { Int.random(in: 0..<100, using: &self) < share }

    package mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &self) }

    package mutating func pick<Element>(_ elements: [Element]) -> Element {
        elements[Int.random(in: elements.indices, using: &self)]
    }

    /// Dice of its own for a part, so that what another part throws does not change it.
    package mutating func fork() -> Dice { Dice(seed: next()) }

    /// A random UUID, made of two throws.
    package mutating func identifier() -> String {
        var digits = ""
        for word in [next(), next()] {
            let text = String(word, radix: 16)
            digits += String(repeating: "0", count: 16 - text.count) + text
        }
        var result = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { result += "-" }
            result.append(index == 12 ? "4" : index == 16 ? "8" : digit)
        }
        return result
    }
}
