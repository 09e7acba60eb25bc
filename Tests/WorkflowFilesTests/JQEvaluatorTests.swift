import Foundation
import Orchestration
import OrchestrationTesting
import Testing

@testable import WorkflowFiles

/// What is evaluated in this process gives what libjq gives.
@Suite struct JQEvaluatorTests {
    /// Random programs of one test run; GENESIS_JQ_PROGRAMS asks for more.
    static let programs = ProcessInfo.processInfo.environment["GENESIS_JQ_PROGRAMS"].flatMap { Int($0) } ?? 500

    static let inputs: [JSONValue] = [
        nil, true, 0, -3, .number(2.5), "aB", "", [], [3, 1, 2], ["b", nil, "a"], [:], ["a": nil],
        ["a": ["b": 1, "c": [1, 2]], "n": 4, "s": "x"],
        ["a": [["id": "k", "n": 1], ["id": "é", "n": 2]], "b": false],
        ["s": "abc", "n": 9_007_199_254_740_991, "a": 1], ["e\u{301}": 1, "é": 2, "a": "é", "s": "e\u{301}"],
        ["context": ["confirmed": ["x": 1], "draft": 2], "event": ["payload": ["ids": [1, 2]]]],
    ]

    /// Nil when libjq has to say.
    static func own(_ source: String, _ input: JSONValue) -> JSONValue? {
        guard let (syntax, slots) = JQParser.parse(source) else { return nil }
        return try? JQEvaluator.value(of: syntax, slots: slots, on: input)
    }

    static func libjq(_ source: String, _ input: JSONValue) -> Result<JSONValue, JQHelpers.Refused> {
        do throws(JQHelpers.Refused) {
            return .success(try JQHelpers.shared.value(of: source, on: input))
        } catch {
            return .failure(error)
        }
    }

    @Test(arguments: [
        ".", ".a", ".a.b", ".a[0]", ".a[-1]", ".[1:]", ".[:-1]", ".[0:2]", ".a?", ".a.b?", ".a?.b", "[.[]?]", "[.a[]?]",
        ".[\"a\"]",
        ".\"a\"", ".a.\"b\"", "{a, s}", "{a: .s, (\"x\"): 1}", "{\"a\": 1 | . + 1}", "{a: -1}", "[.a, .s, 1]",
        "\"\\(.s)-\\(.n)\"", ".a // 1",
        ".a.b.c // \"d\"", "(.a // false) == false", "1 + 2 * 3 - 4 / 2", "-(.n // 1)", "- 1 + 2", "2 - 1 - 1", "7 % 3",
        "1 == 1.0",
        "[1,2] + [3]", "{a: 1} + {b: 2}", "null + 1", "[1,2,3] - [2]", ".s + \"y\"", ". == .", ".a < .s", "[] < {}",
        "true and (null | not)",
        "false or empty // 1", "if .a then 1 elif .s then 2 else 3 end", ". as $x | [$x, 1]", "[.a[]? as $x | $x]",
        "1 as $x | 2 as $y | [$x, $y, $x]",
        "(1 as $x | $x) as $x | $x", "reduce (1, 2, 3) as $i (0; . + $i)", "[range(3)]", "[range(1; 4)]", "length",
        ".s | length", "keys", "has(\"a\")",
        "[1, null] | has(1)", "add", "[1,2] | add", "any", "all", "[1, null] | any", "[.[]? | numbers]", "map(. + 1)",
        "[.[]? | select(. != null)]",
        "map_values(. )", "[3,1,2] | sort", "[3,1,3] | unique", "[3,1,2] | min", "[3,1,2] | max", "[] | max",
        "[1,2] | reverse", "first", "last",
        "[\"a\",\"b\"] | join(\"-\")", "[] | join(\"-\")", ".s | startswith(\"a\")", ".s | endswith(\"c\")",
        "\"abc\" | ltrimstr(\"a\") | rtrimstr(\"c\")",
        "\"aÄB\" | ascii_downcase", "\"aäb\" | ascii_upcase", "type", "tostring", "tonumber", "2.5 | floor",
        "2.5 | ceil", "-2.5 | round", "-2 | fabs",
        ".a = 1", ".a.b = 1", ".a |= 2", ".n += 1", ".n -= 1", ".x.y.z += 1", ".a += {q: 1}", "del(.a)", "del(.a.b)",
        "not", "[.a,.b] | map(values)",
        ".a as $a | {a: $a, $a}", "{(.s // \"k\"): .n}", "\"\\u00e9\\n\\t\\\"\\\\\\/\"", ".[0]", ".[1.0]",
        "[.[]?] | length >= 1 and . <= 3", "# c\n1",
        "[1,[2]] == [1,[2]]", "{a:1,b:2} == {b:2,a:1}", "[{a:1}] < [{a:2}]", "{b:1} < {a:1,c:1}", "\"a\" < \"b\"",
        "null < false", "[[1]|.[]]",
        "[.a[]?.id]", "[.a[]?|.id?]", "[1,2,3][1:]", "\"x\" as $x | \"a\\($x)b\\(1 + 1)\"", "map(select(.n? == 1))",
        "any(. == 1)", "all(. != 1)",
        ".e\u{301}", "{\"é\": 1}", ".a == .s", "[.a, .s] | unique | length", "1e3", "0.1 + 0.2",
        "100000 * 100000 * 100000 * 100000", "1 / 3",
        "[limit(1; 1, 2)]", "try error(\"x\") catch .", ".. ", "@base64", "\"@\\(1, 2)\"", "if 1 then 2 end",
        "{a: 1 + 2}", "{if: 1}", "(1)? as $x | $x",
        "reduce empty as $x (7; 1)", "[if true, false then 1 else 2 end]", "(1, null) // 2", "[(1,2) + (10,20)]",
        "1, 2", ".a.[0]", "--1", "1 2", "[.]]",
    ])
    func `a program that is decided here gives what libjq gives`(_ source: String) {
        for input in Self.inputs { compare(source, input) }
    }

    private func compare(_ source: String, _ input: JSONValue) {
        guard let own = Self.own(source, input) else { return }
        switch Self.libjq(source, input) {
        case .success(let value): #expect(own.text == value.text, "`\(source)` on \(input.text)")
        case .failure(let failure): Issue.record("`\(source)` on \(input.text): \(own.text), libjq: \(failure.reason)")
        }
    }

    @Test func `random programs that are decided here give what libjq gives`() async {
        let base = TestSeed.draw()
        var decided = 0
        for seed in base..<base + UInt64(Self.programs) {
            // Other tests wait for the few threads there are.
            await Task.yield()
            var random = RandomProgram(seed: seed)
            let source = random.program()
            for _ in 0..<3 {
                let input = Self.inputs[random.next(below: Self.inputs.count)]
                guard let own = Self.own(source, input) else { continue }
                decided += 1
                switch Self.libjq(source, input) {
                case .success(let value): #expect(own.text == value.text, "seed \(seed): `\(source)` on \(input.text)")
                case .failure(let failure):
                    Issue.record("seed \(seed): `\(source)` on \(input.text): \(own.text), libjq: \(failure.reason)")
                }
            }
        }
        #expect(decided > Self.programs / 20, "only \(decided) were decided")
    }

    @Test func `the programs of the sample workflows are decided here`() throws {
        for file in ["genesis.yaml", "freeform.yaml"] {
            let reading = Reading(file: file, isLenient: false)
            let root = try YAMLReader.read(try XStateExportTests.sample(file), file: file)
            reading.readSetup(root["setup"])
            reading.numberStates(try #require(root["machine"]), key: "m", parent: nil, path: "m")
            for index in reading.nodes.indices { reading.readState(index) }
            #expect(reading.programs.count > 10)
            for program in reading.programs {
                #expect(JQParser.parse(program.source) != nil, "\(program.source)")
            }
        }
    }

    @Test func `a program as deep as may be does not exhaust a thread's stack`() {
        let chain = Array(repeating: ".", count: 250).joined(separator: "|")
        #expect(Self.own(chain, 1) == 1)
        let nested = String(repeating: "[", count: 25) + "1" + String(repeating: "]", count: 25)
        #expect(Self.own(nested, 1) != nil)
        let sum = Array(repeating: "1", count: 250).joined(separator: "+")
        #expect(Self.own(sum, 1) == 250)
        #expect(
            JQParser.parse(String(repeating: "(", count: 2_000) + "1" + String(repeating: ")", count: 2_000)) == nil
        )
        #expect(JQParser.parse(String(repeating: "-", count: 4_000) + "1") == nil)
        #expect(
            JQParser.parse(String(repeating: "\"\\(", count: 900) + "1" + String(repeating: ")\"", count: 900)) == nil
        )
    }
}

/// Makes jq programs of the simple kind, and some that are not quite.
struct RandomProgram {
    private var generator: SplitMix
    private var variables: [String] = []

    init(seed: UInt64) { generator = SplitMix(seed: seed) }

    mutating func next(below bound: Int) -> Int { generator.next(below: bound) }
    private mutating func pick(_ choices: [String]) -> String { choices[next(below: choices.count)] }

    mutating func program() -> String { pipe(4) }

    private mutating func pipe(_ depth: Int) -> String {
        switch next(below: 6) {
        case 0 where depth > 0: return pipe(depth - 1) + " | " + pipe(depth - 1)
        case 1 where depth > 0:
            let name = pick(["x", "y"])
            let source = term(depth - 1)
            variables.append(name)
            defer { variables.removeLast() }
            return source + " as $" + name + " | " + pipe(depth - 1)
        case 2 where depth > 0: return term(depth - 1) + pick([", ", " // ", " and ", " or "]) + term(depth - 1)
        case 3 where depth > 0:
            return term(depth - 1) + pick([" + ", " - ", " * ", " / ", " == ", " < ", " >= ", " != ", "%"])
                + term(depth - 1)
        case 4 where depth > 0:
            return pick([".a", ".a.b", ".n", ".s"]) + pick([" = ", " |= ", " += "]) + term(depth - 1)
        default: return term(depth)
        }
    }

    private mutating func term(_ depth: Int) -> String {
        guard depth > 0 else {
            return pick(
                [".", ".a", ".n", ".s", ".a.b", "1", "2.5", "\"s\"", "null", "true", "[]", "{}", ".[0]?", ".a?"]
                    + variables.map { "$" + $0 }
            )
        }
        switch next(below: 12) {
        case 0: return "(" + pipe(depth - 1) + ")"
        case 1: return "[" + pipe(depth - 1) + "]"
        case 2:
            return "{a: " + term(depth - 1) + ", " + pick(["n", "s", "\"q\"", "(.s)"]) + ": " + term(depth - 1) + "}"
        case 3: return "(if " + pipe(depth - 1) + " then " + pipe(depth - 1) + " else " + pipe(depth - 1) + " end)"
        case 4: return term(depth - 1) + pick([".a", ".n", "[0]", "[-1]", "[1:]", "[]", ".a?", "[]?", "[.n]"])
        case 5:
            return "(" + pipe(depth - 1) + " | "
                + pick([
                    "length", "keys", "not", "add", "first", "last", "tostring", "type", "floor", "sort", "unique",
                    "min", "max", "reverse",
                    "any", "all", "ascii_upcase", "tonumber", "values", "map(.n?)",
                ]) + ")"
        case 6: return pick(["map", "select", "any", "all", "map_values"]) + "(" + pipe(depth - 1) + ")"
        case 7: return pick(["has", "startswith", "join", "ltrimstr"]) + "(" + term(depth - 1) + ")"
        case 8: return "\"a\\(" + pipe(depth - 1) + ")b\""
        case 9: return "(reduce " + term(depth - 1) + " as $z (" + pipe(depth - 1) + "; . + $z))"
        case 10: return pick(["-", ""]) + term(depth - 1)
        default: return term(0)
        }
    }
}

/// Random numbers that are the same for one seed.
struct SplitMix {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next(below bound: Int) -> Int {
        state &+= 0x9E37_79B9_7F4A_7C15
        var bits = state
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((bits ^ (bits >> 31)) % UInt64(bound))
    }
}
