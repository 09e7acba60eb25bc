internal import Orchestration

enum ConfigCommand {
    static let specification = CommandSpecification(
        name: "config",
        summary: "Show the settings in force and where each comes from; secrets are hidden.",
        details: """
            Flags win over environment variables, these over the file named by --config, that over a `genesis dev`
            running in this folder or above it, that over defaults. The file has one `name: value` on each line.
            """,
        examples: ["genesis config --database-url postgresql://genesis@localhost/genesis --json"],
        options: [.json],
        run: run
    )

    @Sendable static func run(_ invocation: Invocation) throws {
        let configuration = try Configuration(invocation)
        var table = Table("SETTING", "VALUE…", "FROM")
        var object = JSONObject()
        for setting in Setting.allCases {
            let entry = configuration.entries[setting]
            let shown = entry.map { setting.mayHoldSecret ? Redaction.connectionString($0.value) : $0.value }
            object[setting.key] = ["value": JSONValue(shown), "from": JSONValue(entry?.origin.description)]
            table.add(setting.variable, shown ?? "–", entry?.origin.description ?? "not set")
        }
        invocation.print(.object(object), orText: table)
    }
}

enum VersionCommand {
    static let version = "0.1.0"

    static let specification = CommandSpecification(
        name: "version",
        summary: "Show the version.",
        examples: ["genesis version"],
        options: [.json],
        run: { invocation in
            if invocation.has("json") {
                invocation.surroundings.output.line(JSONValue.object(["version": .string(version)]).text)
            } else {
                invocation.surroundings.output.line("genesis \(version)")
            }
        }
    )
}
