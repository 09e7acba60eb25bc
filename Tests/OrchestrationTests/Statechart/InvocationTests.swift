import Orchestration
import Testing

/// Actors and waits.
@Suite struct InvocationTests {
    static let job: JSONValue = [
        "initial": "a",
        "states": [
            "a": [
                "entry": "+a", "exit": "-a", "on": ["AGAIN": ["target": "a", "reenter": true], "LEAVE": "c"],
                "invoke": [
                    "id": "job", "src": "Work", "input": ".context.n",
                    "onDone": ["target": "b", "actions": ["assign": "{got: .event.output}"] as JSONValue],
                    "onError": ["target": "c", "actions": ["assign": "{failed: .event.error}"] as JSONValue],
                ],
            ],
            "b": [:], "c": [:],
        ],
    ]

    @Test func `entering starts the actor, after the entry actions, with its input`() throws {
        let machine = try Machine(Self.job, context: ["n": 4])
        #expect(machine.log == ["+a", "start:job"])
        #expect(machine.effects.last == .startActor(id: "job", src: "Work", input: 4, node: machine.node("m.a")))
        #expect(machine.state.running == ["job": machine.node("m.a")])
    }

    @Test func `the default id is XState's`() throws {
        let machine = try Machine(["initial": "a", "states": ["a": ["invoke": ["src": "W"]]]])
        #expect(machine.state.running.keys.sorted() == ["0.m.a"])
    }

    @Test func `a result is taken by onDone and cancels nothing`() throws {
        var machine = try Machine(Self.job)
        try machine.tell(.actorDone(id: "job", output: ["x": 1]))
        #expect(machine.value == "b")
        #expect(machine.state.context == ["got": ["x": 1]])
        #expect(machine.log == ["-a"])
        #expect(machine.state.running.isEmpty)
    }

    @Test func `an error is taken by onError`() throws {
        var machine = try Machine(Self.job)
        try machine.tell(.actorError(id: "job", error: "no"))
        #expect(machine.value == "c")
        #expect(machine.state.context == ["failed": "no"])
    }

    @Test func `leaving cancels the actor, and its result is stale`() throws {
        var machine = try Machine(Self.job)
        try machine.send("LEAVE")
        #expect(machine.log == ["-a", "cancel:job"])
        let before = machine.state
        try machine.tell(.actorDone(id: "job", output: 1))
        #expect(machine.outcome == .stale)
        try machine.tell(.actorError(id: "job", error: 1))
        #expect(machine.outcome == .stale)
        #expect(machine.state == before)
    }

    @Test func `reentering cancels the actor and starts a new one`() throws {
        var machine = try Machine(Self.job)
        try machine.send("AGAIN")
        #expect(machine.log == ["-a", "cancel:job", "+a", "start:job"])
        #expect(machine.state.running == ["job": machine.node("m.a")])
    }

    @Test func `an actor whose state is left in the same macrostep is never started`() throws {
        let machine = try Machine([
            "initial": "a", "states": ["a": ["invoke": ["id": "job"], "always": "b"], "b": [:]],
        ])
        #expect(machine.log.isEmpty)
        #expect(machine.state.running.isEmpty)
    }

    @Test func `an actor that was running before is cancelled even if its successor never starts`() throws {
        var machine = try Machine([
            "initial": "a",
            "states": [
                "a": [
                    "invoke": ["id": "job"], "on": ["AGAIN": ["target": "a", "reenter": true]],
                    "always": ["guard": ".event.type == \"AGAIN\"", "target": "b"],
                ],
                "b": [:],
            ],
        ])
        try machine.send("AGAIN")
        #expect(machine.log == ["cancel:job"])
    }

    @Test func `done and error of an actor may stand in on of any active state`() throws {
        let on: JSONValue = [
            "xstate.done.actor.job": ["actions": "done"], "xstate.error.actor.job": ["actions": "error"],
        ]
        var machine = try Machine(["initial": "a", "on": on, "states": ["a": ["invoke": ["id": "job"]]]])
        let started = machine.state
        try machine.tell(.actorDone(id: "job", output: 1))
        #expect(machine.log == ["done"])
        machine.state = started
        try machine.tell(.actorError(id: "job", error: 1))
        #expect(machine.log == ["error"])
    }

    @Test func `a result that nobody takes is used up`() throws {
        var machine = try Machine([
            "initial": "a", "states": ["a": ["invoke": ["id": "job"], "on": ["GO": "b"]], "b": [:]],
        ])
        try machine.tell(.actorDone(id: "job", output: 1))
        #expect(machine.outcome == .notTaken)
        try machine.send("GO")
        #expect(machine.log.isEmpty)
    }

    @Test func `an error that nobody takes ends the machine with status error and stops the other actors`() throws {
        var machine = try Machine(["initial": "a", "states": ["a": ["invoke": [["id": "j"], ["id": "k"]]]]])
        try machine.tell(.actorError(id: "j", error: 1))
        #expect(machine.outcome == .notTaken)
        #expect(machine.state.status == .error)
        #expect(machine.log == ["cancel:k"])
        #expect(machine.value == "a")
        try machine.send("GO")
        #expect(machine.outcome == .ended)
    }

    @Test func `several actors of one state start and stop in their order`() throws {
        var machine = try Machine([
            "initial": "a",
            "states": ["a": ["invoke": [["id": "j"], ["id": "k"]], "on": ["GO": "b"]], "b": [:]],
        ])
        #expect(machine.log == ["start:j", "start:k"])
        try machine.send("GO")
        #expect(machine.log == ["cancel:j", "cancel:k"])
    }

    @Test func `a wait is parked with the number of its visit, and unparked when left`() throws {
        var machine = try Machine([
            "initial": "w",
            "states": [
                "v": ["on": ["BACK": "w"]], "w": ["entry": "+w", "exit": "-w", "park": 1000, "on": ["GO": "v"]],
            ],
        ])
        #expect(machine.log == ["+w", "park:w#1"])
        try machine.send("GO")
        #expect(machine.log == ["-w", "unpark:w"])
        try machine.send("BACK")
        #expect(machine.log == ["+w", "park:w#2"])
        #expect(machine.state.visits == [machine.node("m.w"): 2])
    }

    @Test func `a wait that is open when the machine ends is unparked`() throws {
        var machine = try Machine([
            "initial": "a", "park": 1000, "states": ["a": ["on": ["GO": "f"]], "f": ["type": "final"]],
        ])
        try machine.send("GO")
        #expect(machine.log == ["unpark:m"])
    }
}
