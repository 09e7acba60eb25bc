import Foundation
import Testing

/// What the compiler does not check. Each rule flags its own sample, and fails when it has looked at no file.
@Suite struct TidyTests {
    struct Rule: Sendable, CustomTestStringConvertible {
        var name: String
        var applies: @Sendable (_ path: String) -> Bool
        var complains: @Sendable (_ line: String) -> Bool
        var mustFlag: String
        var testDescription: String { name }
    }

    static let rules: [Rule] = [
        Rule(
            name: "nothing from outside can trap the process",
            applies: { $0.hasPrefix("Sources/") },
            complains: { $0.contains("try!") || $0.contains(" as! ") || $0.contains("fatalError(") },
            mustFlag: "let value = try! read()"
        ),
        Rule(
            name: "the ground floor imports nothing",
            applies: { $0.hasPrefix("Sources/Orchestration/") },
            complains: { $0.contains(#/^((internal|package|public) +)?import /#) },
            mustFlag: "internal import Glibc"
        ),
        Rule(
            name: "the ground floor waits for nothing, except in its ports",
            applies: { $0.hasPrefix("Sources/Orchestration/") && !$0.contains("/Ports/") },
            complains: { $0.contains(#/\b(async|await)\b/#) },
            mustFlag: "func load() async"
        ),
        Rule(
            name: "the ground floor has no clock and no dice",
            applies: { $0.hasPrefix("Sources/Orchestration/") },
            complains: { $0.contains("ContinuousClock") || $0.contains(".random(") || $0.contains("UUID()") },
            mustFlag: "let now = ContinuousClock.now"
        ),
        Rule(
            name: "first-floor rooms do not know one another",
            applies: { path in rooms.contains { path.hasPrefix("Sources/\($0)/") } },
            complains: { line in
                line.contains("import ") && rooms.contains { line.hasSuffix("import \($0)") }
            },
            mustFlag: "internal import PostgresStore"
        ),
        Rule(
            name: "the checker shares no code with what it judges",
            applies: { $0.hasPrefix("Sources/ChaosChecker/") },
            complains: { line in
                line.contains(#/^((internal|package|public) +)?import /#)
                    && !["CLibpq", "CRdkafka", "Foundation"].contains { line.hasSuffix("import \($0)") }
            },
            mustFlag: "internal import Orchestration"
        ),
        Rule(
            name: "tests do not sleep to be safe",
            applies: { $0.hasPrefix("Tests/") && !$0.hasPrefix("Tests/TidyTests") },
            complains: { $0.contains("sleep(for: .seconds") },
            mustFlag: "try await Task.sleep(for: .seconds(1))"
        ),
        Rule(
            name: "nothing speaks of one machine's paths",
            applies: { !$0.hasPrefix("Tests/TidyTests") },
            complains: { $0.contains(#/\/(work|root|farm)\//#) },
            mustFlag: "cd " + ["", "root", "genesis"].joined(separator: "/")
        ),
    ]

    private static let rooms = ["WorkerRuntime", "PostgresStore", "KafkaTransport", "WorkflowFiles", "HTTPTasks"]

    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// Text files by path below the root.
    private static let files: [(path: String, text: String)] = {
        var files: [(String, String)] = []
        for folder in ["Sources", "Tests", "Workflows", "Migrations", "deploy"] {
            let base = root.appending(path: folder)
            let names = FileManager.default.enumerator(atPath: base.path)?.compactMap { $0 as? String } ?? []
            for name in names.sorted() {
                guard let text = try? String(contentsOf: base.appending(path: name), encoding: .utf8) else { continue }
                files.append(("\(folder)/\(name)", text))
            }
        }
        return files
    }()

    @Test(arguments: rules) func `the rule holds, and would notice`(_ rule: Rule) {
        #expect(rule.complains(rule.mustFlag))
        let subjects = Self.files.filter { rule.applies($0.path) }
        #expect(!subjects.isEmpty)
        for (path, text) in subjects {
            for (number, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
                let code = line.trimmingCharacters(in: .whitespaces)
                if code.hasPrefix("//") || code.hasPrefix("#") || code.hasPrefix("--") { continue }
                if rule.complains(code) { Issue.record("\(path):\(number + 1): \(code)") }
            }
        }
    }

    @Test func `every migration has its way back and a header that says what, why, locks and undo`() throws {
        let ups = Self.files.filter { $0.path.hasPrefix("Migrations/") && $0.path.hasSuffix(".up.sql") }
        #expect(!ups.isEmpty)
        for (index, up) in ups.enumerated() {
            let name = up.path.dropFirst("Migrations/".count).dropLast(".up.sql".count)
            #expect(name.hasPrefix(String(format: "%04d_", index + 1)))
            #expect(Self.files.contains { $0.path == "Migrations/\(name).down.sql" })
            let head = up.text.split(separator: "\n").prefix(12).joined(separator: "\n")
            for word in ["-- \(name)", "-- Adds", "-- Why", "-- Locks", "-- Undo"] {
                #expect(head.contains(word), "\(up.path) has no `\(word)`")
            }
        }
    }
}
