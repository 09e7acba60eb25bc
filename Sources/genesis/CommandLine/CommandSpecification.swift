/// One command of the tree, as data: the parser, the help and the tests all read this.
struct CommandSpecification: Sendable {
    var name: String
    /// One line for the list of commands.
    var summary: String
    /// Paragraphs for `--help`.
    var details: String = ""
    /// Whole command lines; every command has at least one.
    var examples: [String]
    var positionals: [Positional] = []
    var options: [Option] = []
    var subcommands: [CommandSpecification] = []
    /// What to do; nil for a command that only groups others.
    var run: (@Sendable (Invocation) async throws -> Void)?

    /// An argument known by its place.
    struct Positional: Sendable, Equatable {
        var name: String
        var summary: String
        var isRequired = true
        /// Takes all arguments that are left.
        var isRepeated = false
    }

    /// An argument known by its name: `--name VALUE`, `--name=VALUE`, or `--name` alone when it takes no value.
    struct Option: Sendable, Equatable {
        var name: String
        /// What stands for the value in the help; nil for a switch.
        var valueName: String?
        var summary: String
        /// May be given more than once.
        var isRepeated = false
    }
}

extension CommandSpecification.Option {
    static let help = Self(name: "help", summary: "Show this help.")
    static let json = Self(name: "json", summary: "Print JSON: one object, or one line per row.")
    static let yes = Self(name: "yes", summary: "Do not ask.")
    static func limit(_ count: Int) -> Self {
        Self(name: "limit", valueName: "N", summary: "Show at most N rows (default \(count)).")
    }

    init(name: String, valueName: String? = nil, summary: String) {
        self.init(name: name, valueName: valueName, summary: summary, isRepeated: false)
    }
}
