extension SimulateCase {
    /// Internal and external transitions, eventless ones, actors.
    static let transitions: [SimulateCase] = [
        SimulateCase(
            "a transition without target changes nothing but what its actions do",
            """
            initial: a
            context: { n: 0 }
            states: { a: { exit: { type: emit, params: { event: left } }, on: { E: { actions: { type: assign, params: { expr: '{ n: (.context.n + 1) }' } } } } } }
            """,
            [("", "{}"), ("E", #"{"value":"a","context":{"n":1},"effects":[],"rejected":null}"#)]
        ),
        SimulateCase(
            "a transition to a child is internal: the source is not left",
            """
            initial: a
            states:
              a: { initial: x, entry: { type: emit, params: { event: in } }, on: { E: .y }, states: { x: {}, y: {} } }
            """,
            [("", "{}"), ("E", #"{"value":{"a":"y"},"effects":[]}"#)]
        ),
        SimulateCase(
            "`reenter` leaves and enters the source",
            """
            initial: a
            states:
              a: { initial: x, entry: { type: emit, params: { event: in } }, on: { E: { target: .y, reenter: true } }, states: { x: {}, y: {} } }
            """,
            [("", "{}"), ("E", #"{"value":{"a":"y"},"effects":[{"type":"emit","event":"in","payload":null}]}"#)]
        ),
        SimulateCase(
            "a transition to itself without `reenter` enters the children anew, not the state",
            """
            initial: a
            states:
              a:
                initial: x
                entry: { type: emit, params: { event: in } }
                on: { SELF: a, AGAIN: { target: a, reenter: true } }
                states: { x: { on: { E: y } }, y: {} }
            """,
            [
                ("", "{}"), ("E", #"{"value":{"a":"y"}}"#), ("SELF", #"{"value":{"a":"x"},"effects":[]}"#),
                ("AGAIN", #"{"value":{"a":"x"},"effects":[{"type":"emit","event":"in","payload":null}]}"#),
            ]
        ),
        SimulateCase(
            "a child's transition goes before its parent's, unless its guard says no",
            """
            initial: a
            states:
              a: { initial: x, on: { E: b }, states: { x: { on: { E: { target: y, guard: { type: jq, params: { expr: '.event.payload.child' } } } } }, y: {} } }
              b: {}
            """,
            [("", "{}"), (#"E {"child":true}"#, #"{"value":{"a":"y"}}"#), ("E", #"{"value":"b"}"#)]
        ),
        SimulateCase(
            "of several transitions for an event the first whose guard holds is taken",
            """
            initial: a
            states:
              a: { on: { E: [{ target: b, guard: { type: jq, params: { expr: '.event.payload > 5' } } }, { target: c, guard: { type: jq, params: { expr: '.event.payload > 2' } } }, d] } }
              b: {}
              c: {}
              d: {}
            """,
            [("", "{}"), ("E 3", #"{"value":"c"}"#)]
        ),
        SimulateCase(
            "`always` runs until nothing holds, before any raised event",
            """
            initial: a
            context: { log: [] }
            states:
              a: { entry: { type: raise, params: { event: R } }, always: b, on: { R: x } }
              b: { always: [{ target: x, guard: { type: jq, params: { expr: 'false' } } }, c] }
              c: { on: { R: d } }
              d: {}
              x: {}
            """,
            [("", #"{"value":"d"}"#)]
        ),
        SimulateCase(
            "`always` without target runs as often as it changes the context",
            """
            initial: a
            context: { n: 0 }
            states: { a: { always: { guard: { type: jq, params: { expr: '.context.n < 1000' } }, actions: { type: assign, params: { expr: '{ n: (.context.n + 1) }' } } } } }
            """,
            [("", #"{"context":{"n":1000},"status":"active"}"#)]
        ),
        SimulateCase(
            "a machine that runs in circles is endless",
            "initial: a\nstates: { a: { always: b }, b: { always: a } }",
            [
                ("", #"{"status":"error","rejected":"endless: the chart took more than 10000 microsteps"}"#),
                ("E", #"{"status":"error"}"#),
            ]
        ),
        SimulateCase(
            "`always` on a parent is asked after the child's",
            """
            initial: p
            context: { go: false }
            states:
              p: { initial: x, always: { target: q, guard: { type: jq, params: { expr: .context.go } } }, states: { x: { on: { GO: { actions: { type: assign, params: { expr: '{ go: true }' } } } } } } }
              q: {}
            """,
            [("", #"{"value":{"p":"x"}}"#), ("GO", #"{"value":"q"}"#)]
        ),
        SimulateCase(
            "an invocation has the default id; its result is `onDone`",
            """
            id: m
            initial: a
            states: { a: { invoke: { src: s, input: '{ x: 1 }', onDone: { target: b, actions: { type: assign, params: { expr: '{ r: .event.output }' } } } } }, b: {} }
            """,
            [
                ("", #"{"effects":[{"type":"start","id":"0.m.a","src":"s","input":{"x":1}}]}"#),
                ("!done other 5", #"{"value":"a","rejected":null}"#),
                ("!done 0.m.a 5", #"{"value":"b","context":{"r":5},"effects":[]}"#),
                ("!done 0.m.a 6", #"{"value":"b","context":{"r":5},"rejected":null}"#),
            ]
        ),
        SimulateCase(
            "an actor's error is `onError` with its data; leaving cancels the others",
            """
            initial: a
            states: { a: { invoke: [{ id: i, src: s, onError: { target: b, actions: { type: emit, params: { event: oh, payload: .event.error.code } } } }, { id: j, src: t }] }, b: {} }
            """,
            [
                ("", "{}"),
                (
                    #"!error i {"code":"X"}"#,
                    #"{"value":"b","effects":[{"type":"cancel","id":"j"},{"type":"emit","event":"oh","payload":"X"}]}"#
                ),
            ]
        ),
        SimulateCase(
            "an actor's error that nobody takes ends the machine in error",
            "initial: a\nstates: { a: { invoke: { id: i, src: s } } }",
            [("", "{}"), ("!error i 1", #"{"value":"a","status":"error"}"#)]
        ),
        SimulateCase(
            "`xstate.done.actor.ID` and `xstate.error.actor.ID` may stand in `on`",
            """
            initial: a
            states: { a: { invoke: [{ id: i, src: s }, { id: j, src: s }], on: { xstate.done.actor.i: { actions: { type: emit, params: { event: got, payload: .event.output } } }, xstate.error.actor.j: b } }, b: {} }
            """,
            [
                ("", "{}"), ("!done i 2", #"{"value":"a","effects":[{"type":"emit","event":"got","payload":2}]}"#),
                ("!error j", #"{"value":"b","status":"active"}"#),
            ]
        ),
        SimulateCase(
            "an actor of a state that was left in the same step is never started",
            "initial: a\nstates: { a: { invoke: { src: s }, always: b }, b: {} }",
            [("", #"{"value":"b","effects":[]}"#)]
        ),
        SimulateCase(
            "the same invoke id in two states is started and cancelled with each",
            "initial: a\nstates: { a: { invoke: { id: i, src: s }, on: { E: b } }, b: { invoke: { id: i, src: t, onDone: a } } }",
            [
                ("", "{}"),
                ("E", #"{"effects":[{"type":"cancel","id":"i"},{"type":"start","id":"i","src":"t","input":null}]}"#),
                ("!done i", #"{"value":"a"}"#),
            ]
        ),
        SimulateCase(
            "`.child` of the root, `#id.path` and `sibling.child` are targets",
            """
            id: m
            initial: a
            on: { R: .b }
            states: { a: { on: { P: b.y } }, b: { initial: x, states: { x: {}, y: { on: { H: '#m.a' } } } } }
            """,
            [
                ("", "{}"), ("P", #"{"value":{"b":"y"}}"#), ("H", #"{"value":"a"}"#), ("R", #"{"value":{"b":"x"}}"#),
            ]
        ),
        SimulateCase(
            "`initial` may be an object with actions",
            """
            initial: { target: a, actions: { type: emit, params: { event: begin } } }
            states: { a: {} }
            """,
            [("", #"{"value":"a","effects":[{"type":"emit","event":"begin","payload":null}]}"#)]
        ),
    ]
}
