package import Orchestration
internal import Threads

/// jq programs, compiled when the file is loaded and evaluated by libjq.
///
/// Programs share a machine in groups, because each machine compiles jq's own library again, which takes tens of
/// milliseconds. Machines are made on demand, one for each thread that evaluates at the same time.
package final class JQExpressions: ExpressionEvaluator {
    /// The longest program, and the most that one machine compiles: jq's branches reach 65,535 words.
    package static let programBytesMax = 4_096
    /// Idle machines that a group keeps.
    package static let idleMax = 16

    private struct Position {
        var group: Int
        var index: Int
    }

    private let positions: [String: Position]
    private let sources: [String]
    private let idle: Locked<[[JQState]]>

    /// Compiles the programs; of those that do not compile, all are named.
    package static func compile(_ programs: [Program]) -> (JQExpressions?, [ExpressionFailure]) {
        var groups: [[Program]] = []
        var groupBytes = 0
        var positions: [String: Position] = [:]
        var failures: [ExpressionFailure] = []
        for program in programs where positions[program.source] == nil {
            if let refusal = refusal(of: program) {
                failures.append(ExpressionFailure(program: program, reason: refusal))
                continue
            }
            let size = program.source.utf8.count
            if groups.isEmpty || groupBytes + size > programBytesMax {
                groups.append([])
                groupBytes = 0
            }
            groupBytes += size
            positions[program.source] = Position(group: groups.count - 1, index: groups[groups.count - 1].count)
            groups[groups.count - 1].append(program)
        }
        let sources = groups.map { choice($0.map(\.source)) }
        var states: [[JQState]] = []
        for (group, source) in zip(groups, sources) {
            do throws(JQState.NotCompiled) {
                states.append([try JQState(source: source)])
            } catch {
                failures += culprits(of: group, whole: error.reason)
            }
        }
        guard failures.isEmpty else { return (nil, failures) }
        return (JQExpressions(positions: positions, sources: sources, states: states), [])
    }

    private init(positions: [String: Position], sources: [String], states: [[JQState]]) {
        self.positions = positions
        self.sources = sources
        idle = Locked(states)
    }

    package func evaluate(_ program: Program, on input: JSONValue) throws(ExpressionFailure) -> JSONValue {
        guard let position = positions[program.source] else {
            throw ExpressionFailure(program: program, reason: "the program was not compiled with its workflow")
        }
        let waiting = idle.withLock { $0[position.group].popLast() }
        do throws(JQState.NotCompiled) {
            let state = if let waiting { waiting } else { try JQState(source: sources[position.group]) }
            defer {
                idle.withLock { idle in
                    if idle[position.group].count < Self.idleMax { idle[position.group].append(state) }
                }
            }
            do throws(JQValue.Refused) {
                return try state.run([.int(position.index), input])
            } catch {
                throw JQState.NotCompiled(reason: error.reason)
            }
        } catch {
            throw ExpressionFailure(program: program, reason: error.reason)
        }
    }

    private static func refusal(of program: Program) -> String? {
        guard program.source.utf8.count <= programBytesMax else {
            return "the program has more than \(programBytesMax) bytes"
        }
        return JQTokens.refusal(of: program.source)
    }

    /// A group does not compile: which of its programs is it?
    private static func culprits(of group: [Program], whole: String) -> [ExpressionFailure] {
        let each = group.compactMap { program -> ExpressionFailure? in
            do throws(JQState.NotCompiled) {
                _ = try JQState(source: choice([program.source]))
                return nil
            } catch {
                return ExpressionFailure(program: program, reason: error.reason)
            }
        }
        return each.isEmpty ? group.prefix(1).map { ExpressionFailure(program: $0, reason: whole) } : each
    }

    /// One program that runs the one of `sources` whose number comes with the input, `[number, input]`.
    ///
    /// The programs' brackets are balanced, as `JQTokens` has seen, so the parentheses keep them apart.
    private static func choice(_ sources: [String]) -> String {
        ". as [$__number, $__input] | $__input | " + branch(sources[...])
    }

    private static func branch(_ sources: ArraySlice<String>) -> String {
        guard sources.count > 1 else { return "(\(sources.first ?? ".")\n)" }
        let middle = sources.startIndex + sources.count / 2
        return "if $__number < \(middle) then \(branch(sources[..<middle])) else \(branch(sources[middle...])) end"
    }
}
