/// What a model check may do at most.
package struct ModelBounds: Sendable {
    /// The longest history, in messages.
    package var depth = 80
    /// Worlds that are looked into; more are left out, and the report says so.
    package var worlds = 20_000
    /// How many of the things that go wrong may happen in one history: a reply too early or too late, an answer too
    /// late, a failed attempt, a pause, an input that a paused session keeps, and going elsewhere with an early reply kept.
    package var disturbances = 1

    package init() {}
}

/// One fault of a workflow, with the shortest history that shows it.
package struct ModelFinding: Sendable, Equatable {
    package var severity: WorkflowFinding.Severity
    /// A stable name, e.g. `dead-end`.
    package var rule: String
    package var message: String
    package var hint: String?
    package var place: SourcePlace
    /// One line for each message, with the states it leads to; empty for what never happens at all.
    package var trace: [String]
}

/// What a model check has seen.
package struct ModelReport: Sendable {
    package var findings: [ModelFinding] = []
    /// Different worlds: sessions that differ in something that decides.
    package var worlds = 0
    package var decisions = 0
    /// Decisions that were made a second time, as after a crash: those that led to a new world.
    package var repeated = 0
    /// Whether every world within the bounds of the disturbances was looked into.
    package var isComplete = true
    /// Worlds in which an early reply is kept for a part that was left, and that were not followed for that reason: the
    /// bound of the disturbances was reached.
    package var keptElsewhere = 0
    /// The longest shortest history, in messages.
    package var depth = 0
    /// How many worlds have ended in each status.
    package var ends: [SessionStatus: Int] = [:]

    package var hasErrors: Bool { findings.contains { $0.severity == .error } }
}
