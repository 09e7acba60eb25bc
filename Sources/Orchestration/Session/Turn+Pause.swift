// Pausing stops the session's clock. Whatever it waits for has as much time left afterwards as it had before: the
// deadline and the reminders of a wait, the chart's timers, early replies that are kept, and the limits of its tasks.

extension Turn {
    mutating func pause() {
        if pausedAt == nil { pausedAt = now }
        scope.session?.status = .paused
        for var handle in scope.handles {
            switch handle.status {
            case .waiting: handle.status = .paused
            case .pendingPause: break
            case .paused, .resumed, .expired, .cancelled: continue
            }
            handle.pausedAt = now
            handle.updatedAt = now
            put(handle)
        }
    }

    /// - Parameter timersBefore: the chart's timers that stood before this step; its own begin now.
    mutating func unpause(_ timersBefore: Set<Int>) {
        let since = pausedAt ?? now
        pausedAt = nil
        scope.session?.status = .inProgress
        for var handle in scope.handles {
            switch handle.status {
            case .paused:
                handle.status = .waiting
                handle.shift(by: now - (handle.pausedAt ?? since), after: handle.pausedAt ?? since)
            case .pendingPause: handle.expiresAt = handle.expiresAt.map { $0 + (now - since) }
            case .waiting, .resumed, .expired, .cancelled: continue
            }
            handle.pausedAt = nil
            handle.updatedAt = now
            put(handle)
        }
        for index in chart.timers.indices where timersBefore.contains(chart.timers[index].sequence) {
            chart.timers[index].due = chart.timers[index].due + (now - since)
        }
        for var task in scope.tasks where task.status.isOpen {
            task.goOn(pausedSince: since, now: now)
            put(task)
        }
    }
}

extension ResumeHandle {
    /// What is left until the deadline while the session's clock stands; nil while it runs, and when the wait is over.
    package var timeLeft: Interval? {
        guard status.isOpen, let pausedAt, let expiresAt else { return nil }
        return expiresAt - pausedAt
    }

    /// Moves the deadline and the reminders that were still to come.
    fileprivate mutating func shift(by pause: Interval, after time: Instant) {
        expiresAt = expiresAt.map { $0 + pause }
        guard let next = nextReminderAt, next > time else { return }
        nextReminderAt = next + pause
        var resume = resumeHandle.object ?? [:]
        let times = (resume["reminders"]?.array ?? []).compactMap { $0.string.flatMap { Instant($0) } }
        resume["reminders"] = .array(times.map { JSONValue($0 > time ? $0 + pause : $0) })
        resumeHandle = .object(resume)
    }
}

extension AsyncTask {
    /// Gives back the time that the session was paused. A sign of life that came meanwhile counts from when it came.
    fileprivate mutating func goOn(pausedSince since: Instant, now: Instant) {
        let pause = now - since
        let isLimit = deadlineAt == attemptDeadlineAt || deadlineAt == totalDeadlineAt
        totalDeadlineAt = totalDeadlineAt + pause
        attemptDeadlineAt = attemptDeadlineAt.map { $0 + pause }
        let last = min(attemptDeadlineAt ?? totalDeadlineAt, totalDeadlineAt)
        deadlineAt = deadlineAt.map { isLimit ? last : min($0 + (now - max(since, updatedAt)), last) }
        updatedAt = now
    }
}
