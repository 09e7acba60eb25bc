import Orchestration
import Testing

@testable import genesis

@Suite struct ArgumentParserTests {
    private let parser = ArgumentParser(
        root: CommandTree.root,
        commonOptions: Setting.allCases.map(\.option) + [Setting.fileOption]
    )

    private func invocation(_ words: String...) throws -> genesis.Invocation {
        guard case .run(_, let invocation) = try parser.parse(words, surroundings: .empty) else {
            throw CommandFailure.notSo("help, not a run")
        }
        return invocation
    }

    private func failure(_ words: String...) -> CommandFailure? {
        do throws(CommandFailure) {
            _ = try parser.parse(words, surroundings: .empty)
            return nil
        } catch {
            return error
        }
    }

    @Test func `options and places are told apart, in any order and both spellings`() throws {
        let one = try invocation("sessions", "reply", "--payload", "{}", "ID", "Concept.Confirm", "--correlation=c-1")
        #expect(one.path == ["sessions", "reply"])
        #expect(one.argument("ID") == "ID")
        #expect(one.argument("TYPE") == "Concept.Confirm")
        #expect(one.value("payload") == "{}")
        #expect(one.value("correlation") == "c-1")
        #expect(one.value("user") == nil)
    }

    @Test func `after two hyphens everything is a place`() throws {
        #expect(try invocation("sessions", "show", "--", "--json").argument("ID") == "--json")
    }

    @Test func `an unknown option is wrong usage and names the one that was meant`() {
        let failure = failure("sessions", "list", "--staus", "PAUSED")
        #expect(failure?.code == .usage)
        #expect(failure?.message == "unknown option `--staus`; did you mean `--status`?")
    }

    @Test func `an unknown command names the one that was meant`() {
        #expect(failure("sesions", "list")?.message == "unknown command `sesions`; did you mean `sessions`?")
        #expect(failure("sessions", "lsit")?.message == "unknown command `sessions lsit`; did you mean `list`?")
        #expect(failure("quatsch")?.message == "unknown command `quatsch`; see `genesis --help`")
    }

    @Test(arguments: [
        (["sessions", "show"], "ID is missing"), (["sessions", "show", "a", "b"], "`b` is not expected here"),
        (["sessions", "list", "--limit"], "--limit needs a value"),
        (["sessions", "list", "--json=1"], "takes no value"),
        (["sessions", "list", "--limit", "1", "--limit", "2"], "given twice"), (["sessions"], "which of start, list"),
        (["sessions", "show", "-x"], "unknown option `-x`"),
    ])
    func `wrong usage is named in one sentence`(words: [String], part: String) throws {
        let failure = #expect(throws: CommandFailure.self) { try parser.parse(words, surroundings: .empty) }
        #expect(failure?.code == .usage)
        #expect(failure?.message.contains(part) == true, "\(failure?.message ?? "")")
    }

    @Test func `every command has a help with an example that parses`() throws {
        var commands = [(CommandTree.root, [String]())]
        while let (command, path) = commands.popLast() {
            commands += command.subcommands.map { ($0, path + [$0.name]) }
            guard case .help = try parser.parse(path + ["--help"], surroundings: .empty) else {
                Issue.record("\(path) --help gives no help")
                continue
            }
            let text = HelpText.of(command, path: path, commonOptions: parser.commonOptions)
            #expect(text.contains("Example"), "\(path)")
            #expect(!command.summary.isEmpty && !command.examples.isEmpty, "\(path)")
            for example in command.examples where !example.contains("|") && !example.contains(">") {
                let words = Self.words(of: example)
                #expect(words.first == "genesis", "\(example)")
                #expect(throws: Never.self, "\(example)") {
                    try parser.parse(Array(words.dropFirst()), surroundings: .empty)
                }
            }
        }
    }

    /// As a shell would divide it, with single and double quotation marks.
    private static func words(of line: String) -> [String] {
        var words: [String] = []
        var word = ""
        var mark: Character?
        for character in line {
            if let open = mark {
                if character == open { mark = nil } else { word.append(character) }
            } else if character == "'" || character == "\"" {
                mark = character
            } else if character == " " {
                words.append(word)
                word = ""
            } else {
                word.append(character)
            }
        }
        return words + [word]
    }

    @Test func `numbers outside their bounds are wrong usage`() throws {
        #expect(try invocation("sessions", "list", "--limit", "7").limit == 7)
        for text in ["0", "-1", "10001", "x", "99999999999999999999"] {
            #expect(throws: CommandFailure.self) { try invocation("sessions", "list", "--limit=\(text)").limit }
        }
    }

    @Test func `short command types are completed and misspelt ones are named`() throws {
        #expect(try SentCommand.fullType("Concept.Confirm") == "Command.Genesis.Session.Concept.Confirm")
        #expect(try SentCommand.fullType("concept.confirm") == "Command.Genesis.Session.Concept.Confirm")
        #expect(try SentCommand.fullType("Command.Genesis.Session.X") == "Command.Genesis.Session.X")
        let failure = #expect(throws: CommandFailure.self) { try SentCommand.fullType("Concept.Confrim") }
        #expect(failure?.message.contains("did you mean `Concept.Confirm`?") == true)
    }

    @Test func `a swap of neighbours is one slip`() {
        #expect(Spelling.distance("list", "lsit") == 1)
        #expect(Spelling.distance("", "abc") == 3)
        #expect(Spelling.nearest(to: "x", among: ["list", "show"]) == nil)
    }
}

extension Surroundings {
    /// Nothing around: no variables, no files.
    static let empty = Surroundings(
        environment: [:],
        workingDirectory: "/nonexistent/work",
        executable: "/nonexistent/bin/genesis",
        output: Terminal(descriptor: -1),
        errors: Terminal(descriptor: -1)
    )
}
