@testable import Orchestration

/// SplitMix64: dice whose throws a printed seed repeats.
struct SeededDice: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return word ^ word >> 31
    }
}

extension JSONValue {
    static func random(depth: Int, using dice: inout SeededDice) -> JSONValue {
        switch Int.random(in: 0..<(depth > 0 ? 8 : 6), using: &dice) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &dice))
        case 2: return .int(Int.random(in: -9_007_199_254_740_991...9_007_199_254_740_991, using: &dice))
        case 3:
            let number = Double(bitPattern: dice.next())
            return .number(number.isNormal ? number : 0.25)
        case 4, 5: return .string(.random(using: &dice))
        case 6:
            return .array(
                (0..<Int.random(in: 0..<5, using: &dice)).map { _ in .random(depth: depth - 1, using: &dice) }
            )
        default:
            let count = Int.random(in: 0..<5, using: &dice)
            return .object(
                JSONObject((0..<count).map { _ in (.random(using: &dice), .random(depth: depth - 1, using: &dice)) })
            )
        }
    }
}

extension String {
    static func random(using dice: inout SeededDice) -> String {
        let ranges: [ClosedRange<UInt32>] = [1...0x1F, 0x20...0x7E, 0x20...0x7E, 0xA0...0xFFF, 0xE000...0x1_F9FF]
        var text = ""
        for _ in 0..<Int.random(in: 0..<8, using: &dice) {
            let range = ranges[Int.random(in: 0..<ranges.count, using: &dice)]
            text.unicodeScalars.append(Unicode.Scalar(UInt32.random(in: range, using: &dice)) ?? "?")
        }
        return text
    }
}

extension [UInt8] {
    /// A few bytes changed, removed, added or repeated.
    mutating func mutate(using dice: inout SeededDice) {
        let likely = Array("{}[]\",:\\u0123eE+-.tfn \u{0}\u{FF}".utf8)
        for _ in 0..<Int.random(in: 1...4, using: &dice) {
            let place = Int.random(in: 0...count, using: &dice)
            let byte =
                Bool.random(using: &dice)
                ? likely[Int.random(in: 0..<likely.count, using: &dice)] : UInt8.random(in: 0...255, using: &dice)
            switch Int.random(in: 0..<4, using: &dice) {
            case 0 where place < count: self[place] = byte
            case 1 where place < count: remove(at: place)
            case 2 where place < count: removeSubrange(place...)
            default: insert(byte, at: place)
            }
        }
    }
}
