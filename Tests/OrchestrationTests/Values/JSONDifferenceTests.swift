import Orchestration
import OrchestrationTesting
import Testing

@Suite struct JSONDifferenceTests {
    @Test func `a difference turns one object into the other, whatever they hold`() {
        let seed = TestSeed.draw()
        var dice = Dice(state: seed)
        for _ in 0..<2_000 {
            let before = dice.object(depth: 3)
            let after = dice.next(4) == 0 ? before : dice.object(depth: 3)
            let change = before.difference(to: after)
            #expect(before.applying(change) == after, "seed \(seed)")
            #expect(change.isEmpty == (before == after), "seed \(seed)")
        }
    }

    @Test func `null is a value and not a deletion`() {
        let before: JSONObject = ["a": 1, "b": 2]
        let after: JSONObject = ["a": nil]
        #expect(before.applying(before.difference(to: after)) == after)
    }

    @Test func `what is no difference changes nothing`() {
        let object: JSONObject = ["a": 1]
        #expect(object.applying(["a": 5, "b": ["x": 1], "c": ["p": 3]]) == object)
    }
}

/// SplitMix64: small, seeded, the same everywhere.
private struct Dice {
    var state: UInt64

    mutating func next(_ bound: UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ word >> 30) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ word >> 27) &* 0x94D0_49BB_1331_11EB
        return (word ^ word >> 31) % bound
    }

    mutating func object(depth: Int) -> JSONObject {
        var object = JSONObject()
        for _ in 0..<next(5) { object["k\(next(4))"] = value(depth: depth) }
        return object
    }

    mutating func value(depth: Int) -> JSONValue {
        switch next(depth > 0 ? 6 : 4) {
        case 0: .null
        case 1: .bool(next(2) == 0)
        case 2: .int(Int(next(3)))
        case 3: .string("s\(next(3))")
        case 4: .array([value(depth: depth - 1)])
        default: .object(object(depth: depth - 1))
        }
    }
}
