/// The text of `--help`, made from the specification.
enum HelpText {
    static func of(
        _ command: CommandSpecification,
        path: [String],
        commonOptions: [CommandSpecification.Option]
    ) -> String {
        let call = (["genesis"] + path).joined(separator: " ")
        var text = command.summary + "\n\nUsage: \(call)\(usage(command))\n"
        if !command.details.isEmpty { text += "\n\(command.details)\n" }
        if !command.subcommands.isEmpty {
            text += "\nCommands:\n" + list(command.subcommands.map { ($0.name, $0.summary) })
        }
        if !command.positionals.isEmpty {
            text += "\nArguments:\n" + list(command.positionals.map { ($0.name, $0.summary) })
        }
        let options = command.options + [.help]
        text += "\nOptions:\n" + list(options.map { (written($0), $0.summary) })
        if command.run != nil, command.name == "config" {
            text += "\nSettings (taken by every command):\n" + list(commonOptions.map { (written($0), $0.summary) })
        } else if command.run != nil {
            text += "\nSettings such as --database-url are taken by every command; see `genesis config --help`.\n"
        }
        let title = command.examples.count == 1 ? "Example" : "Examples"
        text += "\n\(title):\n" + command.examples.map { "  \($0)\n" }.joined()
        return text
    }

    private static func usage(_ command: CommandSpecification) -> String {
        guard command.run != nil else { return " COMMAND" }
        let places = command.positionals.map { positional in
            let name = positional.name + (positional.isRepeated ? "…" : "")
            return positional.isRequired ? " \(name)" : " [\(name)]"
        }
        return places.joined() + " [OPTIONS]"
    }

    private static func written(_ option: CommandSpecification.Option) -> String {
        "--\(option.name)" + (option.valueName.map { " \($0)" } ?? "")
    }

    private static func list(_ entries: [(String, String)]) -> String {
        let width = entries.map(\.0.count).max() ?? 0
        return entries.map { name, summary in
            "  \(name)\(String(repeating: " ", count: width - name.count))  \(summary)\n"
        }.joined()
    }
}
