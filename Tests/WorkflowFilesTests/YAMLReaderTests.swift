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

    @Test(
        arguments: [
            // Numbers: exact up to 2^53 − 1 either side; a larger integer is refused, a decimal is the nearest double.
            ("-9007199254740991", -9_007_199_254_740_991), ("0x1FFFFFFFFFFFFF", 9_007_199_254_740_991),
            ("0.1", .number(0.1)), ("1e300", .number(1e300)), ("9007199254740993.0", .number(9_007_199_254_740_992)),
            ("1e-400", 0), ("1.7976931348623157e308", .number(.greatestFiniteMagnitude)), ("+.5", .number(0.5)),
            ("0b11", "0b11"), ("1e", "1e"), ("0x", "0x"), ("0o8", "0o8"), ("1__0", "1__0"), ("۱۲", "۱۲"),
            // Not of the core schema: texts.
            ("y", "y"), ("n", "n"), ("On", "On"), ("NO", "NO"), ("tRUE", "tRUE"), ("nULL", "nULL"), ("=", "="),
            ("<<", "<<"),
            ("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00"), ("190:20:30", "190:20:30"),
            // Quotes and blocks are texts always.
            ("\"null\"", "null"), ("'12'", "12"), ("'it''s'", "it's"), ("\"\\x41\\t\\u263A\"", "A\t☺"),
            ("|\n  12\n", "12\n"), (">-\n  a\n  b\n", "a b"), ("a # comment", "a"), ("a#b", "a#b"),
        ] as [(String, JSONValue)]
    )
    func `a value means what YAML's core schema says`(_ text: String, _ value: JSONValue) throws {
        #expect(try YAMLReader.read("key: \(text)\n", file: "f")["key"]?.json == value)
    }

    @Test(arguments: [
        ("a: -.inf\n", "number", 1, 4), ("a: .NaN\n", "number", 1, 4), ("a: -9007199254740992\n", "number", 1, 4),
        ("a: 0x20000000000000\n", "number", 1, 4), ("a: 0xFFFFFFFFFFFFFFFFFF\n", "number", 1, 4),
        ("{\"a\": 9007199254740993}", "number", 1, 7),
        ("a:\n\tb: 1\n", "yaml", 2, 1), ("a: 1\n b: 2\n", "yaml", 2, 3), ("a: \"x\n", "yaml", 2, 1),
        ("a: 'x\n", "yaml", 2, 1), ("a: @x\n", "yaml", 1, 4), ("a: `x\n", "yaml", 1, 4), ("- a\nb: 1\n", "yaml", 2, 1),
        ("a: {b: 1\n", "yaml", 2, 1), ("a: ]\n", "yaml", 1, 4), ("%TAG ! x\n", "yaml", 2, 1),
        ("a: 1\n...\nb: 2\n", "yaml", 3, 1),
        ("a: \u{0}\n", "yaml", 1, 4), ("a: \u{7}\n", "yaml", 1, 4), ("a: \"\\ud800\"\n", "yaml", 1, 7),
        ("a: !!float 1\n", "yaml-tag", 1, 4), ("a: !x 1\n", "yaml-tag", 1, 4), ("a: !!set {b}\n", "yaml-tag", 1, 4),
        ("&k a: 1\n", "key", 1, 1), ("{[a]: 1}", "key", 1, 2),
        ("base: &b {x: 1}\na: { <<: *b, <<: *b }\n", "duplicate-key", 2, 14),
        ("a: 1\n\"a\": 2\n", "duplicate-key", 2, 1), ("a: 1\r\na: 2\r\n", "duplicate-key", 2, 1),
        ("a: [*x, &x 1]\n", "alias", 1, 5), ("a: 1\nb: &x\nc: *y\n", "alias", 3, 4),
    ])
    func `what is no workflow's YAML is refused at its place`(
        _ text: String,
        _ rule: String,
        _ line: Int,
        _ column: Int
    ) {
        let fault = fault(text)
        #expect(fault?.rule == rule, "\(String(describing: fault))")
        #expect(fault?.place == SourcePlace(line: line, column: column), "\(String(describing: fault))")
    }

    @Test func `a byte order mark, CRLF, tabs between values and a document end are no matter`() throws {
        for text in [
            "\u{FEFF}a: 1\nb: x\n", "a: 1\r\nb: x\r\n", "a:\t1\nb:\tx\n", "---\na: 1\nb: x\n...\n",
            "%YAML 1.2\n---\na: 1\nb: x\n", "\u{FEFF}{\"a\": 1,\r\n\t\"b\": \"x\"}",
        ] {
            #expect(try YAMLReader.read(text, file: "f").json == ["a": 1, "b": "x"], "\(text.debugDescription)")
        }
    }

    @Test func `an alias stands for its value, each time, and a later anchor of the name counts from there`() throws {
        let root = try YAMLReader.read("a: &x {n: 1}\nb: *x\nc: &x 2\nd: [*x, *x]\n", file: "f")
        #expect(root.json == ["a": ["n": 1], "b": ["n": 1], "c": 2, "d": [2, 2]])
    }

    @Test func `a merge key is a key like any other, which a workflow does not know`() throws {
        let text = "initial: a\nstates:\n  a: &x { on: { E: a } }\n  b: { <<: *x }\n"
        let findings = WorkflowFileReader().read(source: text, file: "f").findings
        #expect(
            findings.contains { $0.rule == "unknown-key" && $0.place == SourcePlace(line: 4, column: 8) },
            "\(findings)"
        )
    }

    @Test(arguments: [
        ("initial: a\nstates: { a: { onn: { E: a } } }", "onn", "on", 2, 16),
        ("initial: a\nstates:\n  a:\n    ondone: b\n  b: {}\n", "ondone", "onDone", 4, 5),
        ("initial: a\nstates: { a: { on: { E: { targt: a } } } }", "targt", "target", 2, 27),
        ("initial: aa\nstates: { ab: {} }", "aa", "ab", 1, 10),
        ("initial: a\nstates: { a: { on: { E: bab } }, bob: {} }", "bab", "bob", 2, 25),
        ("initial: a\nstates: { a: { type: finale } }", "finale", "final", 2, 22),
    ])
    func `a misspelt word says what was meant, and where it stands`(
        _ text: String,
        _ word: String,
        _ meant: String,
        _ line: Int,
        _ column: Int
    ) {
        let findings = WorkflowFileReader().read(source: text, file: "f").findings
        let finding = findings.first { $0.place == SourcePlace(line: line, column: column) }
        #expect(finding?.hint == "did you mean `\(meant)`?", "\(word): \(findings.map(\.description))")
    }
}
