/// A row of `domain_events`: a fact that never changes.
package struct DomainEvent: Equatable, Sendable {
    /// The position among all events; nil until the database has given it.
    package var globalPosition: Int64?
    /// Derived from session and version, so that a step that is redone names its events alike.
    package var eventID: EventID
    package var tenantID: String
    package var aggregateType: String
    package var aggregateID: SessionID
    /// The position in the stream, from 1 without gaps.
    package var aggregateVersion: Int
    package var eventType: String
    /// The shape of the payload.
    package var schemaVersion: Int
    package var payload: JSONValue
    /// What else consumers may want to know, e.g. the wait that this event announces.
    package var metadata: JSONValue
    /// What the event changed in the session row; the fold of these is the row. Not published.
    package var stateChange: JSONValue
    package var correlationID: String
    /// The command or message that caused the event.
    package var causationID: MessageID
    package var userID: String?
    package var occurredAt: Instant
    package var createdAt: Instant

    package static let aggregateType = "GenesisSession"

    package init(
        globalPosition: Int64? = nil,
        eventID: EventID,
        tenantID: String,
        aggregateType: String = DomainEvent.aggregateType,
        aggregateID: SessionID,
        aggregateVersion: Int,
        eventType: String,
        schemaVersion: Int = 1,
        payload: JSONValue,
        metadata: JSONValue,
        stateChange: JSONValue,
        correlationID: String,
        causationID: MessageID,
        userID: String?,
        occurredAt: Instant,
        createdAt: Instant
    ) {
        self.globalPosition = globalPosition
        self.eventID = eventID
        self.tenantID = tenantID
        self.aggregateType = aggregateType
        self.aggregateID = aggregateID
        self.aggregateVersion = aggregateVersion
        self.eventType = eventType
        self.schemaVersion = schemaVersion
        self.payload = payload
        self.metadata = metadata
        self.stateChange = stateChange
        self.correlationID = correlationID
        self.causationID = causationID
        self.userID = userID
        self.occurredAt = occurredAt
        self.createdAt = createdAt
    }
}
