/// How the process ends; scripts rely on these four.
enum ExitCode: Int32, Sendable {
    case done = 0
    /// What was asked for is not so: not found, refused, a check that failed.
    case notSo = 1
    /// Wrong usage or configuration: the same call will fail again.
    case usage = 2
    /// A system that is needed is away: the same call may succeed later.
    case unavailable = 3
}

/// Why a command ends early: one sentence for the person at the terminal, which says what to do.
struct CommandFailure: Error, Equatable, Sendable {
    var code: ExitCode
    var message: String

    static func notSo(_ message: String) -> CommandFailure { .init(code: .notSo, message: message) }
    static func usage(_ message: String) -> CommandFailure { .init(code: .usage, message: message) }
    static func unavailable(_ message: String) -> CommandFailure { .init(code: .unavailable, message: message) }
}
