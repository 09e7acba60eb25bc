import Orchestration
import Testing

/// Which transition is taken, and what it leaves and enters.
@Suite struct TransitionTests {
    @Test func `start enters the initial states from the outside in`() throws {
        let machine = try Machine([
            "entry": "m", "initial": "a",
            "states": ["a": ["entry": "a", "initial": "b", "states": ["b": ["entry": "b"]]]],
        ])
        #expect(machine.value == ["a": "b"])
        #expect(machine.log == ["m", "a", "b"])
        #expect(machine.outcome == .taken(sources: []))
    }

    @Test func `initial actions run after the entry of their state and before the child's`() throws {
        let machine = try Machine([
            "entry": "m", "initial": ["target": "a", "actions": "initial"], "states": ["a": ["entry": "a"]],
        ])
        #expect(machine.log == ["m", "initial", "a"])
    }

    @Test func `exit goes from the inside out, then the transition acts, then entry from the outside in`() throws {
        var machine = try Machine([
            "initial": "a",
            "states": [
                "a": [
                    "exit": "-a", "initial": "x", "states": ["x": ["exit": "-x"]],
                    "on": ["GO": ["target": "b", "actions": "go"]],
                ],
                "b": ["entry": "+b", "initial": "y", "states": ["y": ["entry": "+y"]]],
            ],
        ])
        try machine.send("GO")
        #expect(machine.log == ["-x", "-a", "go", "+b", "+y"])
        #expect(machine.value == ["b": "y"])
        #expect(machine.outcome == .taken(sources: [machine.node("m.a")]))
    }

    @Test func `the inner state is asked before the outer`() throws {
        var machine = try Machine([
            "initial": "a", "on": ["GO": ".c"],
            "states": ["a": ["on": ["GO": "b"]], "b": [:], "c": [:]],
        ])
        try machine.send("GO")
        #expect(machine.value == "b")
        try machine.send("GO")
        #expect(machine.value == "c")
    }

    @Test func `the outer state is asked when the inner guard says no`() throws {
        var machine = try Machine([
            "initial": "a", "on": ["GO": ".c"],
            "states": ["a": ["on": ["GO": ["target": "b", "guard": "false"]]], "b": [:], "c": [:]],
        ])
        try machine.send("GO")
        #expect(machine.value == "c")
    }

    @Test func `the first candidate whose guard holds is taken`() throws {
        var machine = try Machine([
            "initial": "a",
            "states": [
                "a": ["on": ["GO": [["target": "b", "guard": "false"], ["target": "c", "guard": "true"], "d"]]],
                "b": [:], "c": [:], "d": [:],
            ],
        ])
        try machine.send("GO")
        #expect(machine.value == "c")
    }

    @Test func `an empty transition forbids the event to the states above`() throws {
        var machine = try Machine([
            "initial": "a", "on": ["GO": ".b"], "states": ["a": ["on": ["GO": [:]]], "b": [:]],
        ])
        try machine.send("GO")
        #expect(machine.value == "a")
        #expect(machine.outcome == .taken(sources: [machine.node("m.a")]))
    }

    @Test func `an event that nobody names is not taken and changes nothing`() throws {
        var machine = try Machine(["initial": "a", "states": ["a": ["on": ["GO": "a"]]]])
        let before = machine.state
        try machine.send("OTHER")
        #expect(machine.outcome == .notTaken)
        #expect(machine.state == before)
        #expect(machine.log.isEmpty)
    }

    @Test func `an event whose guards all say no is refused by the states that name it, innermost first`() throws {
        var machine = try Machine([
            "initial": "a", "on": ["GO": ["target": ".a", "guard": "false"]],
            "states": ["a": ["on": ["*": ["guard": "false"]]]],
        ])
        let before = machine.state
        try machine.send("GO")
        #expect(machine.outcome == .refused(nodes: [machine.node("m.a"), machine.node("m")]))
        #expect(machine.state == before)
    }

    @Test func `a transition without target runs its actions and leaves nothing`() throws {
        var machine = try Machine([
            "initial": "a", "states": ["a": ["entry": "+", "exit": "-", "on": ["GO": ["actions": "act"]]]],
        ])
        try machine.send("GO")
        #expect(machine.log == ["act"])
    }

    @Test func `a transition to its own atomic source does not leave it`() throws {
        var machine = try Machine([
            "initial": "a",
            "states": ["a": ["entry": "+", "exit": "-", "on": ["GO": ["target": "a", "actions": "x"]]]],
        ])
        try machine.send("GO")
        #expect(machine.log == ["x"])
    }

    @Test func `a reentering transition to its own source leaves and enters it`() throws {
        var machine = try Machine([
            "initial": "a",
            "states": [
                "a": [
                    "entry": "+", "exit": "-",
                    "on": ["GO": ["target": "a", "actions": "x", "reenter": true]],
                ]
            ],
        ])
        try machine.send("GO")
        #expect(machine.log == ["-", "x", "+"])
    }

    static let nested: JSONValue = [
        "initial": "a", "exit": "-m", "entry": "+m",
        "states": [
            "a": [
                "entry": "+a", "exit": "-a", "initial": ["target": "x", "actions": "initial"],
                "on": [
                    "DOWN": ".y", "REDOWN": ["target": ".y", "reenter": true], "SELF": "a",
                    "RESELF": ["target": "a", "reenter": true],
                ],
                "states": [
                    "x": ["entry": "+x", "exit": "-x", "on": ["UP": "#m.a"]], "y": ["entry": "+y", "exit": "-y"],
                ],
            ]
        ],
    ]

    @Test(arguments: [
        ("DOWN", ["-x", "+y"]), ("REDOWN", ["-x", "-a", "+a", "+y"]), ("SELF", ["-x", "+x"]),
        ("RESELF", ["-x", "-a", "+a", "initial", "+x"]), ("UP", ["-x", "-a", "+a", "initial", "+x"]),
    ])
    func `an internal transition keeps its source, others leave what lies below the common ancestor`(
        event: String,
        log: [String]
    ) throws {
        var machine = try Machine(Self.nested)
        try machine.send(event)
        #expect(machine.log == log)
    }

    @Test func `a transition of the root to a child keeps the root`() throws {
        var machine = try Machine([
            "initial": "a", "exit": "-m", "entry": "+m", "on": ["GO": ".b"],
            "states": ["a": [:], "b": ["entry": "+b"]],
        ])
        try machine.send("GO")
        #expect(machine.log == ["+b"])
    }

    @Test func `a reentering transition of the root leaves the root too`() throws {
        var machine = try Machine([
            "initial": "a", "exit": "-m", "entry": "+m", "on": ["GO": ["target": ".b", "reenter": true]],
            "states": ["a": ["exit": "-a"], "b": ["entry": "+b"]],
        ])
        try machine.send("GO")
        #expect(machine.log == ["-a", "-m", "+m", "+b"])
        #expect(machine.value == "b")
    }

    @Test func `the root as a target resets the machine without leaving it`() throws {
        var machine = try Machine([
            "initial": "a", "exit": "-m", "entry": "+m",
            "states": ["a": ["on": ["GO": "b"]], "b": ["on": ["RESET": "#m"]]],
        ])
        try machine.send("GO")
        try machine.send("RESET")
        #expect(machine.value == "a")
        #expect(machine.log == ["+m"])
    }

    @Test func `a deep target enters every state on its way`() throws {
        var machine = try Machine([
            "initial": "a",
            "states": [
                "a": ["on": ["GO": "b.c.d"]],
                "b": [
                    "entry": "+b", "initial": ["target": "z", "actions": "no"],
                    "states": [
                        "c": ["entry": "+c", "initial": "e", "states": ["d": ["entry": "+d"], "e": ["entry": "no"]]],
                        "z": ["entry": "no"],
                    ],
                ],
            ],
        ])
        try machine.send("GO")
        #expect(machine.log == ["+b", "+c", "+d"])
        #expect(machine.active == ["m", "m.b", "m.b.c", "m.b.c.d"])
    }

    @Test func `multiple targets enter each region where it is told`() throws {
        var machine = try Machine([
            "initial": "a",
            "states": [
                "a": ["on": ["GO": ["target": ["p.r.r2", "p.s.s2"]]]],
                "p": [
                    "type": "parallel",
                    "states": [
                        "q": ["initial": "q1", "states": ["q1": [:], "q2": [:]]],
                        "r": ["initial": "r1", "states": ["r1": [:], "r2": [:]]],
                        "s": ["initial": "s1", "states": ["s1": [:], "s2": [:]]],
                    ],
                ],
            ],
        ])
        try machine.send("GO")
        #expect(machine.value == ["p": ["q": "q1", "r": "r2", "s": "s2"]])
    }
}
