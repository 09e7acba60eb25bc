package import Orchestration

/// jq programs, read when the file is loaded.
///
/// Programs of the simple kind are evaluated in this process, by `JQEvaluator`, which counts its steps; all others,
/// and whatever of the simple ones is not certain, by libjq in a helper process that can be killed (`JQHelpers`).
package final class JQExpressions: ExpressionEvaluator {
    /// By source; nil for those that only libjq reads.
    private let programs: [String: Simple?]

    private struct Simple: Sendable {
        var syntax: JQSyntax
        var slots: Int
    }

    /// Reads the programs; of those that are wrong, all are named.
    package static func compile(_ programs: [Program]) -> (JQExpressions?, [ExpressionFailure]) {
        var read: [String: Simple?] = [:]
        var foreign: [Program] = []
        var failures: [ExpressionFailure] = []
        for program in programs where read[program.source] == nil {
            read[program.source] = .some(nil)
            if let refusal = refusal(of: program) {
                failures.append(ExpressionFailure(program: program, reason: refusal))
            } else if let (syntax, slots) = JQParser.parse(program.source) {
                read[program.source] = Simple(syntax: syntax, slots: slots)
            } else {
                foreign.append(program)
            }
        }
        if failures.isEmpty, !foreign.isEmpty {
            for program in foreign {
                guard let reason = JQHelpers.shared.fault(in: program.source) else { continue }
                failures.append(ExpressionFailure(program: program, reason: reason))
            }
        }
        guard failures.isEmpty else { return (nil, failures) }
        return (JQExpressions(programs: read), [])
    }

    private init(programs: [String: Simple?]) { self.programs = programs }

    package func evaluate(_ program: Program, on input: JSONValue) throws(ExpressionFailure) -> JSONValue {
        guard let known = programs[program.source] else {
            throw ExpressionFailure(program: program, reason: "the program was not compiled with its workflow")
        }
        guard let simple = known else { return try asked(program, input) }
        let value: JSONValue
        do throws(JQEvaluator.Stop) {
            value = try JQEvaluator.value(of: simple.syntax, slots: simple.slots, on: input)
        } catch {
            switch error {
            case .undecided: return try asked(program, input)
            case .exhausted:
                let reason = "the program takes more than \(JQEvaluator.stepsMax) steps"
                throw ExpressionFailure(program: program, reason: reason)
            }
        }
        var allowance = JQLimits.Allowance()
        if let refusal = allowance.refusal(of: value) { throw ExpressionFailure(program: program, reason: refusal) }
        return value
    }

    private func asked(_ program: Program, _ input: JSONValue) throws(ExpressionFailure) -> JSONValue {
        do throws(JQHelpers.Refused) {
            return try JQHelpers.shared.value(of: program.source, on: input)
        } catch {
            throw ExpressionFailure(program: program, reason: error.reason)
        }
    }

    private static func refusal(of program: Program) -> String? {
        guard program.source.utf8.count <= JQLimits.programBytesMax else {
            return "the program has more than \(JQLimits.programBytesMax) bytes"
        }
        return JQTokens.refusal(of: program.source)
    }
}
