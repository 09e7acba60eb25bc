// What an operator does to a task that is open. A task that has ended never goes back: a new one is made instead.

extension AsyncTask {
    /// Begins another attempt at once; it is not counted as a retry. False when the task has ended.
    package mutating func restart(actor: Actor, reason: JSONValue, now: Instant) -> Bool {
        // The end of the total limit is no reason to refuse a person.
        guard status.isOpen, attempt < AgentAnswer.attemptMax else { return false }
        errorData = ["code": "RETRIED_BY_OPERATOR", "message": reason, "details": nil, "attempt": .int(attempt)]
        totalDeadlineAt = max(totalDeadlineAt, now + actor.timeouts.total)
        beginNext(actor, after: .zero, now: now)
        updatedAt = now
        return true
    }

    /// Ends the task with a result that came from no agent. False when it had ended.
    package mutating func complete(byOperator output: JSONValue, now: Instant) -> Bool {
        guard cancel(now: now) else { return false }
        status = .completed
        progress = .full
        resultData = output
        errorData = .null
        return true
    }
}
