// The life of a task: PENDING → RUNNING → COMPLETED | FAILED | CANCELLED, never back. A failed attempt that is
// followed by another goes to PENDING with the next attempt's number; answers that name an older one change nothing.

/// What a task did with something it was told.
package enum TaskReaction: Equatable, Sendable {
    /// The row has changed, the flow goes on waiting.
    case changed
    /// The result is here.
    case completed
    /// The attempt failed and another is to be requested after the delay.
    case retry(after: Interval)
    /// The last attempt failed.
    case failed
    /// The task had ended.
    case ended
    /// The answer is of another attempt.
    case staleAttempt
}

/// Error codes of the four limits, stored in `error_data.code`.
package enum TaskLimit: String, CaseIterable, Sendable {
    case queue = "QUEUE_TIMEOUT"
    case attempt = "ATTEMPT_TIMEOUT"
    case heartbeat = "HEARTBEAT_TIMEOUT"
    case total = "TOTAL_TIMEOUT"
}

extension AsyncTask {
    /// A new task, requested now.
    package init(
        id: TaskID,
        session: GenesisSession,
        actor: Actor,
        actorID: String,
        trigger: MessageID?,
        correlationID: String,
        input: JSONValue,
        now: Instant
    ) {
        let total = now + actor.timeouts.total
        self.init(
            id: id,
            tenantID: session.tenantID,
            sessionID: session.id,
            taskType: actor.name,
            actorID: actorID,
            triggeredByCommandID: trigger,
            correlationID: correlationID,
            status: .pending,
            progress: .zero,
            progressMessage: nil,
            progressDetails: .null,
            inputData: input,
            resultData: .null,
            errorData: .null,
            executionNode: nil,
            attempt: 1,
            retryCount: 0,
            maxRetries: max(0, actor.retry.maxAttempts - 1),
            deadlineAt: min(now + actor.timeouts.queue, total),
            attemptDeadlineAt: nil,
            totalDeadlineAt: total,
            startedAt: nil,
            completedAt: nil,
            createdAt: now,
            updatedAt: now
        )
    }

    /// Applies what an agent says.
    package mutating func handle(_ answer: AgentAnswer, actor: Actor, now: Instant) -> TaskReaction {
        guard status.isOpen else { return .ended }
        guard answer.attempt == attempt else { return .staleAttempt }
        updatedAt = now
        switch answer.kind {
        case .started(let node):
            start(node: node, actor: actor, now: now)
            return .changed
        case .progressed(let share, let message, let details):
            start(node: executionNode, actor: actor, now: now)
            progress = max(progress, share)
            if let message { progressMessage = message }
            if !details.isNull { progressDetails = details }
            return .changed
        case .completed(_, let output):
            end(.completed, now: now)
            progress = .full
            resultData = output
            errorData = .null
            if startedAt == nil { startedAt = now }
            return .completed
        case .failed(let code, let message, let retryable, let details):
            let error: JSONValue = [
                "code": .string(code), "message": .string(message), "details": details, "attempt": .int(attempt),
            ]
            return fail(error, code: code, retryable: retryable, actor: actor, now: now)
        }
    }

    /// Ends or repeats an attempt whose limit has passed; `changed` when none has.
    package mutating func handleDeadline(attempt overdue: Int, actor: Actor, now: Instant) -> TaskReaction {
        guard status.isOpen else { return .ended }
        guard overdue == attempt else { return .staleAttempt }
        guard let deadlineAt, deadlineAt <= now else { return .changed }
        let limit = passedLimit(now: now)
        updatedAt = now
        let error: JSONValue = [
            "code": .string(limit.rawValue),
            "message": .string("the \(limit) limit of attempt \(attempt) passed at \(deadlineAt)"),
            "details": nil, "attempt": .int(attempt),
        ]
        return fail(error, code: limit.rawValue, retryable: limit != .total, actor: actor, now: now)
    }

    /// Ends a task that nobody wants any more. False when it had ended.
    package mutating func cancel(now: Instant) -> Bool {
        guard status.isOpen else { return false }
        end(.cancelled, now: now)
        updatedAt = now
        return true
    }

    private mutating func start(node: String?, actor: Actor, now: Instant) {
        if status == .pending {
            status = .running
            startedAt = startedAt ?? now
            attemptDeadlineAt = now + actor.timeouts.attempt
        }
        if let node { executionNode = node }
        let beat = now + actor.timeouts.heartbeat
        deadlineAt = min(beat, attemptDeadlineAt ?? beat, totalDeadlineAt)
    }

    private func passedLimit(now: Instant) -> TaskLimit {
        if totalDeadlineAt <= now { return .total }
        guard let attemptDeadlineAt else { return .queue }
        return attemptDeadlineAt <= now ? .attempt : .heartbeat
    }

    private mutating func fail(
        _ error: JSONValue,
        code: String,
        retryable: Bool,
        actor: Actor,
        now: Instant
    ) -> TaskReaction {
        errorData = error
        let delay = actor.retry.delay(beforeAttempt: attempt + 1, of: id)
        let mayRetry = retryable && !actor.retry.nonRetryable.contains(code) && retryCount < maxRetries
        guard mayRetry, now + delay < totalDeadlineAt else {
            end(.failed, now: now)
            return .failed
        }
        retryCount += 1
        attempt += 1
        status = .pending
        progress = .zero
        progressMessage = nil
        executionNode = nil
        attemptDeadlineAt = nil
        deadlineAt = min(now + delay + actor.timeouts.queue, totalDeadlineAt)
        return .retry(after: delay)
    }

    private mutating func end(_ status: TaskStatus, now: Instant) {
        self.status = status
        completedAt = now
        deadlineAt = nil
        attemptDeadlineAt = nil
    }
}

extension RetryPolicy {
    /// The pause before an attempt (from 2): exponential, capped, with full jitter.
    ///
    /// The jitter comes from the task's id and the attempt, so the same step decided again gives the same time.
    package func delay(beforeAttempt attempt: Int, of task: TaskID) -> Interval {
        var delay = Double(initial.microseconds)
        for _ in 0..<max(0, attempt - 2) where delay < Double(cap.microseconds) { delay *= max(1, factor) }
        delay = min(delay, Double(cap.microseconds))
        let dice = Identifier<TaskKind>(derivedFrom: "jitter", "\(task)", "\(attempt)").low >> 11
        let share = Double(dice) / Double(UInt64(1) << 53)
        return Interval(microseconds: Int64(delay * share))
    }
}
