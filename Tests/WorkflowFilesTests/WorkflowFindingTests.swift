import Orchestration
import Testing

@testable import WorkflowFiles

@Suite struct WorkflowFindingTests {
    /// Lines 1 to 9; a sample's own lines begin at 10, below the root of the machine.
    static let head = """
        workflow: w
        version: 1.0.0
        setup:
          guards: { good: 'true' }
          actions: { say: { emit: Said } }
          delays: { soon: PT5S }
          actors: { A.Generation: { topic: a.tasks, timeouts: {}, retry: {} } }
        machine:
          id: m

        """

    struct Sample: Sendable {
        var text: String
        var rule: String
        var line: Int
        var hint: String?

        init(_ text: String, _ rule: String, _ line: Int, _ hint: String? = nil) {
            (self.text, self.rule, self.line, self.hint) = (text, rule, line, hint)
        }
    }

    static let samples: [Sample] = [
        Sample("  initial: a\n  states: { a: { ondone: b }, b: {} }", "unknown-key", 11, "did you mean `onDone`?"),
        Sample("  initial: a\n  states:\n    a:\n      onEntry: say", "unsupported", 13, "use `entry`"),
        Sample(
            "  initial: a\n  states:\n    a: { on: { E: doen } }\n    done: {}",
            "unknown-target",
            12,
            "did you mean `done`?"
        ),
        Sample("  initial: a\n  on: { E: a }\n  states: { a: {} }", "unknown-target", 11, "did you mean `.a`?"),
        Sample("  states: { a: {} }", "missing-initial", 9, "add `initial: a`"),
        Sample("  initial: aaaa\n  states: { aaab: {} }", "unknown-initial", 10, "did you mean `aaab`?"),
        Sample("  on: { E: { guard: god } }", "unbound-guard", 10, "did you mean `good`?"),
        Sample("  entry: sax", "unbound-action", 10, "did you mean `say`?"),
        Sample("  invoke: { src: A.Generatio }", "unbound-actor", 10, "did you mean `A.Generation`?"),
        Sample("  after: { son: {} }", "unbound-delay", 10, "did you mean `soon`?"),
        Sample("  after: { P5X: {} }", "duration", 10, "e.g. PT5M, P7D, PT0.5S"),
        Sample("  on:\n    E: { guard: { type: jq, params: { expr: '1 +' } } }", "jq", 11),
        Sample("  on:\n    E: { guard: { type: jq, params: { expr: now } } }", "jq", 11),
        Sample("  initial: a\n  states: { a: { id: x }, b: { id: x } }", "duplicate-id", 11),
        Sample("  meta: { park: { } }", "park-expires", 10, "e.g. `expires: P7D`"),
        Sample(
            "  meta:\n    park:\n      expires: P1D\n      schemas:\n        E:\n          properties:\n"
                + "            a: { type: string,\n              pattern: (?=x) }",
            "schema",
            17,
            "`enum`, `minLength` or a guard may do"
        ),
        Sample("  meta: { stage: FINISHE }", "unknown-stage", 10, "did you mean `FINISHED`?"),
        Sample(
            "  entry: { type: sendTo }",
            "unsupported",
            10,
            "use `raise` for this machine, `emit` for the outside"
        ),
        Sample("  initial: faraway\n  states: { a: {} }", "unknown-initial", 10, "there is `a`"),
        Sample(
            "  initial: a\n  states: { a: { initial: h, states: { h: { type: history }, b: {} } } }",
            "history-circle",
            11,
            "give it a `target`"
        ),
        Sample(
            "  initial: a\n  states: { a: { on: { E:c } } }",
            "event-name",
            11,
            "is a space missing behind a colon?"
        ),
        Sample(
            "\tinitial: a",
            "yaml",
            10,
            "lines are indented with spaces, never tabs"
        ),
        Sample("  entry: 5", "wrong-type", 10),
        // A guard that is nothing must not be one that is left out, nor an action without its event nothing at all.
        Sample("  on:\n    E: { guard: { type: not, params: { guard: null } } }", "missing-key", 11),
        Sample("  on:\n    E: { guard: { type: or, params: { guards: null } } }", "missing-key", 11),
        Sample("  on:\n    E: { guard: { type: and, params: { guards: [null] } } }", "wrong-type", 11),
        Sample("  on:\n    E: { actions: { type: emit, params: null } }", "missing-key", 11),
        Sample("  description: true", "wrong-type", 10, "quote it"),
        Sample("  meta: 7", "wrong-type", 10),
        Sample("  initial: a\n  on: { E: .a }\n  states: { a: {}, b: {} }", "unreachable", 12),
        Sample("  initial: a\n  states: { a: {} }", "no-way-out", 11),
        Sample("  entry: { raise: gone }", "unheard-event", 10),
        Sample(
            "  initial: a\n  states: { a: { on: { E: b } }, b: { type: final } }",
            "wait-without-limit",
            11,
            "give it `meta.park` with `expires`, or an `after`"
        ),
        Sample(
            "  initial: a\n  states: { a: { meta: { park: { expires: P1D } }, on: { park.expired: b } }, b: { type: final } }",
            "wait-without-end",
            11,
            "give `on` a reply"
        ),
        Sample(
            "  initial: a\n  states: { a: { on: { E: [b, { target: b, guard: good }] } }, b: { type: final } }",
            "reply-never-taken",
            11,
            "put the transition without a guard last"
        ),
    ]

    @Test(arguments: samples)
    func `a fault has its rule, its line and its remedy`(_ sample: Sample) {
        let (workflow, findings) = WorkflowFileReader().read(source: Self.head + sample.text, file: "f.yaml")
        let found = findings.first { $0.rule == sample.rule }
        #expect(found?.place.line == sample.line, "\(sample.text): \(findings)")
        #expect(found?.hint == sample.hint, "\(sample.text): \(findings)")
        #expect((workflow == nil) == findings.contains { $0.severity == .error })
    }

    @Test func `a lenient reader takes what is bound to nothing`() throws {
        let text = """
            id: m
            initial: a
            states:
              a:
                entry: [unknown]
                invoke: { src: somebody }
                on: { E: { target: b, guard: nobody }, F: null, G: [{ target: '#m.b', reenter: true }] }
                after: { 1500: .c, PT1M: b }
                initial: c
                states: { c: {}, h: { type: history, history: deep } }
              b: { type: final, output: '{ n: 1 }' }
            """
        let (workflow, findings) = WorkflowFileReader(lenient: true).read(source: text, file: "f.yaml")
        let chart = try #require(workflow?.chart, "\(findings)")
        #expect(chart.nodes.map(\.id) == ["m", "m.a", "m.a.c", "m.a.h", "m.b"])
        #expect(chart.nodes[1].entry == [.nothing(name: "unknown")])
        #expect(chart.nodes[1].invoke.map(\.id) == ["0.m.a"])
        #expect(chart.nodes[1].on.map(\.transition.targets) == [[4], [], [4]])
        #expect(chart.nodes[1].on.first?.transition.guardCondition == .always)
        #expect(chart.nodes[1].after.map(\.delay) == [.milliseconds(1_500), .seconds(60)])
        #expect(chart.nodes[3].kind == .history(deep: true))
        #expect(WorkflowFileReader().read(source: text, file: "f").workflow == nil)
    }
}
