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

    @Test func `the concept that is confirmed is one of the last draft's`() {
        func proposed(_ version: Int, _ concept: String) -> DomainEvent {
            DomainEvent(
                eventID: EventID(derivedFrom: concept),
                tenantID: "default",
                aggregateID: SessionID(derivedFrom: "s"),
                aggregateVersion: version,
                eventType: "Genesis.Session.ConceptProposed",
                payload: ["proposal": ["concepts": [["id": .string(concept)], ["id": "other"]]]],
                metadata: [:],
                stateChange: [:],
                correlationID: "c",
                causationID: MessageID(derivedFrom: concept),
                userID: nil,
                occurredAt: .epoch,
                createdAt: .epoch
            )
        }
        var script = PlayScript()
        let reply = script.reply(
            to: ["Command.Genesis.Session.Concept.Confirm"],
            events: [proposed(1, "old"), proposed(2, "new")]
        )
        #expect(reply?.payload == ["concept_ids": ["new"]])
    }

    @Test func `a wait without a known reply has no answer`() {
        var script = PlayScript()
        #expect(script.reply(to: ["Command.Genesis.Session.Task.Retry"], events: []) == nil)
    }
}
