extension SimulateCase {
    /// Descriptors, raised events, timers.
    static let events: [SimulateCase] = [
        SimulateCase(
            "an exact descriptor hides wildcards; of those the longer goes first",
            """
            initial: s
            states:
              s: { on: { '*': any, 'a.*': stem, a.b: exact, 'a.b.*': longer } }
              any: {}
              stem: {}
              exact: {}
              longer: {}
            """,
            [("", "{}"), ("a.b", #"{"value":"exact"}"#)]
        ),
        SimulateCase(
            "`a.*` takes `a` and everything below, not `ab`",
            """
            initial: s
            context: { log: [] }
            states:
              s: { on: { 'a.*': { actions: { type: emit, params: { event: stem } } }, 'a.b.*': { actions: { type: emit, params: { event: longer } } }, '*': { actions: { type: emit, params: { event: any } } } } }
            """,
            [
                ("", "{}"), ("a", #"{"effects":[{"type":"emit","event":"stem","payload":null}]}"#),
                ("a.x.y", #"{"effects":[{"type":"emit","event":"stem","payload":null}]}"#),
                ("a.b.c", #"{"effects":[{"type":"emit","event":"longer","payload":null}]}"#),
                ("ab", #"{"effects":[{"type":"emit","event":"any","payload":null}]}"#),
            ]
        ),
        SimulateCase(
            "`*` takes internal events too, and an exact descriptor with a failing guard still hides it",
            """
            initial: a
            states:
              a: { initial: x, on: { '*': b }, states: { x: { on: { E: y } }, y: { type: final } } }
              b: { on: { E: { target: a, guard: { type: jq, params: { expr: 'false' } } }, '*': c } }
              c: {}
            """,
            [
                ("", "{}"), ("E", #"{"value":"b"}"#), ("E", #"{"value":"b"}"#), ("F", #"{"value":"c"}"#),
            ]
        ),
        SimulateCase(
            "an event that no active state takes is rejected by name and changes nothing",
            "initial: a\nstates: { a: { on: { E: b } }, b: {} }",
            [
                ("", "{}"),
                ("NOPE", #"{"value":"a","status":"active","effects":[],"rejected":"NOPE: no active state takes it"}"#),
            ]
        ),
        SimulateCase(
            "an empty list takes nothing, and hides the wildcards; the parent may take the event",
            "initial: a\non: { E: .c }\nstates: { a: { on: { E: [], F: [], '*': b } }, b: {}, c: { on: { G: 'd\\.e' } }, d.e: {} }",
            [("", "{}"), ("F", #"{"value":"a"}"#), ("E", #"{"value":"c"}"#), ("G", #"{"value":"d.e"}"#)]
        ),
        SimulateCase(
            "null forbids an event that a parent would take",
            "initial: a\non: { E: .b }\nstates: { a: { on: { E: } }, b: {} }",
            [("", "{}"), ("E", #"{"value":"a","rejected":null}"#)]
        ),
        SimulateCase(
            "raised events come in the order in which they were raised, each after the `always` of the one before",
            """
            initial: a
            context: { log: '' }
            states:
              a:
                on:
                  E: { actions: [{ type: raise, params: { event: one } }, { type: raise, params: { event: two } }] }
                  one: { actions: [{ type: assign, params: { expr: '{ log: (.context.log + "1") }' } }, { type: raise, params: { event: three } }] }
                  two: { actions: { type: assign, params: { expr: '{ log: (.context.log + "2") }' } } }
                  three: { actions: { type: assign, params: { expr: '{ log: (.context.log + "3") }' } } }
            """,
            [("", "{}"), ("E", #"{"context":{"log":"123"}}"#)]
        ),
        SimulateCase(
            "the payload of a raised event is evaluated when raising",
            """
            initial: a
            context: { n: 1 }
            states:
              a:
                on:
                  E: { actions: [{ type: raise, params: { event: R, payload: '{ n: .context.n }' } }, { type: assign, params: { expr: '{ n: 2 }' } }] }
                  R: { actions: { type: assign, params: { expr: '{ got: .event.payload.n }' } } }
            """,
            [("", "{}"), ("E", #"{"context":{"n":2,"got":1}}"#)]
        ),
        SimulateCase(
            "`after` with a number counts milliseconds, and is cancelled on exit",
            "initial: a\nstates: { a: { after: { 1000: b }, on: { E: c } }, b: {}, c: { on: { BACK: a } } }",
            [
                ("", "{}"), ("+999", #"{"value":"a"}"#), ("+1", #"{"value":"b"}"#),
            ]
        ),
        SimulateCase(
            "a state that is entered again counts from the beginning",
            "initial: a\nstates: { a: { after: { 1000: b }, on: { E: c } }, b: {}, c: { on: { BACK: a } } }",
            [
                ("", "{}"), ("+600", "{}"), ("E", #"{"value":"c"}"#), ("+PT1H", #"{"value":"c"}"#), ("BACK", "{}"),
                ("+999", #"{"value":"a"}"#), ("+1", #"{"value":"b"}"#),
            ]
        ),
        SimulateCase(
            "timers that become due on the way fire at their own times",
            "initial: a\nstates: { a: { after: { PT1S: b } }, b: { after: { PT2S: c } }, c: { after: { PT0.5S: d } }, d: { after: { 1: e } }, e: {} }",
            [("", "{}"), ("+PT3.5S", #"{"value":"d"}"#), ("+1", #"{"value":"e"}"#)]
        ),
        SimulateCase(
            "timers that are due together fire first in, first out",
            """
            initial: a
            states:
              a:
                entry: [{ type: raise, params: { event: one, delay: 50 } }, { type: raise, params: { event: two, delay: PT0.05S } }]
                on: { one: { actions: { type: emit, params: { event: '1' } } }, two: { actions: { type: emit, params: { event: '2' } } } }
            """,
            [
                ("", #"{"effects":[]}"#),
                (
                    "+50",
                    #"{"effects":[{"type":"emit","event":"1","payload":null},{"type":"emit","event":"2","payload":null}]}"#
                ),
            ]
        ),
        SimulateCase(
            "a delayed raise outlives its state; `cancel` takes it back",
            """
            initial: a
            states:
              a: { entry: [{ type: raise, params: { event: R, delay: 10, id: r } }, { type: raise, params: { event: S, delay: 20, id: s } }], on: { E: b } }
              b: { entry: { type: cancel, params: { id: r } }, on: { R: c, S: d } }
              c: {}
              d: {}
            """,
            [("", "{}"), ("E", "{}"), ("+10", #"{"value":"b"}"#), ("+10", #"{"value":"d"}"#)]
        ),
        SimulateCase(
            "a raise without delay waits for the step, one with delay 0 for the clock",
            "initial: a\nstates: { a: { entry: { type: raise, params: { event: R, delay: 0 } }, on: { R: b } }, b: {} }",
            [("", #"{"value":"a"}"#), ("+0", #"{"value":"b"}"#)]
        ),
        SimulateCase(
            "guards of `after` are asked when it is due, the first that holds is taken",
            "initial: a\ncontext: { x: false }\nstates: { a: { after: { 5: [{ target: b, guard: { type: jq, params: { expr: .context.x } } }, c] } }, b: {}, c: {} }",
            [("", "{}"), ("+5", #"{"value":"c"}"#)]
        ),
        SimulateCase(
            "a line that is no JSON, or says nothing, is answered and changes nothing",
            "initial: a\nstates: { a: { on: { E: b } }, b: {} }",
            [
                ("", "{}"), ("raw [1]", #"{"value":"a","rejected":"expected an object, found array"}"#),
                ("raw {}", #"{"value":"a","rejected":"a line has `type`, `done`, `error` or `advance`"}"#),
                ("raw {\"type\":", #"{"value":"a","status":"active"}"#), ("+-1", #"{"value":"a"}"#),
                ("E", #"{"value":"b"}"#),
            ]
        ),
    ]
}
