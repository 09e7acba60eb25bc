import Orchestration
import Testing

@testable import WorkflowFiles

/// What a machine configuration alone may do, and a workflow file may not.
@Suite struct BareMachineTests {
    func chart(_ source: String, lenient: Bool = false) -> Chart? {
        WorkflowFileReader(lenient: lenient).read(source: source, file: "m").workflow?.chart
    }

    @Test func `JSON's surrogate pairs are joined, and nothing else is touched`() {
        func joined(_ text: String) -> String {
            String(decoding: JSONEscapes.translated(Array(text.utf8)), as: UTF8.self)
        }
        #expect(joined(#"{"a":"\ud83d\ude00\n\\ud83d\ude00"}"#) == #"{"a":"😀\n\\ud83d\ude00"}"#)
        for text in [
            #"{"a":"\ud83d"}"#, #"{"a":"\ude00\ud83d"}"#, #"{"a":"\ud83d\u+e00"}"#, #"{"a":"\ud83d\ude0"#, #"{"a":"\"#,
            #"a: "\ud83d\ude00""#, "", "{",
        ] {
            #expect(joined(text) == text)
        }
        // What libyaml takes for the end of a line is a character like any other in a JSON text.
        #expect(
            chart("{\"context\":{\"t\":\"a\u{2028}b\u{2029}c\u{85}d\"}}")?.context["t"] == "a\u{2028}b\u{2029}c\u{85}d"
        )
        let source = #"{"context":{"t":"\ud83d\ude00"}}"#
        #expect(chart(source)?.context["t"] == "😀")
        #expect(chart(#"{"context":{"t":"\ud83d"}}"#) == nil)
    }

    @Test func `a machine alone may invoke what nobody has bound; a workflow may not`() {
        let machine = "initial: a\nstates: { a: { invoke: { src: S } } }"
        #expect(chart(machine) != nil)
        let file = "workflow: w\nversion: '1'\nmachine: { id: w, initial: a, states: { a: { invoke: { src: S } } } }"
        #expect(chart(file) == nil)
        #expect(chart(file, lenient: true) != nil)
    }

    @Test func `in a machine alone two states may share an invoke id`() {
        let machine = """
            id: w
            initial: a
            states: { a: { invoke: { id: i, src: S }, on: { E: b } }, b: { invoke: { id: i, src: S } } }
            """
        #expect(chart(machine) != nil)
        let file =
            "workflow: w\nversion: '1'\nsetup: { actors: { S: { topic: t } } }\nmachine:\n  "
            + machine.replacing("\n", with: "\n  ")
        let (workflow, findings) = WorkflowFileReader().read(source: file, file: "w")
        #expect(workflow == nil)
        #expect(findings.contains { $0.rule == "duplicate-id" && $0.severity == .error })
    }

    @Test func `a dot behind a backslash belongs to the key`() {
        let source =
            #"{"id":"m","initial":"a","states":{"a":{"on":{"E":"x\\.y.z"}},"x.y":{"initial":"z","states":{"z":{}}}}}"#
        #expect(chart(source)?.nodes[1].on.first?.transition.targets == [3])
        #expect(chart(source.replacing("x\\\\.y.z", with: "x\\\\.y.q")) == nil)
    }

    @Test func `an empty list of transitions is never taken`() {
        let node = chart("initial: a\nstates: { a: { on: { E: [] } } }")?.nodes[1]
        #expect(node?.on.map(\.transition.guardCondition) == [.or([])])
    }

    @Test func `a parallel state without regions is doubtful, not wrong`() {
        let (workflow, findings) = WorkflowFileReader().read(source: "type: parallel", file: "m")
        #expect(workflow != nil)
        #expect(findings.map(\.rule) == ["no-regions"])
    }
}
