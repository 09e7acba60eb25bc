import Orchestration
import Testing

/// Final states, `onDone` and output.
@Suite struct CompletionTests {
    @Test func `a final child raises done of its parent with the output`() throws {
        var machine = try Machine([
            "initial": "a",
            "states": [
                "a": [
                    "initial": "x",
                    "onDone": ["target": "b", "actions": ["assign": "{got: .event.output}"] as JSONValue],
                    "states": ["x": ["on": ["GO": "f"]], "f": ["type": "final", "output": ".event.payload"]],
                ],
                "b": [:],
            ],
        ])
        try machine.send("GO", 7)
        #expect(machine.value == "b")
        #expect(machine.state.context == ["got": 7])
        #expect(machine.outcome == .taken(sources: [machine.node("m.a.x")]))
    }

    @Test func `done of a state may stand in on`() throws {
        var machine = try Machine([
            "initial": "a", "on": ["xstate.done.state.m.a": ".b"],
            "states": [
                "a": ["initial": "x", "states": ["f": ["type": "final"], "x": ["on": ["GO": "f"]]]], "b": [:],
            ],
        ])
        try machine.send("GO")
        #expect(machine.value == "b")
    }

    @Test func `onDone stands in the place of an on of the same name`() throws {
        var machine = try Machine([
            "initial": "a",
            "states": [
                "a": [
                    "initial": "x", "onDone": "b", "on": ["xstate.done.state.m.a": "c"],
                    "states": ["f": ["type": "final"], "x": ["on": ["GO": "f"]]],
                ],
                "b": [:], "c": [:],
            ],
        ])
        try machine.send("GO")
        #expect(machine.value == "b")
    }

    static let parallel: JSONValue = [
        "initial": "p",
        "states": [
            "end": [:],
            "p": [
                "type": "parallel", "onDone": "end",
                "states": [
                    "r": ["initial": "r1", "states": ["f": ["type": "final"], "r1": ["on": ["R": "f"]]]],
                    "s": ["initial": "s1", "states": ["f": ["type": "final"], "s1": ["on": ["S": "f"]]]],
                ],
            ],
        ],
    ]

    @Test func `a parallel state is done when all of its regions are`() throws {
        var machine = try Machine(Self.parallel)
        try machine.send("R")
        #expect(machine.value == ["p": ["r": "f", "s": "s1"]])
        try machine.send("S")
        #expect(machine.value == "end")
    }

    @Test func `two regions that finish in one microstep complete the parallel state once`() throws {
        var machine = try Machine([
            "type": "parallel", "on": ["xstate.done.state.m.p": ["actions": "done"]],
            "states": [
                "p": [
                    "type": "parallel",
                    "states": [
                        "r": ["initial": "x", "states": ["f": ["type": "final"], "x": ["on": ["GO": "f"]]]],
                        "s": ["initial": "x", "states": ["f": ["type": "final"], "x": ["on": ["GO": "f"]]]],
                    ],
                ],
                "q": [:],
            ],
        ])
        try machine.send("GO")
        #expect(machine.log == ["done"])
    }

    @Test func `a top-level final state ends the machine, which stays where it is`() throws {
        var machine = try Machine([
            "initial": "a", "exit": "-m",
            "states": ["a": ["on": ["GO": "f"]], "f": ["type": "final", "exit": "-f", "output": ".event.payload"]],
        ])
        try machine.send("GO", 3)
        #expect(machine.state.status == .done)
        #expect(machine.value == "f")
        #expect(machine.state.output == 3)
        #expect(machine.log == ["-f", "-m"])
        let ended = machine.state
        try machine.send("GO")
        #expect(machine.outcome == .ended)
        #expect(machine.state == ended)
    }

    @Test func `the machine's own output program sees the final state's done event`() throws {
        var machine = try Machine(
            [
                "initial": "a", "output": "{o: .event.output, n: .context.n}",
                "states": ["a": ["on": ["GO": "f"]], "f": ["type": "final", "output": ".event.payload"]],
            ],
            context: ["n": 1]
        )
        try machine.send("GO", 3)
        #expect(machine.state.output == ["o": 3, "n": 1])
    }

    @Test func `a parallel root ends when all regions are final`() throws {
        var machine = try Machine(["id": "p", "type": "parallel", "states": Self.parallel["states"]["p"]["states"]])
        try machine.send("R")
        #expect(machine.state.status == .active)
        try machine.send("S")
        #expect(machine.state.status == .done)
        #expect(machine.value == ["r": "f", "s": "f"])
    }

    @Test func `a parallel state below a parallel state completes both`() throws {
        var machine = try Machine([
            "type": "parallel",
            "states": ["q": ["type": "parallel", "states": Self.parallel["states"]["p"]["states"]]],
        ])
        try machine.send("R")
        try machine.send("S")
        #expect(machine.state.status == .done)
    }

    @Test func `the end cancels actors and timers and stops raised events`() throws {
        var machine = try Machine([
            "initial": "a", "invoke": ["id": "job"], "after": ["1000": ["actions": "late"]],
            "states": [
                "a": ["on": ["GO": ["target": "f", "actions": ["raise": "X", "delay": 5] as JSONValue]]],
                "f": ["type": "final", "entry": ["raise": "X"] as JSONValue],
            ],
            "on": ["X": ["actions": "x"]],
        ])
        try machine.send("GO")
        #expect(machine.log == ["cancel:job"])
        #expect(machine.state.timers.isEmpty)
        #expect(machine.state.running.isEmpty)
    }

    @Test func `a machine may end as it starts`() throws {
        let machine = try Machine(["initial": "f", "states": ["f": ["type": "final"]]])
        #expect(machine.state.status == .done)
    }

    @Test func `start in a machine that has started is stale`() throws {
        var machine = try Machine([:])
        try machine.tell(.start)
        #expect(machine.outcome == .stale)
    }
}
