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

/// Error codes of the four limits, and of a lease that ran out, stored in `error_data.code`.
package enum TaskLimit: String, CaseIterable, Sendable {
    /// The worker that did the task itself does not renew its lease any more.
    case lease = "LEASE_EXPIRED"
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
            userID: session.userID,
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
            deadlineAt: nil,
            attemptDeadlineAt: nil,
            totalDeadlineAt: total,
            startedAt: nil,
            completedAt: nil,
            createdAt: now,
            updatedAt: now
        )
        request(actor, notBefore: now, now: now)
    }

    /// Requests the attempt, or puts it into the queue: there only the total limit runs.
    mutating func request(_ actor: Actor, notBefore: Instant, now: Instant) {
        self.notBefore = actor.isQueued ? notBefore : nil
        requestedAt = actor.isQueued ? nil : now
        deadlineAt = actor.isQueued ? totalDeadlineAt : min(notBefore + actor.timeouts.queue, totalDeadlineAt)
    }

    /// Whether the queue should be looked at once this row is written: the task waits for its turn, or leaves its place.
    package var movesQueue: Bool { notBefore != nil && (requestedAt == nil || !status.isOpen) }

    /// A queued attempt's turn has come. False when it is not this attempt's any more.
    mutating func takeTurn(attempt: Int, node: String, actor: Actor, now: Instant) -> Bool {
        guard status == .pending, self.attempt == attempt, notBefore != nil else { return false }
        requestedAt = requestedAt ?? now
        updatedAt = now
        switch actor.executor {
        case .agent: deadlineAt = min(now + actor.timeouts.queue, totalDeadlineAt)
        case .http: start(node: node, actor: actor, now: now)
        }
        return true
    }

    /// The longest details of a failure or of progress that are kept: they are published with what follows.
    static let detailsBytesMax = 128 * 1_024

    /// The longest message of a failure or of progress that is kept, in bytes.
    static let messageBytesMax = 8 * 1_024

    private static func kept(_ message: String) -> String {
        if message.utf8.count <= messageBytesMax { return message }
        return String(decoding: message.utf8.prefix(messageBytesMax), as: UTF8.self)
            + "… (\(message.utf8.count) bytes)"
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
            if let message { progressMessage = Self.kept(message) }
            if !details.isNull { progressDetails = details.kept(within: Self.detailsBytesMax) }
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
                "code": .string(code), "message": .string(Self.kept(message)),
                "details": details.kept(within: Self.detailsBytesMax), "attempt": .int(attempt),
            ]
            let pause = details["retry_after"].number.map { RetryPolicy.pause(asked: $0) }
            return fail(error, code: code, retryable: retryable, actor: actor, now: now, atLeast: pause)
        case .handedBack(let reason):
            errorData = [
                "code": "HANDED_BACK", "message": .string(reason), "details": nil, "attempt": .int(attempt),
            ]
            beginNext(actor, after: .zero, now: now)
            return .retry(after: .zero)
        }
    }

    /// Ends or repeats an attempt whose limit has passed; `changed` when none has.
    package mutating func handleDeadline(attempt overdue: Int, actor: Actor, now: Instant) -> TaskReaction {
        guard status.isOpen else { return .ended }
        guard overdue == attempt else { return .staleAttempt }
        guard let deadlineAt, deadlineAt <= now else { return .changed }
        let limit = passedLimit(actor, now: now)
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

    private func passedLimit(_ actor: Actor, now: Instant) -> TaskLimit {
        if totalDeadlineAt <= now { return .total }
        if let attemptDeadlineAt, attemptDeadlineAt <= now { return .attempt }
        switch actor.executor {
        case .agent: return status == .pending ? .queue : .heartbeat
        case .http: return .lease
        }
    }

    private mutating func fail(
        _ error: JSONValue,
        code: String,
        retryable: Bool,
        actor: Actor,
        now: Instant,
        atLeast pause: Interval? = nil
    ) -> TaskReaction {
        errorData = error
        let asked = pause ?? .zero
        let delay = max(asked, actor.retry.delay(beforeAttempt: attempt + 1, of: id))
        let mayRetry = retryable && !actor.retry.nonRetryable.contains(code) && retryCount < maxRetries
        guard mayRetry, now + delay < totalDeadlineAt else {
            end(.failed, now: now)
            return .failed
        }
        retryCount += 1
        beginNext(actor, after: delay, now: now)
        return .retry(after: delay)
    }

    /// The next attempt, which has not begun.
    mutating func beginNext(_ actor: Actor, after delay: Interval, now: Instant) {
        attempt += 1
        status = .pending
        progress = .zero
        progressMessage = nil
        executionNode = nil
        attemptDeadlineAt = nil
        request(actor, notBefore: now + delay, now: now)
    }

    private mutating func end(_ status: TaskStatus, now: Instant) {
        self.status = status
        completedAt = now
        deadlineAt = nil
        attemptDeadlineAt = nil
    }
}

extension RetryPolicy {
    /// The pause that a failure asks for, in seconds, as far as it is granted.
    static func pause(asked seconds: Double) -> Interval {
        min(Interval(microseconds: Int64(min(max(0, seconds), 1e9) * 1e6)), retryAfterMax)
    }

    /// The pause before an attempt (from 2): exponential, capped, with full jitter.
    ///
    /// The jitter comes from the task's id and the attempt, so the same step decided again gives the same time.
    package func delay(beforeAttempt attempt: Int, of task: TaskID) -> Interval {
        var delay = Double(initial.microseconds)
        for _ in 0..<max(0, attempt - 2) where delay < Double(cap.microseconds) { delay *= max(1, factor) }
        delay = min(delay, Double(cap.microseconds))
        // The upper half: the lower begins with a UUID's variant, which is always the same.
        let dice = Identifier<TaskKind>(derivedFrom: "jitter", "\(task)", "\(attempt)").high >> 11
        let share = Double(dice) / Double(UInt64(1) << 53)
        return Interval(microseconds: Int64(delay * share))
    }
}
