/// How sessions of one version of a workflow become sessions of another: which state becomes which, and what becomes
/// of the context. What is not named stays as it is.
package struct MigrationMap: Sendable, Equatable {
    /// New state ids by old ones. A state that is not named keeps its id.
    package var states: [String: String] = [:]
    /// jq over `{context, session, configuration}`; its value is the new context. Nil: the context stays.
    package var context: Program?

    package init(states: [String: String] = [:], context: Program? = nil) {
        self.states = states
        self.context = context
    }
}

/// Why a session cannot be moved to another version; it goes on with its own.
package struct MigrationRefusal: Error, Equatable, Sendable, CustomStringConvertible {
    package var description: String

    init(_ description: String) { self.description = description }
}
