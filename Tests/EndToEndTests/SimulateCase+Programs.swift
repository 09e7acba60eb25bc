extension SimulateCase {
    /// Guards, actions, whole files, `--lenient`.
    static let programs: [SimulateCase] = [
        SimulateCase(
            "`and`, `or`, `not` and `stateIn` may be put together",
            """
            type: parallel
            context: { n: 3 }
            states:
              a:
                initial: x
                states:
                  x:
                    on:
                      E:
                        target: y
                        guard:
                          type: and
                          params:
                            guards:
                              - { type: jq, params: { expr: .context.n == 3 } }
                              - { type: not, params: { guard: { type: stateIn, params: { stateValue: '#(machine).b.y' } } } }
                              - { type: or, params: { guards: [{ type: jq, params: { expr: 'false' } }, { type: stateIn, params: { stateValue: { b: x, a: x } } }] } }
                  y: {}
              b: { initial: x, states: { x: {}, y: {} }, on: { F: .y } }
            """,
            [("", "{}"), ("E", #"{"value":{"a":"y","b":"x"}}"#)]
        ),
        SimulateCase(
            "`assign` merges the object into the context; each action sees the one before",
            """
            initial: a
            context: { n: 1, keep: true }
            states: { a: { entry: [{ type: assign, params: { expr: '{ n: 5 }' } }, { type: assign, params: { expr: '{ m: (.context.n + 1) }' } }] } }
            """,
            [("", #"{"context":{"n":5,"m":6,"keep":true}}"#)]
        ),
        SimulateCase(
            "`emit` is an effect with its payload",
            "initial: a\nstates: { a: { on: { E: { actions: { type: emit, params: { event: Said, payload: '{ was: .event.payload }' } } } } } }",
            [("", "{}"), ("E [1]", #"{"effects":[{"type":"emit","event":"Said","payload":{"was":[1]}}]}"#)]
        ),
        SimulateCase(
            "a failing program is an error with the configuration from before the step",
            "initial: a\ncontext: { n: 1 }\nstates: { a: { on: { E: { target: b, actions: { type: assign, params: { expr: '{ n: error(\"no\") }' } } } } }, b: {} }",
            [
                ("", "{}"),
                (
                    "E",
                    #"{"value":"a","configuration":["(machine).a"],"context":{"n":1},"effects":[],"status":"error"}"#
                ),
                ("E", #"{"value":"a","status":"error"}"#),
            ]
        ),
        SimulateCase(
            "a guard that gives no boolean is an error",
            "initial: a\nstates: { a: { on: { E: { target: b, guard: { type: jq, params: { expr: .event } } } } }, b: {} }",
            [("", "{}"), ("E", #"{"value":"a","status":"error"}"#)]
        ),
        SimulateCase(
            "`--lenient` takes unbound guards as true and unbound actions as nothing",
            "initial: a\nstates: { a: { entry: x, on: { E: { target: b, guard: g, actions: [y, { type: z, params: { q: 1 } }] } } }, b: {} }",
            flags: ["--lenient"],
            [("", #"{"effects":[]}"#), ("E", #"{"value":"b"}"#)]
        ),
        SimulateCase(
            "a whole file: names of `setup`, a named delay, a wait with its deadline",
            """
            workflow: w
            version: 1.0.0
            setup:
              guards: { good: .event.payload.good }
              actions: { keep: { assign: '{ kept: .event.payload }' }, say: { emit: Said, payload: .context.kept } }
              delays: { soon: PT1M }
              actors: { A.Generation: { topic: a.tasks, timeouts: { total: PT1H }, retry: { maxAttempts: 1 } } }
            machine:
              id: w
              initial: work
              states:
                work: { invoke: { src: A.Generation, onDone: wait, onError: wait } }
                wait:
                  meta: { park: { expires: soon } }
                  on: { Reply: { target: end, guard: good, actions: [keep, say] }, park.expired: late }
                late: { after: { soon: end } }
                end: { type: final, tags: [completed] }
            """,
            [
                ("", #"{"value":"work"}"#),
                ("!done 0.w.work {}", #"{"effects":[{"type":"park","state":"w.wait","visit":1}]}"#),
                (#"Reply {"good":false}"#, #"{"value":"wait","rejected":"Reply: refused by the guards of w.wait"}"#),
                ("+PT1M", #"{"value":"late","effects":[{"type":"unpark","state":"w.wait"}]}"#),
                ("+PT59S", #"{"value":"late"}"#),
                ("+PT1S", #"{"value":"end","status":"done","tags":["completed"]}"#),
            ]
        ),
        SimulateCase(
            "numbers are kept exactly, texts as they are",
            #"{"initial":"a","context":{"n":9007199254740991,"f":0.1,"t":"on","z":"","b":true,"o":null},"states":{"a":{}}}"#,
            [("", #"{"context":{"n":9007199254740991,"f":0.1,"t":"on","z":"","b":true,"o":null}}"#)]
        ),
        SimulateCase(
            "an unquoted `on` is a key, `off` and `yes` are texts; descriptions may stand anywhere",
            "description: d\ninitial: off\ncontext: { a: yes, b: no }\nstates: { off: { description: e, on: { yes: { target: on, description: f } } }, on: {} }",
            [("", #"{"value":"off","context":{"a":"yes","b":"no"}}"#), ("yes", #"{"value":"on"}"#)]
        ),
        SimulateCase(
            "anchors and aliases stand for their value",
            "initial: a\nstates: { a: { on: { E: &t { target: b } , F: *t } }, b: {} }",
            [("", "{}"), ("F", #"{"value":"b"}"#)]
        ),
    ]
}
