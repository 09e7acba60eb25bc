internal import Orchestration

/// Runs one command line: parse, run, turn a failure into a sentence and an exit code.
struct CommandLineTool: Sendable {
    var root: CommandSpecification

    func run(arguments: [String], surroundings: Surroundings) async -> ExitCode {
        let parser = ArgumentParser(root: root, commonOptions: Setting.allCases.map(\.option) + [Setting.fileOption])
        do {
            guard !arguments.isEmpty else {
                surroundings.errors.write(HelpText.of(root, path: [], commonOptions: parser.commonOptions))
                return .usage
            }
            switch try parser.parse(arguments, surroundings: surroundings) {
            case .help(let command, let path):
                surroundings.output.write(HelpText.of(command, path: path, commonOptions: parser.commonOptions))
            case .run(let command, let invocation):
                try await command.run?(invocation)
            }
            return .done
        } catch {
            let failure = Self.failure(from: error)
            surroundings.errors.write("genesis: \(Printable.text(failure.message, keepingLines: true))\n")
            return failure.code
        }
    }

    static func failure(from error: any Error) -> CommandFailure {
        switch error {
        case let failure as CommandFailure: failure
        case let error as StoreError: failure(from: error)
        case let error as TransportError: failure(from: error)
        default: .unavailable("\(error)")
        }
    }

    private static func failure(from error: StoreError) -> CommandFailure {
        switch error {
        case .unavailable(let reason), .exhausted(let reason):
            .unavailable("the database is away: \(reason)")
        case .broken(let reason): .usage("the database is not usable: \(reason)")
        case .conflict(let reason), .duplicate(let reason), .fenced(let reason):
            .unavailable("the database was busy, try again: \(reason)")
        case .refused(let reason): .notSo("the database refused this: \(reason)")
        }
    }

    private static func failure(from error: TransportError) -> CommandFailure {
        switch error {
        case .unavailable(let reason): .unavailable("Kafka is away: \(reason)")
        case .invalidConfiguration(let reason): .usage("the Kafka settings are wrong: \(reason)")
        }
    }
}
