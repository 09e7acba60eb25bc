/// The session row as the sum of its events.
package enum SessionFold {
    /// The columns that events determine, as one JSON object; what `state_change` is a difference of.
    ///
    /// Left out: `version` (the number of events) and the two times of the row itself.
    package static func image(of session: GenesisSession) -> JSONObject {
        [
            "confirmed_data": session.confirmedData,
            "correlation_id": .string(session.correlationID),
            "current_stage": .string(session.currentStage.rawValue),
            "id": JSONValue(session.id),
            "next_timer_at": JSONValue(session.nextTimerAt),
            "novel_id": JSONValue(session.novelID),
            "state": session.state,
            "status": .string(session.status.rawValue),
            "tenant_id": .string(session.tenantID),
            "user_id": JSONValue(session.userID),
            "workflow_hash": .string(session.workflowHash),
            "workflow_name": .string(session.workflowName),
            "workflow_version": .string(session.workflowVersion),
        ]
    }

    /// The image after the events; events are applied in order and none can fail.
    package static func fold(_ events: some Sequence<DomainEvent>) -> JSONObject {
        events.reduce(into: JSONObject()) { image, event in
            if let change = event.stateChange.object { image = image.applying(change) }
        }
    }

    /// Where a stored row and its history disagree; empty when the row is the fold of the events.
    package static func differences(between session: GenesisSession, and events: [DomainEvent]) -> [String] {
        var differences: [String] = []
        for (index, event) in events.enumerated() where event.aggregateVersion != index + 1 {
            differences.append("event \(event.eventID) has version \(event.aggregateVersion), expected \(index + 1)")
            break
        }
        if session.version != events.count {
            differences.append("the row is at version \(session.version), the history has \(events.count) events")
        }
        let row = image(of: session)
        let folded = fold(events)
        for change in folded.difference(to: row) {
            let history = folded[change.key].map(\.text) ?? "nothing"
            let stored = row[change.key].map(\.text) ?? "nothing"
            differences.append("\(change.key): the row has \(stored), the events give \(history)")
        }
        return differences
    }
}
