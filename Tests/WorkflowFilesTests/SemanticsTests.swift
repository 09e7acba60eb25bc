import Foundation
import Orchestration
import Testing

@testable import WorkflowFiles

/// The tables in `Semantics/`: each case names its rule, and is played the way `genesis workflow simulate` plays a file.
@Suite struct SemanticsTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var rule: String
        var machine: DocumentNode
        var steps: [DocumentNode.Entry]
        var testDescription: String { rule }
    }

    static let cases: [Case] = ["transitions.yaml", "completion.yaml"].flatMap { file -> [Case] in
        let url = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Semantics/" + file)
        guard let text = try? String(contentsOf: url, encoding: .utf8),
            let table = try? YAMLReader.read(text, file: file).elements
        else { return [] }
        return table.compactMap { entry in
            guard let rule = entry["rule"]?.string, let machine = entry["machine"] else { return nil }
            let steps = (entry["steps"]?.elements ?? []).compactMap { $0.entries?.first }
            return Case(rule: rule, machine: machine, steps: steps)
        }
    }

    @Test func `the tables are read, and each case has a rule of its own`() {
        #expect(Self.cases.count >= 75)
        #expect(Set(Self.cases.map(\.rule)).count == Self.cases.count)
    }

    @Test(arguments: cases)
    func `the rule holds`(_ example: Case) throws {
        let text = XStateExport.text(of: Self.expanded(example.machine))
        let (workflow, findings) = WorkflowFileReader(lenient: true).read(source: text, file: "case")
        let read = try #require(workflow, "\(findings.map(\.description))")
        var simulation = Simulation(chart: read.chart, expressions: read.expressions)
        for step in example.steps {
            let line = Self.line(step.key, &simulation)
            let wanted = step.value.entries == nil ? ["at": step.value.json] : step.value.json
            let what = Comment(rawValue: "\(example.rule), \(step.key): \(line.text)")
            #expect(line["configuration"] == wanted["at"], what)
            for (name, member) in [("value", "value"), ("context", "context"), ("tags", "tags")] {
                if let value = wanted.object?[name] { #expect(line[member] == value, what) }
            }
            if let log = wanted.object?["log"] { #expect(Self.log(line) == log, what) }
            #expect((line["rejected"] != .null) == (wanted["rejected"] == true), what)
            #expect(line["status"] == (wanted.object?["status"] ?? "active"), what)
        }
    }

    private static func line(_ word: String, _ simulation: inout Simulation) -> JSONValue {
        if word == "start" { return simulation.start() }
        if word.hasPrefix("+"), let time = Int(word.dropFirst()) { return simulation.line(["advance": .int(time)]) }
        for kind in ["done", "error"] where word.hasPrefix(kind + ":") {
            return simulation.line([kind: .string(String(word.dropFirst(kind.count + 1)))])
        }
        return simulation.line(["type": .string(word)])
    }

    private static func log(_ line: JSONValue) -> JSONValue {
        .array(
            (line["effects"].array ?? []).compactMap { effect in
                switch effect["type"].string {
                case "emit": effect["event"]
                case "start", "cancel":
                    .string((effect["type"].string ?? "") + ":" + (effect["id"].string ?? ""))
                default: nil
                }
            }
        )
    }

    /// The short forms of the tables: `=x` is an action that emits x, a text under `guard` is a jq program.
    private static func expanded(_ node: DocumentNode, under key: String = "") -> DocumentNode {
        if ["entry", "exit", "actions"].contains(key) {
            if let text = node.string, text.hasPrefix("=") {
                return YAMLReader.mapping(["emit": .string(String(text.dropFirst()))], node.place)
            }
            return changed(node) { expanded($0, under: key) }
        }
        if ["guard", "guards"].contains(key), let text = node.string {
            return YAMLReader.mapping(["type": "jq", "params": ["expr": .string(text)]], node.place)
        }
        if node.elements != nil { return changed(node) { expanded($0, under: key) } }
        guard let entries = node.entries else { return node }
        return DocumentNode(
            content: .mapping(
                entries.map { .init(key: $0.key, keyPlace: $0.keyPlace, value: expanded($0.value, under: $0.key)) }
            ),
            place: node.place
        )
    }

    private static func changed(_ node: DocumentNode, _ change: (DocumentNode) -> DocumentNode) -> DocumentNode {
        guard let elements = node.elements else { return node }
        return DocumentNode(content: .sequence(elements.map(change)), place: node.place)
    }
}

extension YAMLReader {
    fileprivate static func mapping(_ members: JSONObject, _ place: SourcePlace) -> DocumentNode {
        func node(_ value: JSONValue) -> DocumentNode {
            guard let members = value.object else { return DocumentNode(content: .scalar(value), place: place) }
            let entries = members.map { DocumentNode.Entry(key: $0.key, keyPlace: place, value: node($0.value)) }
            return DocumentNode(content: .mapping(entries), place: place)
        }
        return node(.object(members))
    }
}
