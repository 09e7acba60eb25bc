import Orchestration
import Testing

@Suite struct ParallelTests {
    /// Two regions with two states each, which log entry and exit.
    static func regions(_ extra: JSONObject = [:], r1: JSONObject = [:], s1: JSONObject = [:]) -> JSONValue {
        func state(_ name: String, _ more: JSONObject = [:]) -> JSONValue {
            .object(JSONObject([("entry", .string("+" + name)), ("exit", .string("-" + name))]).merging(more))
        }
        let base: JSONObject = [
            "type": "parallel",
            "states": [
                "r": ["initial": "r1", "states": ["r1": state("r1", r1), "r2": state("r2")]],
                "s": ["initial": "s1", "states": ["s1": state("s1", s1), "s2": state("s2")]],
            ],
        ]
        return .object(base.merging(extra))
    }

    @Test func `all regions are entered in document order`() throws {
        let machine = try Machine(Self.regions())
        #expect(machine.value == ["r": "r1", "s": "s1"])
        #expect(machine.log == ["+r1", "+s1"])
    }

    @Test func `one event moves every region that takes it, exits before entries`() throws {
        var machine = try Machine(Self.regions(r1: ["on": ["GO": "r2"]], s1: ["on": ["GO": "s2"]]))
        try machine.send("GO")
        #expect(machine.log == ["-s1", "-r1", "+r2", "+s2"])
        #expect(machine.outcome == .taken(sources: [machine.node("m.r.r1"), machine.node("m.s.s1")]))
    }

    @Test func `a region that does not take the event stays`() throws {
        var machine = try Machine(Self.regions(r1: ["on": ["GO": "r2"]]))
        try machine.send("GO")
        #expect(machine.value == ["r": "r2", "s": "s1"])
        #expect(machine.log == ["-r1", "+r2"])
    }

    @Test func `the parallel state is asked only when no region takes the event`() throws {
        var machine = try Machine(
            Self.regions(["on": ["GO": ["actions": "outer"]]], r1: ["on": ["GO": "r2"]])
        )
        try machine.send("GO")
        #expect(machine.log == ["-r1", "+r2"])
        try machine.send("GO")
        #expect(machine.log == ["outer"])
    }

    @Test func `of two regions that would both leave the parallel state the first wins`() throws {
        var machine = try Machine([
            "initial": "p",
            "states": [
                "a": [:], "b": [:],
                "p": Self.regions(r1: ["on": ["GO": "#m.a"]], s1: ["on": ["GO": "#m.b"]]),
            ],
        ])
        try machine.send("GO")
        #expect(machine.value == "a")
        #expect(machine.outcome == .taken(sources: [machine.node("m.p.r.r1")]))
    }

    @Test func `a transition inside an earlier region preempts one that leaves everything`() throws {
        var machine = try Machine([
            "initial": "p",
            "states": ["b": [:], "p": Self.regions(r1: ["on": ["GO": "r2"]], s1: ["on": ["GO": "#m.b"]])],
        ])
        try machine.send("GO")
        #expect(machine.value == ["p": ["r": "r2", "s": "s1"]])
    }

    @Test func `transitions without target never conflict`() throws {
        var machine = try Machine([
            "initial": "p",
            "states": [
                "b": [:], "p": Self.regions(r1: ["on": ["GO": ["actions": "act"]]], s1: ["on": ["GO": "#m.b"]]),
            ],
        ])
        try machine.send("GO")
        #expect(machine.value == "b")
        #expect(machine.log == ["-s1", "-r1", "act"])
    }

    @Test func `an eventless transition of a deeper state preempts one of its ancestor`() throws {
        // r1 has none of its own, so it asks the root; s1 has one, and its source lies below the root.
        var machine = try Machine([
            "initial": "w",
            "states": [
                "p": Self.regions(["always": ["target": "w", "reenter": true]], s1: ["always": "s2"]),
                "w": ["on": ["GO": "p"]],
            ],
        ])
        try machine.send("GO")
        #expect(machine.log == ["+r1", "+s1", "-s1", "+s2", "-s2", "-r1"])
        #expect(machine.value == "w")
    }

    @Test func `eventless transitions are sought in the order in which states were entered`() throws {
        let json = Self.regions(
            [
                "states": [
                    "r": ["initial": "r1", "states": ["r1": ["on": ["A": "r2"]], "r2": Self.whenOn("r"), "r3": [:]]],
                    "s": ["initial": "s1", "states": ["s1": ["on": ["B": "s2"]], "s2": Self.whenOn("s"), "s3": [:]]],
                ], "on": ["ON": ["actions": ["assign": "{on: true}"] as JSONValue]],
            ]
        )
        var machine = try Machine(json, context: ["on": false])
        try machine.send("B")
        try machine.send("A")
        try machine.send("ON")
        #expect(machine.log == ["s", "r"])
        var other = try Machine(json, context: ["on": false])
        try other.send("A")
        try other.send("B")
        try other.send("ON")
        #expect(other.log == ["r", "s"])
    }

    private static func whenOn(_ region: String) -> JSONValue {
        [
            "always": [
                "guard": ".context.on", "target": .string(region + "3"), "actions": .string(region),
            ]
        ]
    }

    @Test func `a transition that reenters one region reenters all, since the parallel state is the ancestor`() throws {
        var machine = try Machine([
            "type": "parallel",
            "states": [
                "r": [
                    "entry": "+r", "exit": "-r", "on": ["GO": ["target": ".r1", "reenter": true]],
                    "initial": "r1", "states": ["r1": [:]],
                ],
                "s": ["entry": "+s", "exit": "-s"],
            ],
        ])
        try machine.send("GO")
        #expect(machine.log == ["-s", "-r", "+r", "+s"])
    }

    @Test func `a target inside of one region enters the others by default`() throws {
        var machine = try Machine([
            "initial": "w", "states": ["p": Self.regions(), "w": ["on": ["GO": "p.s.s2"]]],
        ])
        try machine.send("GO")
        #expect(machine.value == ["p": ["r": "r1", "s": "s2"]])
        #expect(machine.log == ["+r1", "+s2"])
    }

    @Test func `a region entered because its neighbour was named skips its own initial actions, as in XState`() throws {
        var machine = try Machine([
            "initial": "w",
            "states": [
                "p": [
                    "type": "parallel",
                    "states": [
                        "r": ["initial": ["target": "r1", "actions": "initial"], "states": ["r1": ["entry": "+r1"]]],
                        "s": ["initial": "s1", "states": ["s1": [:]]],
                    ],
                ],
                "w": ["on": ["NAMED": "p.s.s1", "WHOLE": "p"]],
            ],
        ])
        let start = machine
        try machine.send("NAMED")
        #expect(machine.log == ["+r1"])
        machine = start
        try machine.send("WHOLE")
        #expect(machine.log == ["initial", "+r1"])
    }
}
