internal import Orchestration
internal import Threads

/// Processes of this binary that run libjq for us, each for one caller at a time.
///
/// libjq cannot be interrupted, and a hostile program can take all memory, loop for ever or crash it. In a process of
/// its own it hurts nobody: that one is killed, the program gets an error, and the next question starts a new one.
final class JQHelpers: Sendable {
    static let shared = JQHelpers()

    /// Helpers that wait for the next question.
    static let idleMax = 4

    struct Refused: Error { var reason: String }

    private let idle = Locked<[JQHelper]>([])

    /// The single value of a program.
    func value(of source: String, on input: JSONValue) throws(Refused) -> JSONValue {
        let answer = try ask(["run", .string(source), input])
        guard answer["error"].isNull else { throw Refused(reason: answer["error"].string ?? "the program failed") }
        return answer["value"]
    }

    /// What is wrong with a program, as libjq says; nil when it compiles.
    func fault(in source: String) -> String? {
        do throws(Refused) {
            return try ask(["compile", .string(source)])["error"].string
        } catch {
            return error.reason
        }
    }

    private func ask(_ question: JSONValue) throws(Refused) -> JSONValue {
        let waiting = idle.withLock { $0.popLast() }
        do throws(JQHelper.Lost) {
            let helper = if let waiting { waiting } else { try JQHelper() }
            return try ask(question, helper)
        } catch {
            // One that waited may have been killed by somebody else since it was last asked.
            guard waiting != nil, !error.isOfTheProgram else { throw Refused(reason: error.reason) }
        }
        do throws(JQHelper.Lost) {
            return try ask(question, try JQHelper())
        } catch {
            throw Refused(reason: error.reason)
        }
    }

    private func ask(_ question: JSONValue, _ helper: JQHelper) throws(JQHelper.Lost) -> JSONValue {
        let answer = try helper.ask(question)
        idle.withLock { if $0.count < Self.idleMax { $0.append(helper) } }
        return answer
    }
}
