import Orchestration
import Testing

/// Eventless transitions, raised events, assignments and guards.
@Suite struct MacrostepTests {
    @Test func `eventless transitions run until none is enabled`() throws {
        let machine = try Machine([
            "initial": "a",
            "states": ["a": ["always": "b"], "b": ["always": [["target": "a", "guard": "false"], "c"]], "c": [:]],
        ])
        #expect(machine.value == "c")
    }

    @Test func `an eventless transition sees what was just assigned`() throws {
        var machine = try Machine(
            [
                "initial": "a",
                "states": [
                    "a": [
                        "on": ["INC": ["actions": ["assign": "inc"] as JSONValue]],
                        "always": ["guard": ".context.n == 2", "target": "b"],
                    ],
                    "b": [:],
                ],
            ],
            context: ["n": 0]
        )
        try machine.send("INC")
        #expect(machine.value == "a")
        try machine.send("INC")
        #expect(machine.value == "b")
    }

    @Test func `eventless transitions go before raised events, which go before the next outside event`() throws {
        var machine = try Machine([
            "initial": "a",
            "states": [
                "a": ["on": ["GO": ["target": "b", "actions": ["raise": "R"] as JSONValue]]],
                "b": ["on": ["R": ["actions": "too early"]], "always": "c"],
                "c": ["on": ["R": ["actions": "raised"]]],
            ],
        ])
        try machine.send("GO")
        #expect(machine.log == ["raised"])
    }

    @Test func `raised events are taken first in, first out`() throws {
        var machine = try Machine([
            "on": [
                "A": ["actions": ["a", ["raise": "C"]]], "B": ["actions": "b"], "C": ["actions": "c"],
                "GO": ["actions": [["raise": "A"], ["raise": "B"]]],
            ]
        ])
        try machine.send("GO")
        #expect(machine.log == ["a", "b", "c"])
    }

    @Test func `a raise evaluates its payload when it is raised`() throws {
        var machine = try Machine(
            [
                "on": [
                    "GO": ["actions": [["raise": "R", "payload": ".context.n"], ["assign": "inc"]]],
                    "R": ["actions": ["emit": "E", "payload": ".event.payload"] as JSONValue],
                ]
            ],
            context: ["n": 1]
        )
        try machine.send("GO")
        #expect(machine.effects == [.emit(type: "E", payload: 1)])
        #expect(machine.state.context == ["n": 2])
    }

    @Test func `an eventless transition sees the event that led to it`() throws {
        var machine = try Machine([
            "initial": "a",
            "states": [
                "a": ["on": ["GO": "b"]],
                "b": ["always": ["target": "c", "actions": ["emit": "E", "payload": ".event"] as JSONValue]], "c": [:],
            ],
        ])
        try machine.send("GO", 5)
        #expect(machine.effects == [.emit(type: "E", payload: ["type": "GO", "payload": 5])])
    }

    @Test func `programs see event, context and session and nothing else`() throws {
        var machine = try Machine(
            ["on": ["GO": ["actions": ["emit": "E", "payload": "."] as JSONValue]]],
            context: ["c": 1],
            session: ["s": 2]
        )
        try machine.send("GO", 3)
        let seen: JSONValue = [
            "event": ["type": "GO", "payload": 3], "context": ["c": 1], "session": ["s": 2],
        ]
        #expect(machine.effects == [.emit(type: "E", payload: seen)])
    }

    @Test func `assign merges into the context`() throws {
        var machine = try Machine(
            ["on": ["GO": ["actions": ["assign": "{b: .event.payload}"] as JSONValue]]],
            context: ["a": 1, "b": 2]
        )
        try machine.send("GO", 9)
        #expect(machine.state.context == ["a": 1, "b": 9])
    }

    @Test func `assign of something else than an object is an error, and nothing has changed`() throws {
        var machine = try Machine([
            "initial": "a", "states": ["a": ["exit": ["assign": "3"] as JSONValue, "on": ["GO": "b"]], "b": [:]],
        ])
        let before = machine.state
        #expect(throws: ChartFailure.wrongType(Program("3"), expected: "object", found: "number")) {
            try machine.send("GO")
        }
        #expect(machine.state == before)
    }

    @Test func `a guard that gives no boolean is an error`() throws {
        var machine = try Machine(["on": ["GO": ["guard": "1"]]])
        #expect(throws: ChartFailure.wrongType(Program("1"), expected: "true or false", found: "number")) {
            try machine.send("GO")
        }
    }

    @Test(arguments: ["guard", "action", "input", "output", "raise"])
    func `a program that fails fails the step`(place: String) throws {
        let fail: JSONValue = ["assign": "fail"]
        let chart: JSONValue = [
            "initial": "a",
            "states": [
                "a": [
                    "on": [
                        "action": ["actions": fail], "guard": ["guard": "fail"], "input": "b", "output": "f",
                        "raise": ["actions": ["raise": "X", "payload": "fail"] as JSONValue],
                    ]
                ],
                "b": ["invoke": ["input": "fail"]], "f": ["type": "final", "output": "fail"],
            ],
        ]
        var machine = try Machine(chart)
        #expect(throws: ChartFailure.expression(ExpressionFailure(program: Program("fail"), reason: "no value"))) {
            try machine.send(place)
        }
    }

    static let conditions: [(JSONValue, Bool)] = [
        (["and": ["true", "true"]], true), (["and": ["true", "false"]], false), (["and": []], true),
        (["or": ["false", "true"]], true), (["or": ["false", "false"]], false), (["or": []], false),
        (["not": "false"], true), (["not": ["or": ["true", "fail"]]], false),
        (["and": ["false", "fail"]], false), (["always": true], true),
        (["in": ["m.r.r1"]], true), (["in": ["m.r.r2"]], false), (["in": ["m.r.r1", "m.s"]], true),
        (["not": ["in": ["m.s.s1"]]], false),
    ]

    @Test(arguments: conditions)
    func `guards combine, and stop as soon as the answer is known`(condition: JSONValue, isTaken: Bool) throws {
        var json = ParallelTests.regions().object ?? [:]
        json["on"] = ["GO": ["actions": "go", "guard": condition]]
        var machine = try Machine(.object(json))
        try machine.send("GO")
        #expect(machine.log == (isTaken ? ["go"] : []))
    }

    @Test func `a chart that runs in circles is endless`() throws {
        #expect(throws: ChartFailure.endless) {
            try Machine(["initial": "a", "states": ["a": ["always": "b"], "b": ["always": "a"]]])
        }
        #expect(throws: ChartFailure.endless) {
            var machine = try Machine(["on": ["GO": ["actions": ["raise": "GO"] as JSONValue]]])
            try machine.send("GO")
        }
    }

    @Test func `a thousand microsteps are allowed, and more`() throws {
        let machine = try Machine(
            ["always": ["guard": ["not": ".context.n == 9999"], "actions": ["assign": "inc"] as JSONValue]],
            context: ["n": 0]
        )
        #expect(machine.state.context == ["n": 9_999])
    }

    @Test func `an eventless transition that changes nothing is taken once`() throws {
        var machine = try Machine(["always": ["actions": "look"], "on": ["GO": ["actions": "go"]]])
        #expect(machine.log == ["look"])
        try machine.send("GO")
        #expect(machine.log == ["go", "look"])
    }

    @Test func `pause and unpause are effects, an unbound action is nothing`() throws {
        var machine = try Machine(["on": ["GO": ["actions": ["pause", [:], "unpause"]]]])
        try machine.send("GO")
        #expect(machine.log == ["pause", "unpause"])
    }
}
