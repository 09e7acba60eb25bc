// The words of the enum types in `Migrations/`, in the same order; a test compares them with the catalog.

package enum SessionStatus: String, CaseIterable, Sendable {
    case inProgress = "IN_PROGRESS"
    case paused = "PAUSED"
    case completed = "COMPLETED"
    case abandoned = "ABANDONED"
    case failed = "FAILED"

    /// Nothing happens any more in a session that has ended.
    package var hasEnded: Bool {
        switch self {
        case .inProgress, .paused: false
        case .completed, .abandoned, .failed: true
        }
    }
}

package enum GenesisStage: String, CaseIterable, Sendable {
    case conceptSelection = "CONCEPT_SELECTION"
    case storyConception = "STORY_CONCEPTION"
    case worldview = "WORLDVIEW"
    case characters = "CHARACTERS"
    case plotOutline = "PLOT_OUTLINE"
    case finished = "FINISHED"
}

package enum CommandStatus: String, CaseIterable, Sendable {
    case received = "RECEIVED"
    case processing = "PROCESSING"
    case completed = "COMPLETED"
    case failed = "FAILED"
}

package enum TaskStatus: String, CaseIterable, Sendable {
    case pending = "PENDING"
    case running = "RUNNING"
    case completed = "COMPLETED"
    case failed = "FAILED"
    case cancelled = "CANCELLED"

    package var isOpen: Bool {
        switch self {
        case .pending, .running: true
        case .completed, .failed, .cancelled: false
        }
    }
}

package enum OutboxStatus: String, CaseIterable, Sendable {
    case pending = "PENDING"
    case sent = "SENT"
    /// Will be tried again at `next_retry_at`.
    case failed = "FAILED"
    /// Out of tries; later rows of its key wait for an operator.
    case dead = "DEAD"
}

package enum HandleStatus: String, CaseIterable, Sendable {
    /// A reply is here before the flow has parked; its payload is kept.
    case pendingPause = "PENDING_PAUSE"
    /// Parked; takes exactly one reply.
    case waiting = "WAITING"
    /// Parked in a paused session; replies are kept, not applied.
    case paused = "PAUSED"
    case resumed = "RESUMED"
    case expired = "EXPIRED"
    /// The session left the wait by another way.
    case cancelled = "CANCELLED"

    package var isOpen: Bool {
        switch self {
        case .pendingPause, .waiting, .paused: true
        case .resumed, .expired, .cancelled: false
        }
    }
}

/// What became of a command or reply; stored with its inbox row and given again to a repeated one.
package enum Verdict: String, CaseIterable, Sendable {
    case accepted
    /// Kept until the flow parks or the session is unpaused.
    case buffered
    /// The same idempotency key was seen before.
    case duplicate
    /// A command of this type is still being worked on.
    case duplicatePending = "duplicate_pending"
    /// The wait it names was already answered, or left another way.
    case superseded
    /// It answers an older draft.
    case staleAttempt = "stale_attempt"
    case expired
    case wrongStage = "wrong_stage"
    /// No such session, wait or task.
    case unknown
    case notAllowed = "not_allowed"
    case invalid
    /// The step could not be computed; the session waits as an incident.
    case incident

    /// Whether what was asked for has not been done, and will not be.
    package var isRefusal: Bool {
        switch self {
        case .accepted, .buffered, .duplicate: false
        case .duplicatePending, .superseded, .staleAttempt, .expired, .wrongStage, .unknown, .notAllowed, .invalid,
            .incident:
            true
        }
    }
}
