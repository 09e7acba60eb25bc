import Orchestration
import Testing

@Suite struct SimulationTests {
    static func simulation(_ json: JSONValue, context: JSONValue = [:]) -> Simulation {
        Simulation(chart: ChartNotation.chart(json, context: context), expressions: SmallPrograms())
    }

    static let flow: JSONValue = [
        "initial": "work",
        "states": [
            "end": ["type": "final", "tags": "completed"],
            "wait": [
                "tags": ["waiting", "b"], "park": 5000,
                "on": ["GO": "end", "NO": ["target": "end", "guard": "false"], "park.expired": "work"],
            ],
            "work": [
                "invoke": [
                    "src": "Work", "input": "1",
                    "onDone": ["target": "wait", "actions": ["assign": "{got: .event.output}"] as JSONValue],
                ]
            ],
        ],
    ]

    @Test func `the start line has value, configuration, context, tags, effects, status and rejected`() {
        var simulation = Self.simulation(Self.flow, context: ["c": 1])
        let expected: JSONValue = [
            "value": "work", "configuration": ["m.work"], "context": ["c": 1], "tags": [],
            "effects": [["type": "start", "id": "0.m.work", "src": "Work", "input": 1]],
            "status": "active", "rejected": nil,
        ]
        #expect(simulation.start() == expected)
    }

    @Test func `a result goes to the default id, and the wait shows`() {
        var simulation = Self.simulation(Self.flow)
        _ = simulation.start()
        let line = simulation.line(["done": "0.m.work", "output": 7])
        #expect(line["value"] == "wait")
        #expect(line["context"] == ["got": 7])
        #expect(line["tags"] == ["b", "waiting"])
        #expect(line["effects"] == [["type": "park", "state": "m.wait", "visit": 1]])
    }

    @Test func `a result for an actor that does not run changes nothing`() {
        var simulation = Self.simulation(Self.flow)
        var expected = simulation.start().object ?? [:]
        expected["effects"] = []
        #expect(simulation.line(["done": "other", "output": 7]) == .object(expected))
        #expect(simulation.line(["error": "other", "error_data": 7]) == .object(expected))
    }

    @Test func `an error carries its data`() {
        var simulation = Self.simulation([
            "initial": "a",
            "states": [
                "a": ["invoke": ["id": "j", "onError": ["actions": ["assign": "{e: .event.error}"] as JSONValue]]]
            ],
        ])
        _ = simulation.start()
        #expect(simulation.line(["error": "j", "error_data": ["code": 1]])["context"] == ["e": ["code": 1]])
    }

    @Test(arguments: [("OTHER", "OTHER: no active state takes it"), ("NO", "NO: refused by the guards of m.wait")])
    func `a rejected event is named and leaves everything as it is`(type: String, reason: String) {
        var simulation = Self.simulation(Self.flow)
        _ = simulation.start()
        var expected = simulation.line(["done": "0.m.work"]).object ?? [:]
        expected["effects"] = []
        expected["rejected"] = .string(reason)
        #expect(simulation.line(["type": .string(type)]) == .object(expected))
    }

    @Test func `after done lines are answered, unchanged`() {
        var simulation = Self.simulation(Self.flow)
        _ = simulation.start()
        _ = simulation.line(["done": "0.m.work"])
        let done = simulation.line(["type": "GO"])
        #expect(done["status"] == "done")
        #expect(done["value"] == "end")
        #expect(done["tags"] == ["completed"])
        #expect(done["effects"] == [["type": "unpark", "state": "m.wait"]])
        let more = simulation.line(["advance": "P1D"])
        #expect(more["value"] == "end")
        #expect(more["configuration"] == ["m.end"])
        #expect(more["effects"] == [])
        #expect(more["rejected"] == nil)
        #expect(simulation.line(["type": "GO"])["rejected"] == "GO: the machine has ended")
    }

    @Test func `advance fires timers at their own times, also those that become due on the way`() {
        var simulation = Self.simulation([
            "initial": "a",
            "states": [
                "a": ["after": ["1000": "b"]], "b": ["after": ["1000": "c"]], "c": ["after": ["1000": "d"]], "d": [:],
            ],
        ])
        _ = simulation.start()
        #expect(simulation.line(["advance": "PT2.5S"])["value"] == "c")
        #expect(simulation.line(["advance": 499])["value"] == "c")
        #expect(simulation.line(["advance": .number(0.5)])["value"] == "c")
        #expect(simulation.line(["advance": .number(0.5)])["value"] == "d")
    }

    @Test func `an advance gathers the effects of all timers in order`() {
        var simulation = Self.simulation([
            "after": ["10": ["actions": "a"], "20": ["actions": "b"]]
        ])
        _ = simulation.start()
        let effects: JSONValue = [
            ["type": "emit", "event": "a", "payload": nil], ["type": "emit", "event": "b", "payload": nil],
        ]
        #expect(simulation.line(["advance": 20])["effects"] == effects)
    }

    @Test func `a wait expires at its deadline, and not when it was left before`() {
        var simulation = Self.simulation(Self.flow)
        _ = simulation.start()
        _ = simulation.line(["done": "0.m.work"])
        #expect(simulation.line(["advance": 4_999])["value"] == "wait")
        let expired = simulation.line(["advance": 1])
        #expect(expired["value"] == "work")
        #expect(expired["effects"].array?.first == ["type": "unpark", "state": "m.wait"])
        #expect(simulation.line(["advance": "P1D"])["value"] == "work")
    }

    @Test func `a failing program gives status error and the configuration from before`() {
        var simulation = Self.simulation([
            "initial": "a",
            "states": [
                "a": ["on": ["GO": ["target": "b", "actions": ["emit": "E", "payload": "fail"] as JSONValue]]],
                "b": [:],
            ],
        ])
        _ = simulation.start()
        let line = simulation.line(["type": "GO"])
        #expect(line["status"] == "error")
        #expect(line["configuration"] == ["m.a"])
        #expect(line["effects"] == [])
        #expect(line["rejected"] == "line 0: no value in `fail`")
    }

    @Test func `a start that fails is answered too`() {
        var simulation = Self.simulation(["entry": ["emit": "E", "payload": "fail"] as JSONValue], context: ["c": 1])
        let line = simulation.start()
        #expect(line["status"] == "error")
        #expect(line["value"] == [:])
        #expect(line["context"] == ["c": 1])
    }

    @Test func `a chart that runs in circles is the error endless`() {
        var simulation = Self.simulation(["on": ["GO": ["actions": ["raise": "GO"] as JSONValue]]])
        _ = simulation.start()
        let line = simulation.line(["type": "GO"])
        #expect(line["status"] == "error")
        #expect(line["rejected"].string?.hasPrefix("endless") == true)
    }

    @Test func `an advance that never ends is endless too`() {
        var simulation = Self.simulation(["after": ["0": ["actions": "x", "target": "#m", "reenter": true]]])
        _ = simulation.start()
        #expect(simulation.line(["advance": 0])["rejected"].string?.hasPrefix("endless") == true)
    }

    @Test(
        arguments: [
            [:], [], nil, ["type": 3], ["advance": -1], ["advance": "soon"], ["advance": .number(1e300)],
            ["advance": true],
        ] as [JSONValue]
    )
    func `a line that says nothing is rejected and changes nothing`(line: JSONValue) {
        var simulation = Self.simulation(Self.flow)
        let start = simulation.start()
        let answer = simulation.line(line)
        #expect(answer["rejected"].string != nil)
        #expect(answer["value"] == start["value"])
        #expect(answer["status"] == "active")
    }

    @Test func `every effect has its JSON form`() {
        var simulation = Self.simulation([
            "initial": "a",
            "states": [
                "a": ["invoke": ["id": "j"], "on": ["GO": ["target": "b", "actions": ["pause", "unpause"]]]],
                "b": ["entry": ["emit": "E", "payload": "{n: 1}"] as JSONValue],
            ],
        ])
        _ = simulation.start()
        let effects: JSONValue = [
            ["type": "cancel", "id": "j"], ["type": "pause"], ["type": "unpause"],
            ["type": "emit", "event": "E", "payload": ["n": 1]],
        ]
        #expect(simulation.line(["type": "GO"])["effects"] == effects)
    }
}
