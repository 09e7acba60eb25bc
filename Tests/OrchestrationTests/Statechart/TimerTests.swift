import Orchestration
import Testing

@Suite struct TimerTests {
    @Test func `after fires when its time has come, not before`() throws {
        var machine = try Machine(["initial": "a", "states": ["a": ["after": ["1000": "b"]], "b": [:]]])
        try machine.wait(999)
        #expect(machine.value == "a")
        #expect(machine.outcome == .stale)
        try machine.wait(1)
        #expect(machine.value == "b")
    }

    @Test func `leaving the state cancels its timers`() throws {
        var machine = try Machine([
            "initial": "a", "states": ["a": ["after": ["1000": "c"], "on": ["GO": "b"]], "b": [:], "c": [:]],
        ])
        try machine.send("GO")
        #expect(machine.state.timers.isEmpty)
    }

    @Test func `reentering starts the time anew, an internal transition does not`() throws {
        var machine = try Machine([
            "initial": "a",
            "states": [
                "a": ["after": ["1000": "b"], "on": ["RE": ["target": "a", "reenter": true], "SELF": "a"]], "b": [:],
            ],
        ])
        try machine.wait(600)
        try machine.send("SELF")
        #expect(machine.state.nextTimer?.due == Instant(microseconds: 1_000_000))
        try machine.send("RE")
        #expect(machine.state.timers.map(\.due) == [Instant(microseconds: 1_600_000)])
    }

    @Test func `of one delay the first candidate whose guard holds is taken, and one timer runs`() throws {
        var machine = try Machine([
            "initial": "a",
            "states": ["a": ["after": ["10": [["target": "b", "guard": "false"], "c"]]], "b": [:], "c": [:]],
        ])
        #expect(machine.state.timers.map(\.event) == ["xstate.after.10.m.a"])
        try machine.wait(10)
        #expect(machine.value == "c")
    }

    @Test func `a timer whose guard says no is used up`() throws {
        var machine = try Machine(["after": ["10": ["guard": "false"]]])
        machine.now = Instant(microseconds: 10_000)
        try machine.tell(.timer)
        #expect(machine.outcome == .refused(nodes: [0]))
        #expect(machine.state.timers.isEmpty)
    }

    @Test func `an after event may stand in on, and comes before the after itself`() throws {
        var machine = try Machine([
            "after": ["10": ["actions": "after"]], "on": ["xstate.after.10.m": ["actions": "on"]],
        ])
        try machine.wait(10)
        #expect(machine.log == ["on"])
    }

    @Test func `timers fire by time, then in the order in which they were started`() throws {
        var machine = try Machine([
            "entry": [
                ["raise": "B", "delay": 20], ["raise": "A", "delay": 20], ["raise": "C", "delay": 10],
            ],
            "on": ["A": ["actions": "a"], "B": ["actions": "b"], "C": ["actions": "c"]],
        ])
        try machine.wait(20)
        #expect(machine.log == ["c", "b", "a"])
    }

    @Test func `a delayed raise survives its state and carries its payload`() throws {
        var machine = try Machine([
            "initial": "a",
            "states": [
                "a": ["entry": ["raise": "R", "delay": 5, "payload": "{n: 1}"] as JSONValue, "on": ["GO": "b"]],
                "b": ["on": ["R": ["actions": ["assign": "{got: .event.payload.n}"] as JSONValue]]],
            ],
        ])
        try machine.send("GO")
        try machine.wait(5)
        #expect(machine.state.context == ["got": 1])
    }

    @Test func `a delay of zero is a timer, not an internal event`() throws {
        var machine = try Machine([
            "on": [
                "GO": ["actions": ["raise": "R", "delay": 0] as JSONValue], "R": ["actions": "r"],
            ]
        ])
        try machine.send("GO")
        #expect(machine.log.isEmpty)
        try machine.wait(0)
        #expect(machine.log == ["r"])
    }

    @Test func `cancel takes back a delayed raise by its id`() throws {
        var machine = try Machine([
            "entry": [["raise": "A", "delay": 5, "id": "a"], ["raise": "B", "delay": 5, "id": "b"]],
            "on": [
                "A": ["actions": "a"], "B": ["actions": "b"], "STOP": ["actions": ["cancel": "a"] as JSONValue],
            ],
        ])
        try machine.send("STOP")
        try machine.send("STOP")
        try machine.wait(5)
        #expect(machine.log == ["b"])
    }

    @Test func `an inner state's timer and an outer one's both run`() throws {
        var machine = try Machine([
            "initial": "a", "after": ["30": ["actions": "outer"]],
            "states": ["a": ["after": ["10": "b"]], "b": ["after": ["10": ["actions": "inner"]]]],
        ])
        try machine.wait(10)
        #expect(machine.value == "b")
        try machine.wait(20)
        #expect(machine.log == ["inner", "outer"])
    }

    @Test(arguments: [(1_000_000, "1000"), (1_500, "1.500"), (7, "0.007"), (0, "0")])
    func `the after event is named by milliseconds`(microseconds: Int64, text: String) {
        #expect(EventName.milliseconds(Interval(microseconds: microseconds)) == text)
    }
}
