import Foundation
import Orchestration
import Testing

@testable import WorkflowFiles

/// Programs that would take a worker with them: each is stopped within its bound.
@Suite struct HostileProgramTests {
    /// A program, and what its failure says: one of these; none when it may also succeed or not compile.
    static let programs: [(String, [String])] = [
        // Time.
        ("[repeat(1)] | length", ["computing time", "memory"]), ("def f: f; f", ["computing time", "memory"]),
        ("last(range(1e15))", ["computing time"]),
        ("reduce range(1e15) as $i (0; . + 1)", ["steps"]),
        ("[range(1e9)] | length", ["steps"]),
        ("[.list[] as $a | .list[] as $b | .list[] as $c | .list[] as $d | 1] | length", ["steps"]),
        (".text | test(\"^(a|a|aa)+b\")", ["computing time", "memory", "retry-limit"]),
        (".text | gsub(\"\"; \"a\")", ["computing time"]),
        // Memory.
        ("\"x\" * 1e9 | length", ["computing time", "memory"]),
        ("[limit(40; \"xxxxxxxxxx\" | recurse(. + .))] | last", ["memory", "computing time"]),
        ("reduce range(100) as $i (\"xxxxxxxx\"; . + .) | length", ["steps"]),
        ("[] | .[1000000000] = 1", ["memory", "computing time", "Out of bounds"]),
        // Output.
        ("[range(200000)]", ["too large"]), ("\"x\" * 5000000", ["too long", "computing time"]),
        ("reduce range(100) as $i (1; [.])", ["too deeply"]),
        // Recursion, and what crashes libjq itself.
        ("-9223372036854775808 % -1", ["divides"]),
        ("(-9223372036854775808) as $x | $x % -1", ["divides"]), ("1 % 0", ["zero"]),
        // Odd arguments: an error or a value, as long as nobody else notices.
        ("1e999999999 | tostring", []), ("\"\\(1e1000)\" | tonumber | . * 10", []), ("getpath([range(1e6)])", []),
        ("1e300 | todate", []), ("[1e15] | implode", []), ("[-1] | implode", []), ("indices(null)", []),
        ("[.list[]] | combinations", []), (". as $d | infinite | [range(. - .)]", []),
    ]

    @Test(.serialized, arguments: programs)
    func `a hostile program is stopped within its bound, with its place, and the next one is answered`(
        source: String,
        reasons: [String]
    ) throws {
        let text = String(repeating: "a", count: 30_000)
        let input: JSONValue = ["list": .array((0..<60).map { .int($0) }), "text": .string(text), "event": ["n": 1]]
        let hostile = Program(source, place: SourcePlace(line: 7, column: 3))
        let plain = Program(".event.n + 1")
        let foreign = Program("[.event.n | recurse(if . < 3 then . + 1 else empty end)]")
        let (expressions, failures) = JQExpressions.compile([hostile, plain, foreign])
        let began = ContinuousClock.now
        if let expressions {
            do throws(ExpressionFailure) {
                let value = try expressions.evaluate(hostile, on: input)
                #expect(reasons.isEmpty, "gave \(value.text.prefix(60))")
            } catch {
                #expect(error.program.place.line == 7)
                #expect(reasons.isEmpty || reasons.contains { error.reason.contains($0) }, "\(error.reason)")
            }
            #expect(try expressions.evaluate(plain, on: input) == 2)
            #expect(try expressions.evaluate(foreign, on: input) == [1, 2, 3])
        } else {
            #expect(failures.map(\.program) == [hostile], "\(failures)")
            #expect(reasons.isEmpty || reasons.contains { failures[0].reason.contains($0) })
        }
        // Half a second of computing, and what a busy machine adds.
        #expect(ContinuousClock.now - began < .seconds(30))
    }
}
