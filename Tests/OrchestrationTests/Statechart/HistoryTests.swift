import Orchestration
import Testing

@Suite struct HistoryTests {
    static func chart(_ history: JSONObject, away: String = "a.h") -> JSONValue {
        let node: JSONObject = ["type": "history"]
        return [
            "initial": "a",
            "states": [
                "a": [
                    "entry": "+a", "initial": ["target": "x", "actions": "initial"], "on": ["AWAY": "w"],
                    "states": [
                        "h": .object(node.merging(history)),
                        "x": ["on": ["NEXT": "y"]],
                        "y": [
                            "initial": "y1",
                            "states": ["y1": ["on": ["NEXT": "y2"]], "y2": ["entry": "+y2"]],
                        ],
                    ],
                ],
                "w": ["on": ["BACK": .string(away)]],
            ],
        ]
    }

    static func visited(_ json: JSONValue) throws -> Machine {
        var machine = try Machine(json)
        for event in ["NEXT", "NEXT", "AWAY", "BACK"] { try machine.send(event) }
        return machine
    }

    @Test func `shallow history remembers the child, which is entered by default`() throws {
        #expect(try Self.visited(Self.chart([:])).value == ["a": ["y": "y1"]])
    }

    @Test func `deep history remembers the atomic states`() throws {
        let machine = try Self.visited(Self.chart(["history": "deep"]))
        #expect(machine.value == ["a": ["y": "y2"]])
        #expect(machine.log == ["+a", "+y2"])
    }

    @Test func `history without memory or default leads to the initial state, with its actions`() throws {
        var machine = try Machine(["initial": "w", "states": Self.chart([:])["states"]])
        try machine.send("BACK")
        #expect(machine.value == ["a": "x"])
        #expect(machine.log == ["+a", "initial"])
    }

    @Test func `history without memory leads to its default, without initial actions`() throws {
        var machine = try Machine(["initial": "w", "states": Self.chart(["target": "y.y2"])["states"]])
        try machine.send("BACK")
        #expect(machine.value == ["a": ["y": "y2"]])
        #expect(machine.log == ["+a", "+y2"])
    }

    @Test func `what is remembered goes before the default`() throws {
        var machine = try Machine(Self.chart(["target": "y"]))
        try machine.send("AWAY")
        try machine.send("BACK")
        #expect(machine.value == ["a": "x"])
    }

    @Test func `history is kept anew at each exit`() throws {
        var machine = try Self.visited(Self.chart(["history": "deep"]))
        try machine.send("AWAY")
        #expect(machine.state.history == [machine.node("m.a.h"): [machine.node("m.a.y.y2")]])
    }

    @Test func `a history state may be the initial state`() throws {
        var machine = try Machine([
            "initial": "a",
            "states": [
                "a": [
                    "initial": "h", "on": ["AWAY": "w"],
                    "states": ["h": ["type": "history", "target": "x"], "x": ["on": ["N": "y"]], "y": [:]],
                ],
                "w": ["on": ["BACK": "a"]],
            ],
        ])
        #expect(machine.value == ["a": "x"])
        for event in ["N", "AWAY", "BACK"] { try machine.send(event) }
        #expect(machine.value == ["a": "y"])
    }

    @Test func `history of a parallel state restores every region`() throws {
        let regions: JSONValue = [
            "h": ["type": "history", "history": "deep"],
            "r": ["initial": "r1", "states": ["r1": ["on": ["R": "r2"]], "r2": [:]]],
            "s": ["initial": "s1", "states": ["s1": ["on": ["S": "s2"]], "s2": [:]]],
        ]
        var machine = try Machine([
            "initial": "p",
            "states": [
                "p": ["type": "parallel", "on": ["AWAY": "w"], "states": regions], "w": ["on": ["BACK": "p.h"]],
            ],
        ])
        for event in ["S", "AWAY", "BACK"] { try machine.send(event) }
        #expect(machine.value == ["p": ["r": "r1", "s": "s2"]])
    }

    @Test func `history of a parallel state without memory enters all regions`() throws {
        var machine = try Machine([
            "initial": "w",
            "states": [
                "p": ["type": "parallel", "states": ["h": ["type": "history"], "r": [:], "s": [:]]],
                "w": ["on": ["BACK": "p.h"]],
            ],
        ])
        try machine.send("BACK")
        #expect(machine.value == ["p": ["r": [:], "s": [:]]])
    }

    @Test func `history that leads to itself comes to an end`() throws {
        var machine = try Machine([
            "initial": "w",
            "states": [
                "a": [
                    "initial": "x",
                    "states": [
                        "g": ["type": "history", "target": "h"], "h": ["type": "history", "target": "g"], "x": [:],
                    ],
                ],
                "w": ["on": ["BACK": "a.h"]],
            ],
        ])
        try machine.send("BACK")
        #expect(machine.outcome == .taken(sources: [machine.node("m.w")]))
    }

    @Test func `a final state is remembered by deep history`() throws {
        var machine = try Machine([
            "initial": "a",
            "states": [
                "a": [
                    "initial": "x", "on": ["AWAY": "w"],
                    "states": [
                        "f": ["type": "final"], "h": ["type": "history", "history": "deep"], "x": ["on": ["N": "f"]],
                    ],
                ],
                "w": ["on": ["BACK": "a.h"]],
            ],
        ])
        for event in ["N", "AWAY", "BACK"] { try machine.send(event) }
        #expect(machine.value == ["a": "f"])
    }
}
