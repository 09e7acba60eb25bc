import OrchestrationTesting
import Testing

@testable import Orchestration

@Suite struct JSONTextTests {
    struct Refused: Sendable, CustomTestStringConvertible {
        var text: [UInt8]
        var offset: Int
        var pointer: String
        var reason: JSONFault.Reason
        var testDescription: String { PrintableText.of(String(decoding: text, as: UTF8.self)) }

        init(_ text: String, _ offset: Int, _ pointer: String, _ reason: JSONFault.Reason) {
            self.init(Array(text.utf8), offset, pointer, reason)
        }
        init(_ text: [UInt8], _ offset: Int, _ pointer: String, _ reason: JSONFault.Reason) {
            (self.text, self.offset, self.pointer, self.reason) = (text, offset, pointer, reason)
        }
    }

    static let refused: [Refused] = [
        Refused("", 0, "", .empty),
        Refused(" \n", 2, "", .empty),
        Refused(#"{"a":"\u0000"}"#, 6, "/a", .nulEscape),
        Refused(#"{"a\u0000":1}"#, 3, "", .nulEscape),
        Refused([0x22, 0x00, 0x22], 1, "", .controlCharacter),
        Refused([0x00], 0, "", .unexpected(expected: .value)),
        Refused("[\"a\nb\"]", 3, "/0", .controlCharacter),
        Refused([0x22, 0xFF, 0x22], 1, "", .invalidUTF8),
        Refused([0x22, 0xC0, 0x80, 0x22], 1, "", .invalidUTF8),
        Refused([0x22, 0xE0, 0x80, 0x80, 0x22], 1, "", .invalidUTF8),
        Refused([0x22, 0xED, 0xA0, 0x80, 0x22], 1, "", .invalidUTF8),
        Refused([0x22, 0xF4, 0x90, 0x80, 0x80, 0x22], 1, "", .invalidUTF8),
        Refused([0x22, 0x5C, 0x6E, 0xE2, 0x82, 0x22], 3, "", .invalidUTF8),
        Refused([0xFF], 0, "", .invalidUTF8),
        Refused("\u{FEFF}{}", 0, "", .byteOrderMark),
        Refused([0xFF, 0xFE, 0x7B, 0x00], 0, "", .byteOrderMark),
        Refused(#"["\ud800"]"#, 2, "/0", .loneSurrogate),
        Refused(#"["\udc00"]"#, 2, "/0", .loneSurrogate),
        Refused(#"["\ud800\u0041"]"#, 2, "/0", .loneSurrogate),
        Refused(#"["\ud800\n"]"#, 2, "/0", .loneSurrogate),
        Refused(#"{"a":1,"a":2}"#, 7, "/a", .duplicateKey),
        Refused(#"{"a":1,"\u0061":2}"#, 7, "/a", .duplicateKey),
        Refused(#"{"x":[{"b":1,"a":1,"b":2}]}"#, 19, "/x/0/b", .duplicateKey),
        Refused("[1,]", 2, "", .trailingComma),
        Refused(#"{"a":[1 , ]}"#, 8, "/a", .trailingComma),
        Refused(#"{"a":1,}"#, 6, "", .trailingComma),
        Refused("{} {}", 3, "", .trailingText),
        Refused("1 x", 2, "", .trailingText),
        Refused("[1", 2, "", .unexpectedEnd),
        Refused("{\"a\"", 4, "", .unexpectedEnd),
        Refused("\"abc", 4, "", .unexpectedEnd),
        Refused("\"abc\\", 5, "", .unexpectedEnd),
        Refused("\"\\u00", 5, "", .unexpectedEnd),
        Refused("tru", 3, "", .unexpectedEnd),
        Refused("[trux]", 1, "/0", .unexpected(expected: .value)),
        Refused("[1 2]", 3, "", .unexpected(expected: .commaOrBracket)),
        Refused(#"{"a" 1}"#, 5, "", .unexpected(expected: .colon)),
        Refused(#"{"a":1 "b":2}"#, 7, "", .unexpected(expected: .commaOrBrace)),
        Refused("{a:1}", 1, "", .unexpected(expected: .key)),
        Refused("{'a':1}", 1, "", .unexpected(expected: .key)),
        Refused("[1, // no\n2]", 4, "/1", .unexpected(expected: .value)),
        Refused(#"["\x"]"#, 2, "/0", .invalidEscape),
        Refused(#"["\u00g0"]"#, 2, "/0", .invalidEscape),
        Refused("1e400", 0, "", .exponentTooLarge(exponentMax: 308)),
        Refused("1e-309", 0, "", .exponentTooLarge(exponentMax: 308)),
        Refused("1e131071", 0, "", .exponentTooLarge(exponentMax: 308)),
        Refused("1e99999999999999999999999999", 0, "", .exponentTooLarge(exponentMax: 308)),
        Refused("9e308", 0, "", .numberTooLarge),
        Refused("[9007199254740992]", 1, "/0", .inexactInteger),
        Refused("-9007199254740992", 0, "", .inexactInteger),
        Refused("-9223372036854775808", 0, "", .inexactInteger),
        Refused("99999999999999999999999", 0, "", .inexactInteger),
        Refused("0.1234567890123456789012345678901", 0, "", .numberTooLong(lengthMax: 32)),
        Refused("01", 0, "", .leadingZero),
        Refused("-00", 0, "", .leadingZero),
        Refused("+1", 0, "", .invalidNumber),
        Refused(".5", 0, "", .invalidNumber),
        Refused("[1.]", 1, "/0", .invalidNumber),
        Refused("[1e]", 1, "/0", .invalidNumber),
        Refused("[-]", 1, "/0", .invalidNumber),
        Refused("-", 1, "", .unexpectedEnd),
        Refused("NaN", 0, "", .invalidNumber),
        Refused("-Infinity", 0, "", .invalidNumber),
        Refused("0x10", 1, "", .trailingText),
    ]

    @Test(arguments: refused) func `text that two readers could understand differently is refused`(row: Refused) {
        let expected = JSONFault(offset: row.offset, pointer: row.pointer, reason: row.reason)
        #expect(throws: expected) { try JSONText.parse(row.text) }
        #expect(throws: expected) { try JSONText.parse(row.text[...]) }
    }

    @Test func `each value is read`() throws {
        let text =
            #" {"n":null,"t":true,"f":false,"i":-12,"d":0.5e1,"z":-0,"s":"a\"\\\/\b\f\n\r\té\ud83d\ude00","a":[[],{}]} "#
        let value = try JSONText.parse(text)
        #expect(
            value == [
                "n": nil, "t": true, "f": false, "i": -12, "d": 5, "z": 0,
                "s": "a\"\\/\u{8}\u{C}\n\r\té😀", "a": [[], [:]],
            ]
        )
        #expect(
            value.text == ##"{"a":[[],{}],"d":5,"f":false,"i":-12,"n":null,"s":"a\"\\/\b\f\n\r\té😀","t":true,"z":0}"##
        )
        #expect(try JSONText.parse(Array("[1]".utf8).span) == [1])
    }

    @Test func `numbers are read to the last bit`() throws {
        #expect(try JSONText.parse("9007199254740991").int == 9_007_199_254_740_991)
        #expect(try JSONText.parse("-9007199254740991").int == -9_007_199_254_740_991)
        #expect(try JSONText.parse("1.7976931348623157e308").number == .greatestFiniteMagnitude)
        #expect(try JSONText.parse("0.1").number == 0.1)
        #expect(try JSONText.parse("1E+2").int == 100)
    }

    @Test func `the nesting limit is exact`() throws {
        let deep = String(repeating: "[", count: 64) + String(repeating: "]", count: 64)
        #expect(throws: Never.self) { try JSONText.parse(deep) }
        let fault = #expect(throws: JSONFault.self) { try JSONText.parse("[" + deep + "]") }
        #expect(fault?.offset == 64)
        #expect(fault?.reason == .tooDeep(depthMax: 64))
        #expect(fault?.pointer == String(repeating: "/0", count: 64))
    }

    @Test func `the size limit is exact`() throws {
        let limit = JSONLimits.record.bytesMax
        let text = [UInt8(ascii: "1")] + [UInt8](repeating: 0x20, count: limit - 1)
        #expect(try JSONText.parse(text) == 1)
        #expect(throws: JSONFault(offset: limit, reason: .tooLong(bytesMax: limit))) {
            try JSONText.parse(text + [0x20])
        }
    }

    @Test func `a large object whose keys come backwards is read quickly`() throws {
        let members = (0..<60_000).map { "\"\(999_999 - $0)\":1" }
        let value = try JSONText.parse("{" + members.joined(separator: ",") + "}")
        #expect(value.object?.count == 60_000)
        #expect(value["999999"] == 1)
    }

    @Test func `a fault is one sentence with the place`() throws {
        let fault = #expect(throws: JSONFault.self) {
            try JSONText.parse(#"{"pay/load":{"titles":["one",{"a":1,"a":2}]}}"#)
        }
        #expect(
            fault?.description
                == "The JSON is not acceptable at byte 36, in /pay~1load/titles/1/a: the key occurs twice in its object."
        )
        #expect(
            JSONFault(offset: 0, reason: .empty).description
                == "The JSON is not acceptable at byte 0: there is no value."
        )
        let hostile = JSONFault(offset: 3, reason: .invalidUTF8).inside(String(repeating: "x\n", count: 4_000))
        #expect(hostile.description.count < 250)
        #expect(!hostile.description.contains("\n"))
    }

    @Test func `the writer gives only what the reader takes`() throws {
        #expect(JSONValue.number(.nan).text == "null")
        #expect(JSONValue.number(.infinity).text == "null")
        #expect(JSONValue.number(-0.0).text == "0")
        #expect(JSONValue.number(.leastNonzeroMagnitude).text == "0")
        #expect(JSONValue.number(1e20).text == "1e+20")
        #expect(JSONValue.number(9_007_199_254_740_991).text == "9007199254740991")
        #expect(JSONValue.string("\u{0}\u{1}\u{1F}\u{2028}").text == "\"\u{FFFD}\\u0001\\u001f\u{2028}\"")
        #expect(
            JSONValue.object(["b": 1, "a": [1, [:], []]]).prettyText == """
                {
                  "a": [
                    1,
                    {},
                    []
                  ],
                  "b": 1
                }
                """
        )
    }

    @Test func `a number that PostgreSQL writes out in full can still be read`() throws {
        let digits = "1" + String(repeating: "0", count: 300)
        #expect(try JSONText.parse(digits, limits: .stored).number == 1e300)
        #expect(try JSONText.parse("100000000000000000000", limits: .stored).number == 1e20)
    }

    @Test func `what is written is read back`() throws {
        let seed = TestSeed.draw()
        var dice = SeededDice(seed: seed)
        for _ in 0..<2_000 {
            let value = JSONValue.random(depth: 5, using: &dice)
            for text in [value.text, value.prettyText] {
                let read = try JSONText.parse(text)
                try #require(read == value, "seed \(seed): \(text)")
                try #require(read.utf8Bytes == value.utf8Bytes, "seed \(seed): \(text)")
            }
        }
    }

    @Test func `no bytes make the reader trap, and what it takes can be written and read again`() throws {
        let seed = TestSeed.draw()
        var dice = SeededDice(seed: seed)
        for _ in 0..<20_000 {
            var bytes = JSONValue.random(depth: 3, using: &dice).utf8Bytes
            bytes.mutate(using: &dice)
            guard let value = try? JSONText.parse(bytes) else { continue }
            try #require(try JSONText.parse(value.utf8Bytes).utf8Bytes == value.utf8Bytes, "seed \(seed)")
        }
    }
}
