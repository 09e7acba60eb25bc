import Orchestration
import Testing

@Suite struct WildcardTests {
    @Test(arguments: [
        ("a.*", "a", true), ("a.*", "a.b", true), ("a.*", "a.b.c", true), ("a.*", "ab", false), ("a.*", "b.a", false),
        ("*", "anything.at.all", true), ("a*", "ab", false), ("a.b.*", "a", false), ("a.b.*", "a.b", true),
        ("a", "a", false), ("*", "xstate.done.state.x", true),
    ])
    func `a.* covers a and all below it, * covers all`(descriptor: String, type: String, isMatch: Bool) {
        #expect(EventName.matches(type, wildcard: descriptor) == isMatch)
    }

    @Test(arguments: [("a.b.c", "exact"), ("a.b.d", "long"), ("a.x", "short"), ("z", "star")])
    func `the exact name goes first, then the longer wildcard`(type: String, expected: String) throws {
        var machine = try Machine([
            "on": [
                "*": ["actions": "star"], "a.*": ["actions": "short"], "a.b.*": ["actions": "long"],
                "a.b.c": ["actions": "exact"],
            ]
        ])
        try machine.send(type)
        #expect(machine.log == [expected])
    }

    @Test func `an exact name hides the node's wildcards even when its guard says no`() throws {
        var machine = try Machine(["on": ["*": ["actions": "star"], "GO": ["actions": "go", "guard": "false"]]])
        try machine.send("GO")
        #expect(machine.outcome == .refused(nodes: [0]))
    }

    @Test func `a shorter wildcard is tried when the guard of the longer says no`() throws {
        var machine = try Machine(["on": ["*": ["actions": "star"], "a.*": ["actions": "a", "guard": "false"]]])
        try machine.send("a.b")
        #expect(machine.log == ["star"])
    }

    @Test func `an inner wildcard goes before an outer exact name`() throws {
        var machine = try Machine([
            "initial": "a", "on": ["GO": ["actions": "outer"]],
            "states": ["a": ["on": ["*": ["actions": "inner"]]]],
        ])
        try machine.send("GO")
        #expect(machine.log == ["inner"])
    }

    @Test func `the star takes internal events too`() throws {
        var machine = try Machine([
            "initial": "a",
            "states": [
                "a": [
                    "initial": "x", "on": ["*": "b"],
                    "states": ["x": ["on": ["GO": "y"]], "y": ["type": "final"]],
                ],
                "b": [:],
            ],
        ])
        try machine.send("GO")
        #expect(machine.value == "b")
    }
}
