internal import CJq
package import Orchestration
internal import Threads

/// jq programs over libjq, compiled once and evaluated by as many threads as ask.
///
/// All programs of a workflow become one jq program that chooses by number: compiling takes libjq some 14 ms whatever
/// the program, so one machine for all of them starts in the time of one. A machine is used by one thread at a time;
/// a thread that finds none free makes another.
///
/// jq 1.6 knows no limit on steps; `JQLint` refuses the forms that never end, the outputs are bounded here.
package final class JQExpressions: ExpressionEvaluator {
    /// The most values (members, elements, scalars) of an output.
    static let outputValuesMax = 200_000
    static let outputDepthMax = 256

    private let numbers: [String: Int]
    private let combined: String
    private let free: Locked<[JQMachine]>

    /// Compiles the programs; of those that do not compile, all are named.
    package static func compile(_ programs: [Program]) -> (JQExpressions?, [ExpressionFailure]) {
        let refused = programs.compactMap { program in
            JQLint.complaint(about: program.source).map { ExpressionFailure(program: program, reason: $0) }
        }
        guard refused.isEmpty else { return (nil, refused) }
        var sources: [String] = []
        var numbers: [String: Int] = [:]
        for program in programs where numbers[program.source] == nil {
            numbers[program.source] = sources.count
            sources.append(program.source)
        }
        let combined = dispatch(sources[...])
        switch JQMachine.compile(combined) {
        case .success(let machine): return (JQExpressions(numbers, combined, machine), [])
        case .failure:
            // One by one, to name the culprits.
            let failures = programs.compactMap { program -> ExpressionFailure? in
                guard case .failure(let message) = JQMachine.compile(program.source) else { return nil }
                return ExpressionFailure(program: program, reason: message.text)
            }
            return (nil, failures)
        }
    }

    private init(_ numbers: [String: Int], _ combined: String, _ machine: JQMachine) {
        self.numbers = numbers
        self.combined = combined
        free = Locked([machine])
    }

    package func evaluate(_ program: Program, on input: JSONValue) throws(ExpressionFailure) -> JSONValue {
        guard let number = numbers[program.source] else {
            throw ExpressionFailure(program: program, reason: "the program is not of this workflow")
        }
        let machine: JQMachine
        if let idle = free.withLock({ $0.popLast() }) {
            machine = idle
        } else {
            switch JQMachine.compile(combined) {
            case .success(let made): machine = made
            case .failure(let message): throw ExpressionFailure(program: program, reason: message.text)
            }
        }
        defer { free.withLock { $0.append(machine) } }
        do throws(JQMessage) {
            return try machine.run(number: number, input: input)
        } catch {
            throw ExpressionFailure(program: program, reason: error.text)
        }
    }

    /// One program out of many: a tree of comparisons, so that the choice costs little.
    private static func dispatch(_ sources: ArraySlice<String>) -> String {
        switch sources.count {
        case 0: return "."
        // The line feed ends a comment in which the program may end.
        case 1: return "(.i | (\(sources[sources.startIndex])\n))"
        default:
            let middle = sources.startIndex + sources.count / 2
            return "if .p < \(middle) then \(dispatch(sources[..<middle])) else \(dispatch(sources[middle...])) end"
        }
    }
}
