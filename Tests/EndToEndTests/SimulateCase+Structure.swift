extension SimulateCase {
    /// Hierarchy, parallel regions, history, final states.
    static let structure: [SimulateCase] = [
        SimulateCase(
            "a machine without id is `(machine)`, without states one state",
            "{}",
            [("", #"{"value":{},"configuration":["(machine)"],"context":{},"status":"active","rejected":null}"#)]
        ),
        SimulateCase(
            "a bare machine as JSON, with tabs, an escaped slash and a character outside the basic plane",
            "{\"initial\":\"a\",\n\t\"context\":{\"t\":\"\\ud83d\\ude00 \\/\"},\"states\":{\"a\":{}}}",
            [("", #"{"value":"a","configuration":["(machine).a"],"context":{"t":"😀 /"}}"#)]
        ),
        SimulateCase(
            "nested initial states are entered; the value is nested, the ids are paths",
            "id: m\ninitial: a\nstates: { a: { initial: b, states: { b: { initial: c, states: { c: {} } } } } }",
            [("", #"{"value":{"a":{"b":"c"}},"configuration":["m.a.b.c"]}"#)]
        ),
        SimulateCase(
            "an explicit id replaces the path, in the configuration and as target",
            "id: m\ninitial: a\nstates: { a: { id: x, on: { E: '#y' } }, b: { id: y, states: { c: {} }, initial: c } }",
            [("", #"{"configuration":["x"]}"#), ("E", #"{"value":{"b":"c"},"configuration":["m.b.c"]}"#)]
        ),
        SimulateCase(
            "a parallel root: atomic regions are empty objects in the value",
            "type: parallel\nstates: { b: {}, a: { initial: x, states: { x: {} } } }",
            [("", #"{"value":{"b":{},"a":"x"},"configuration":["(machine).a.x","(machine).b"]}"#)]
        ),
        SimulateCase(
            "one event moves all regions that take it, each in the configuration from before",
            """
            type: parallel
            states:
              a: { initial: x, states: { x: { on: { E: { target: y, guard: { type: stateIn, params: { stateValue: { b: x } } } } } }, y: {} } }
              b: { initial: x, states: { x: { on: { E: { target: y, guard: { type: stateIn, params: { stateValue: { a: x } } } } } }, y: {} } }
            """,
            [("", "{}"), ("E", #"{"value":{"a":"y","b":"y"}}"#)]
        ),
        SimulateCase(
            "several targets enter several regions; the rest is entered by default",
            """
            initial: o
            states:
              o: { on: { E: { target: ['#(machine).p.a.y', '#(machine).p.c.y'] } } }
              p:
                type: parallel
                states:
                  a: { initial: x, states: { x: {}, y: {} } }
                  b: { initial: x, states: { x: {}, y: {} } }
                  c: { initial: x, states: { x: {}, y: {} } }
            """,
            [("", "{}"), ("E", #"{"value":{"p":{"a":"y","b":"x","c":"y"}}}"#)]
        ),
        SimulateCase(
            "of conflicting transitions in two regions the first in document order wins",
            """
            initial: p
            states:
              p:
                type: parallel
                states:
                  a: { initial: x, states: { x: { on: { E: '#one' } } } }
                  b: { initial: x, states: { x: { on: { E: '#two' } } } }
              one: { id: one }
              two: { id: two }
            """,
            [("", "{}"), ("E", #"{"value":"one"}"#)]
        ),
        SimulateCase(
            "shallow history remembers the child, deep history the atomic states",
            """
            initial: a
            states:
              a:
                initial: p
                states:
                  p: { initial: r, states: { r: { on: { N: s } }, s: {} } }
                  q: {}
                  h: { type: history }
                  d: { type: history, history: deep }
                on: { OUT: b }
              b: { on: { SHALLOW: a.h, DEEP: a.d } }
            """,
            [
                ("", "{}"), ("N", #"{"value":{"a":{"p":"s"}}}"#), ("OUT", #"{"value":"b"}"#),
                ("DEEP", #"{"value":{"a":{"p":"s"}}}"#), ("OUT", "{}"), ("SHALLOW", #"{"value":{"a":{"p":"r"}}}"#),
            ]
        ),
        SimulateCase(
            "history without a past leads to its target, else to the parent's initial state",
            """
            initial: b
            states:
              b: { on: { T: a.h, I: a.i } }
              a:
                initial: p
                on: { OUT: b }
                states: { p: {}, q: {}, h: { type: history, target: q }, i: { history: shallow } }
            """,
            [("", "{}"), ("I", #"{"value":{"a":"p"}}"#), ("OUT", "{}"), ("T", #"{"value":{"a":"p"}}"#)]
        ),
        SimulateCase(
            "the default target of a history is used before the state was ever left",
            "initial: b\nstates: { b: { on: { T: a.h } }, a: { initial: p, states: { p: {}, q: {}, h: { type: history, target: q } } } }",
            [("", "{}"), ("T", #"{"value":{"a":"q"}}"#)]
        ),
        SimulateCase(
            "deep history of a parallel state brings back every region",
            """
            initial: p
            states:
              p:
                type: parallel
                on: { OUT: o }
                states:
                  a: { initial: x, states: { x: { on: { A: y } }, y: {} } }
                  b: { initial: x, states: { x: { on: { B: y } }, y: {} } }
                  h: { type: history, history: deep }
              o: { on: { BACK: p.h } }
            """,
            [
                ("", #"{"value":{"p":{"a":"x","b":"x"}}}"#), ("B", "{}"), ("OUT", #"{"value":"o"}"#),
                ("BACK", #"{"value":{"p":{"a":"x","b":"y"}},"configuration":["(machine).p.a.x","(machine).p.b.y"]}"#),
            ]
        ),
        SimulateCase(
            "a final child raises done.state of its parent, which `onDone` and `on` take",
            """
            initial: a
            states:
              a: { initial: x, onDone: b, states: { x: { on: { E: y } }, y: { type: final } } }
              b: { initial: x, states: { x: { always: y }, y: { type: final } }, on: { xstate.done.state.(machine).b: c } }
              c: {}
            """,
            [("", "{}"), ("E", #"{"value":"c"}"#)]
        ),
        SimulateCase(
            "a parallel state is done when all its regions are",
            """
            initial: p
            states:
              p:
                type: parallel
                onDone: d
                states:
                  a: { initial: x, states: { x: { on: { A: y } }, y: { type: final } } }
                  b: { initial: x, states: { x: { on: { B: y } }, y: { type: final } } }
              d: {}
            """,
            [("", "{}"), ("A", #"{"value":{"p":{"a":"y","b":"x"}}}"#), ("B", #"{"value":"d"}"#)]
        ),
        SimulateCase(
            "done carries the output of the final state",
            """
            initial: a
            context: { got: null }
            states:
              a: { initial: x, states: { x: { type: final, output: '{ n: 7 }' } }, onDone: { target: b, actions: { type: assign, params: { expr: '{ got: .event.output.n }' } } } }
              b: {}
            """,
            [("", #"{"value":"b","context":{"got":7}}"#)]
        ),
        SimulateCase(
            "a final state at the top ends the machine; further lines are answered, unchanged",
            "id: m\ninitial: a\nstates: { a: { on: { E: f } }, f: { type: final, tags: [completed], output: '1' } }",
            [
                ("", "{}"), ("E", #"{"value":"f","configuration":["m.f"],"status":"done","tags":["completed"]}"#),
                ("E", #"{"value":"f","configuration":["m.f"],"status":"done","tags":["completed"],"effects":[]}"#),
                ("+1000", #"{"value":"f","status":"done"}"#),
            ]
        ),
        SimulateCase(
            "a parallel root ends when all regions are final",
            "type: parallel\nstates: { a: { initial: x, states: { x: { type: final } } }, b: { initial: x, states: { x: { on: { E: y } }, y: { type: final } } } }",
            [("", #"{"status":"active"}"#), ("E", #"{"status":"done","value":{"a":"x","b":"y"}}"#)]
        ),
        SimulateCase(
            "exit actions run from the inside out, then the transition's, then entries from the outside in",
            """
            initial: a
            context: { log: [] }
            states:
              a: { initial: b, exit: { type: emit, params: { event: -a } }, states: { b: { exit: [{ type: emit, params: { event: -b } }], on: { E: { target: '#d', actions: { type: emit, params: { event: t } } } } } } }
              c: { initial: d, entry: { type: emit, params: { event: +c } }, states: { d: { id: d, entry: { type: emit, params: { event: +d } } } } }
            """,
            [
                ("", "{}"),
                (
                    "E",
                    #"{"effects":[{"type":"emit","event":"-b","payload":null},{"type":"emit","event":"-a","payload":null},{"type":"emit","event":"t","payload":null},{"type":"emit","event":"+c","payload":null},{"type":"emit","event":"+d","payload":null}]}"#
                ),
            ]
        ),
        SimulateCase(
            "tags are those of all active states, sorted, each once",
            "initial: a\ntags: z\nstates: { a: { tags: [b, a], initial: x, states: { x: { tags: [a] } } } }",
            [("", #"{"tags":["a","b","z"]}"#)]
        ),
    ]
}
