// Which events a chart speaks of at all, whatever state it is in.

extension Chart {
    /// Whether any state names the event.
    package func names(_ event: String) -> Bool { nodes.contains { $0.names(event) } }

    /// Whether the machine's own transitions name the event; those run even while a session is paused.
    package func rootNames(_ event: String) -> Bool { nodes.first?.names(event) ?? false }

    /// The active states that have no active child, for people.
    package func activeNames(_ state: ChartState) -> String {
        let atomic = state.configuration.filter { nodes.indices.contains($0) && nodes[$0].children.isEmpty }
        return atomic.map { nodes[$0].id }.joined(separator: ", ")
    }
}

extension StateNode {
    /// Whether the state has a transition whose descriptor covers the event.
    package func names(_ event: String) -> Bool {
        on.contains { $0.descriptor == event || EventName.matches(event, wildcard: $0.descriptor) }
    }
}
