import Orchestration
import Testing

@testable import genesis

@Suite struct PlayScriptTests {
    @Test func `the player asks for another draft once and confirms after it`() {
        var script = PlayScript()
        let replies = ["Command.Genesis.Session.Concept.Confirm", "Command.Genesis.Session.Seed.Request"]
        #expect(script.reply(to: replies, events: [])?.type == "Command.Genesis.Session.Seed.Request")
        #expect(script.reply(to: replies, events: [])?.type == "Command.Genesis.Session.Concept.Confirm")
    }

    @Test func `a wait without a known reply has no answer`() {
        var script = PlayScript()
        #expect(script.reply(to: ["Command.Genesis.Session.Task.Retry"], events: []) == nil)
    }
}
