/// `chaos SUBCOMMAND [--name value …]`.
package enum ChaosTool {
    /// - Returns: the exit code: 0 when every round was clean, 1 when one was not, 64 for a wrong call.
    package static func run(_ arguments: [String]) async -> Int32 {
        do {
            let call = try ChaosCall(arguments)
            switch call.subcommand {
            case "kills", "matrix", "faults":
                say("chaos: `\(call.subcommand)` is not there yet")
                return 64
            case "races": return try await RacesCommand.run(call) ? 0 : 1
            default: throw ChaosFailure("`\(call.subcommand)` is not one of kills, matrix, faults, races")
            }
        } catch {
            say("chaos: \(error)")
            return 64
        }
    }
}
