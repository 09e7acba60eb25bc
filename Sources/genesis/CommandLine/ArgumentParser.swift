/// Turns the words of a command line into an `Invocation`; pure.
struct ArgumentParser: Sendable {
    var root: CommandSpecification
    /// Options that every command takes (the settings).
    var commonOptions: [CommandSpecification.Option]

    enum Outcome: Sendable {
        case run(CommandSpecification, Invocation)
        case help(CommandSpecification, path: [String])
    }

    func parse(_ words: [String], surroundings: Surroundings) throws(CommandFailure) -> Outcome {
        var rest = words[...]
        var command = root
        var path: [String] = []
        while !command.subcommands.isEmpty, let word = rest.first, !word.hasPrefix("-") {
            guard let next = command.subcommands.first(where: { $0.name == word }) else {
                throw unknown(
                    "command `\(Printable.text((path + [word]).joined(separator: " ")))`",
                    word,
                    among: command.subcommands.map(\.name),
                    path
                )
            }
            command = next
            path.append(word)
            rest.removeFirst()
        }
        var invocation = Invocation(path: path, positionals: [:], options: [:], surroundings: surroundings)
        let known = command.options + commonOptions + [.help]
        var places: [String] = []
        var takesOptions = true
        while let word = rest.popFirst() {
            guard takesOptions, word.hasPrefix("-"), word != "-" else {
                places.append(word)
                continue
            }
            if word == "--" {
                takesOptions = false
                continue
            }
            if word == "-h" { return .help(command, path: path) }
            let name = String(word.drop(while: { $0 == "-" }).prefix(while: { $0 != "=" }))
            guard word.hasPrefix("--"), let option = known.first(where: { $0.name == name }) else {
                let written = word.prefix(while: { $0 != "=" })
                throw unknown("option `\(Printable.text(String(written)))`", name, among: known.map(\.name), path, "--")
            }
            if option == .help { return .help(command, path: path) }
            let inline = word.firstIndex(of: "=").map { String(word[word.index(after: $0)...]) }
            let value: String
            switch (option.valueName, inline) {
            case (nil, nil): value = ""
            case (nil, _?): throw .usage("--\(name) takes no value")
            case (_?, let inline?): value = inline
            case (let valueName?, nil):
                guard let next = rest.popFirst() else {
                    throw .usage("--\(name) needs a value: --\(name) \(valueName)")
                }
                value = next
            }
            if invocation.options[name] != nil, !option.isRepeated { throw .usage("--\(name) is given twice") }
            invocation.options[name, default: []].append(value)
        }
        if command.run == nil {
            guard places.isEmpty else {
                throw .usage("`\(Printable.text(places[0]))` is not expected here; see `\(call(path)) --help`")
            }
            throw .usage(
                "which of \(command.subcommands.map(\.name).joined(separator: ", "))? See `\(call(path)) --help`"
            )
        }
        invocation.positionals = try assign(places, to: command, path)
        return .run(command, invocation)
    }

    private func assign(
        _ words: [String],
        to command: CommandSpecification,
        _ path: [String]
    ) throws(CommandFailure) -> [String: [String]] {
        var values: [String: [String]] = [:]
        var rest = words[...]
        for positional in command.positionals {
            if positional.isRepeated {
                if !rest.isEmpty { values[positional.name] = Array(rest) }
                rest = []
            } else if let word = rest.popFirst() {
                values[positional.name] = [word]
            }
            if positional.isRequired, values[positional.name] == nil {
                throw .usage("\(positional.name) is missing; e.g. `\(command.examples.first ?? call(path))`")
            }
        }
        if let word = rest.first {
            throw .usage("`\(Printable.text(word))` is not expected here; see `\(call(path)) --help`")
        }
        return values
    }

    private func unknown(
        _ what: String,
        _ word: String,
        among names: [String],
        _ path: [String],
        _ prefix: String = ""
    ) -> CommandFailure {
        let hint = Spelling.nearest(to: word, among: names).map { "did you mean `\(prefix)\($0)`?" }
        return .usage("unknown \(what); \(hint ?? "see `\(call(path)) --help`")")
    }

    private func call(_ path: [String]) -> String { (["genesis"] + path).joined(separator: " ") }
}
