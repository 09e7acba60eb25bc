import Orchestration
import Testing

@testable import WorkflowFiles

@Suite struct YAMLReaderTests {
    func fault(_ source: String) -> WorkflowFinding? {
        do throws(WorkflowFinding) {
            _ = try YAMLReader.read(source, file: "f.yaml")
            return nil
        } catch {
            return error
        }
    }

    @Test(
        arguments: [
            ("on", "on"), ("yes", "yes"), ("no", "no"), ("off", "off"), ("true", true), ("True", true),
            ("FALSE", false),
            ("null", nil), ("~", nil), ("", nil), ("'true'", "true"), ("12", 12), ("-0", 0), ("+7", 7), ("0o17", 15),
            ("0x1F", 31), ("017", 17), ("1.5", .number(1.5)), (".5", .number(0.5)), ("5.", 5), ("1e3", 1_000),
            ("1_000", "1_000"),
            ("12:30", "12:30"), ("2024-01-01", "2024-01-01"), ("1.2.3", "1.2.3"), ("\"5\"", "5"), ("!!str 5", "5"),
            ("0x-1", "0x-1"), ("e3", "e3"), ("-", "-"), (".", "."), ("9007199254740991", 9_007_199_254_740_991),
        ] as [(String, JSONValue)]
    )
    func `scalars follow the core schema`(_ text: String, _ value: JSONValue) throws {
        guard text != "-" else { return }
        let root = try YAMLReader.read("key: \(text)\n", file: "f")
        #expect(root["key"]?.json == value, "\(text)")
    }

    @Test(arguments: [
        ("a: 1\nb: 2\na: 3\n", "duplicate-key", 3, 1), ("a: [1\n", "yaml", 2, 1), ("a: *x\n", "alias", 1, 4),
        ("a: &x [*x]\n", "alias", 1, 8), ("a: 1\n---\nb: 2\n", "yaml", 2, 1), ("", "yaml", 1, 1),
        ("a: .inf\n", "number", 1, 4), ("a: 1e999\n", "number", 1, 4), ("a: 9007199254740993\n", "number", 1, 4),
        ("a: !!binary aa\n", "yaml-tag", 1, 4), ("? [a]\n: 1\n", "key", 1, 3), ("a: \"\\0\"\n", "yaml", 1, 4),
        ("{\"a\": 1, \"a\": 2}", "duplicate-key", 1, 10),
    ])
    func `a broken document names rule and place`(_ text: String, _ rule: String, _ line: Int, _ column: Int) {
        let fault = fault(text)
        #expect(fault?.rule == rule, "\(String(describing: fault))")
        #expect(fault?.place == SourcePlace(line: line, column: column), "\(String(describing: fault))")
    }

    @Test func `JSON keeps order and places`() throws {
        let root = try YAMLReader.read("{\n  \"b\": [1, {\"c\": null}],\n\t\"a\": \"\\u00e4\\/\"\n}", file: "f.json")
        #expect(root.entries?.map(\.key) == ["b", "a"])
        #expect(root["b"]?.elements?.last?["c"]?.place == SourcePlace(line: 2, column: 18))
        #expect(root["a"]?.string == "ä/")
    }

    @Test func `aliases are bounded as what they stand for`() {
        var text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...8 {
            let part = "*a\(level - 1)"
            text += "a\(level): &a\(level) [\(Array(repeating: part, count: 10).joined(separator: ", "))]\n"
        }
        #expect(fault(text)?.rule == "too-large")
    }

    @Test func `depth and size are bounded`() {
        let deep = String(repeating: "[", count: 200) + String(repeating: "]", count: 200)
        #expect(fault(deep)?.rule == "too-deep")
        #expect(fault(String(repeating: "#", count: YAMLLimits.bytesMax + 1))?.rule == "too-large")
        var nested = "a0: &a0 [x]\n"
        for level in 1...70 { nested += "a\(level): &a\(level) [*a\(level - 1)]\n" }
        #expect(fault(nested)?.rule == "too-deep")
    }
}
