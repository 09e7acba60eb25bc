import Orchestration
import Testing

@Suite struct ChartStateCodingTests {
    /// A chart and a state that uses every member: history, timers of both kinds, actors, visits.
    static func rich() throws -> Machine {
        var machine = try Machine(
            [
                "initial": "a", "tags": ["t2", "t1"],
                "states": [
                    "a": [
                        "initial": "x", "on": ["GO": "p"], "states": ["h": ["type": "history"], "x": ["tags": "t0"]],
                    ],
                    "p": [
                        "type": "parallel",
                        "states": [
                            "r": [
                                "initial": "r1",
                                "states": ["r1": ["on": ["R": "r2"]], "r2": ["after": ["1500": "r1"], "tags": "t1"]],
                            ],
                            "s": [
                                "invoke": ["id": "job"], "park": 1000,
                                "entry": ["raise": "X", "delay": 99, "payload": "{n: 1}"] as JSONValue,
                            ],
                        ],
                    ],
                ],
            ],
            context: ["c": [1, 2]]
        )
        try machine.send("GO")
        try machine.send("R")
        return machine
    }

    @Test func `a state reads back as it was written`() throws {
        let machine = try Self.rich()
        let json = machine.state.json(in: machine.chart)
        #expect(try ChartState(json: json, in: machine.chart) == machine.state)
        #expect(machine.state.entryOrder == [machine.node("m.p.s"), machine.node("m.p.r.r2")])
    }

    @Test func `an ended and an empty state read back too`() throws {
        let chart = ChartNotation.chart(["initial": "f", "states": ["f": ["type": "final", "output": "{o: 1}"]]])
        let ended = try Machine(chart).state
        #expect(try ChartState(json: ended.json(in: chart), in: chart) == ended)
        #expect(try ChartState(json: ChartState().json(in: chart), in: chart) == ChartState())
    }

    @Test func `nodes are written by id, instants as text, tags sorted and once`() throws {
        let machine = try Self.rich()
        let json = machine.state.json(in: machine.chart)
        #expect(json["value"] == ["p": ["r": "r2", "s": [:]]])
        #expect(json["configuration"] == ["m", "m.p", "m.p.r", "m.p.r.r2", "m.p.s"])
        #expect(json["history"] == ["m.a.h": ["m.a.x"]])
        #expect(json["running"] == ["job": "m.p.s"])
        #expect(json["visits"] == ["m.p.s": 1])
        #expect(json["status"] == "active")
        #expect(json["tags"] == ["t1", "t2"])
        let timer: JSONValue = [
            "id": "xstate.after.1500.m.p.r.r2", "event": "xstate.after.1500.m.p.r.r2", "payload": nil,
            "due": "1970-01-01T00:00:01.500000Z", "sequence": 1, "node": "m.p.r.r2",
        ]
        #expect(json["timers"].array?.last == timer)
    }

    @Test(
        arguments: [
            (
                "configuration", ["m", "m.zzz"],
                "`configuration` names the state `m.zzz`, which the chart does not have"
            ),
            ("configuration", ["m"], "the states m cannot be active together"),
            ("configuration", 3, "`configuration` is number, expected array"),
            ("entered", [3], "`entered` is number, expected string"),
            ("context", [], "`context` is array, expected object"),
            ("history", ["m.a": []], "`history` names `m.a`, which is no history state"),
            ("history", ["m.a.h": ["q"]], "`history.m.a.h` names the state `q`, which the chart does not have"),
            ("timers", [3], "`timers` is number, expected object"),
            ("timers", [["due": "now"]], "`timers.due` is `now`, which is no instant"),
            ("timerSequence", -1, "`timerSequence` is number, expected a count"),
            ("running", ["job": "m"], "`running` has `job`, which `m` does not invoke"),
            ("visits", ["q": 1], "`visits` names the state `q`, which the chart does not have"),
            ("visits", ["m": "x"], "`visits` is string, expected a count"),
            ("status", "asleep", "status `asleep` is unknown"),
            ("status", nil, "`status` is null, expected string"),
        ] as [(String, JSONValue, String)]
    )
    func `what is unknown or impossible is named`(key: String, value: JSONValue, reason: String) throws {
        let machine = try Self.rich()
        var json = machine.state.json(in: machine.chart).object ?? [:]
        json[key] = value
        #expect(throws: ChartStateFailure(reason: reason)) {
            try ChartState(json: .object(json), in: machine.chart)
        }
    }

    @Test func `a timer of a state that is not active is refused`() throws {
        let machine = try Self.rich()
        var state = machine.state
        var timer = try #require(state.timers.last)
        timer.node = machine.node("m.a")
        state.timers.append(timer)
        #expect(throws: ChartStateFailure.self) {
            try ChartState(json: state.json(in: machine.chart), in: machine.chart)
        }
    }

    @Test func `every member but output and entered is required`() throws {
        let machine = try Self.rich()
        let json = machine.state.json(in: machine.chart).object ?? [:]
        for key in json.keys where !["output", "entered", "value", "tags"].contains(key) {
            var less = json
            less[key] = .none
            #expect(throws: ChartStateFailure.self, "\(key)") { try ChartState(json: .object(less), in: machine.chart) }
        }
    }

    @Test func `a state that reads no entry order takes document order`() throws {
        var machine = try Self.rich()
        machine.state.entryOrder = []
        try machine.send("OTHER")
        try machine.tell(.actorDone(id: "job", output: 1))
        #expect(machine.state.entryOrder == [machine.node("m.p.r.r2"), machine.node("m.p.s")])
    }
}
