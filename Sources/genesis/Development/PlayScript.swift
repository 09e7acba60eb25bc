internal import Orchestration

/// What the player answers. Pure: the wait and the session's events in, the reply out.
struct PlayScript: Sendable {
    struct Reply: Equatable, Sendable {
        var type: String
        var payload: JSONValue
    }

    static let feedback = "more sea, fewer dragons"

    /// Whether another draft has been asked for; once is enough.
    private(set) var hasAskedAgain = false

    /// The reply to a wait; nil when the wait takes none that the player knows.
    mutating func reply(to replies: [String], events: [DomainEvent]) -> Reply? {
        let seedRequest = SessionMessages.commandPrefix + "Seed.Request"
        if !hasAskedAgain, replies.contains(seedRequest) {
            hasAskedAgain = true
            return Reply(type: seedRequest, payload: ["feedback": .string(Self.feedback)])
        }
        for suffix in [".Confirm", ".CharacterNetwork.Create", ".Stage.Complete", ".Finish"] {
            if let type = replies.first(where: { $0.hasSuffix(suffix) }) {
                return Reply(type: type, payload: Self.payload(for: type, events: events))
            }
        }
        return nil
    }

    private static func payload(for type: String, events: [DomainEvent]) -> JSONValue {
        guard type.hasSuffix(".Concept.Confirm") else { return [:] }
        let proposal = events.last { $0.eventType.hasSuffix("ConceptProposed") }?.payload ?? .null
        let concepts = proposal["proposal"]["concepts"].array ?? []
        return ["concept_ids": .array(concepts.prefix(1).map { $0["id"] })]
    }
}
