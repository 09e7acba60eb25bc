import Foundation
import Orchestration
import Testing

@testable import WorkflowFiles

@Suite struct JQExpressionsTests {
    func evaluate(_ source: String, on input: JSONValue = [:]) throws -> JSONValue {
        let program = Program(source)
        let (expressions, failures) = JQExpressions.compile([program])
        if let failure = failures.first { throw failure }
        return try #require(expressions).evaluate(program, on: input)
    }

    @Test func `a program sees its input and gives one value`() throws {
        #expect(try evaluate(".event.payload.ids | length", on: ["event": ["payload": ["ids": [1, 2]]]]) == 2)
        #expect(try evaluate("\"a\\(.x)b\"", on: ["x": 7]) == "a7b")
        #expect(try evaluate(". # a comment at the end", on: ["ä": [nil, true, "𝄞"]]) == ["ä": [nil, true, "𝄞"]])
    }

    @Test func `numbers stay exact up to 2^53`() throws {
        let large = JSONValue.number(9_007_199_254_740_991)
        #expect(try evaluate(".n", on: ["n": large]) == large)
        #expect(try evaluate(".n", on: ["n": .number(0.1)]) == .number(0.1))
        #expect(try evaluate(".n", on: ["n": .number(.leastNonzeroMagnitude)]) == .number(.leastNonzeroMagnitude))
    }

    @Test(arguments: [
        ("empty", "no value"), (".[]", "more than one"), ("error(\"no luck\")", "no luck"),
        ("1, error(\"late\")", "late"),
        (".a.b", "Cannot index number"), ("nan", "not finite"), ("1e999 | . * 10", ""),
    ])
    func `a program that fails says why`(_ source: String, _ part: String) throws {
        let input: JSONValue = source == ".[]" ? [1, 2] : source == ".a.b" ? ["a": 1] : [:]
        do {
            let value = try evaluate(source, on: input)
            #expect(part.isEmpty, "\(source) gave \(value)")
        } catch let failure as ExpressionFailure {
            #expect(part.isEmpty || failure.reason.contains(part), "\(failure)")
        }
    }

    @Test(arguments: [
        "$ENV.HOME", "$ ENV", "env", "now", "input", "[inputs]", "halt", "debug", "\"\\(now)\"",
        "\"a\\(\"b\\(env)\")\"",
        "input_line_number", "get_search_list", "localtime", "strflocaltime(\"%Y\")", "input_filename", "$__prog_args",
        "import \"a\" as a; .", "include \"a\"; .", "{a: now}", "[1, now]", "{(now): 1}", "{a: [1, now]}", "", "  # x",
        "1) | (2", "(1", "}", "\"open",
    ])
    func `what is no function of the input is refused`(_ source: String) {
        #expect(JQTokens.refusal(of: source) != nil)
        #expect(JQExpressions.compile([Program(source)]).0 == nil)
    }

    @Test(arguments: [
        ".context.input", "{input: 1}", "{a: 1, input: .now}", "{input, now}", "\"now \\\" input\"", ".now # input",
        "[recurse] | length", ". as $now | $now", "{\"now\": 1}", ".[\"env\"]",
    ])
    func `a member that is called like a function is no call`(_ source: String) throws {
        #expect(JQTokens.refusal(of: source) == nil)
        _ = try evaluate(source)
    }

    @Test func `each program that does not compile is named`() {
        let sources = [".a", ".b |", "nosuch", ".c"]
        let (expressions, failures) = JQExpressions.compile(sources.map { Program($0) })
        #expect(expressions == nil)
        #expect(failures.map(\.program.source) == [".b |", "nosuch"])
        #expect(failures.last?.reason.contains("nosuch/0 is not defined") == true, "\(failures)")
    }

    @Test func `many programs share machines and keep apart`() throws {
        let programs = (0..<700).map { Program("\(String(repeating: " ", count: $0 % 40)).n + \($0)") }
        let expressions = try #require(JQExpressions.compile(programs).0)
        for (number, program) in programs.enumerated() {
            #expect(try expressions.evaluate(program, on: ["n": 1]) == .int(number + 1))
        }
    }

    @Test func `threads evaluate at the same time, and a failure leaves nothing behind`() async throws {
        let double = Program(".n * 2")
        let broken = Program("error(.n | tostring)")
        let expressions = try #require(JQExpressions.compile([double, broken]).0)
        await withTaskGroup(of: Bool.self) { group in
            for task in 0..<8 {
                group.addTask {
                    (0..<200).allSatisfy { round in
                        let number = task * 1_000 + round
                        let failure = #expect(throws: ExpressionFailure.self) {
                            try expressions.evaluate(broken, on: ["n": .int(number)])
                        }
                        let value = try? expressions.evaluate(double, on: ["n": .int(number)])
                        return failure?.reason == String(number) && value == .int(number * 2)
                    }
                }
            }
            for await isRight in group { #expect(isRight) }
        }
    }
}
