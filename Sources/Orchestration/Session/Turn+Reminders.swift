// Reminders: said while the wait goes on. The wait's row keeps the times that are still to come; pause, reply and
// deadline need not know of them, because only the row of an open wait in a running session is ever due.

extension Turn {
    static let waitReminder = "Genesis.Session.WaitReminder"

    /// The times of a wait's reminders that come before its end, earliest first.
    func reminders(of park: Park) -> [Instant] {
        Set(park.reminders).sorted().filter { $0 < park.expires }.map { now + $0 }
    }

    /// Says the newest reminder that is due; older ones that a pause or an outage has held up are only counted.
    mutating func remind(_ id: HandleID, _ message: SessionMessage) {
        guard var handle = scope.handles.first(where: { $0.id == id }), handle.status == .waiting,
            let due = handle.nextReminderAt, due <= now
        else { return }
        var resume = handle.resumeHandle.object ?? [:]
        let all = (resume["reminders"]?.array ?? []).compactMap { $0.string.flatMap { Instant($0) } }
        let said = all.last { $0 <= now } ?? due
        let number = all.lastIndex(of: said).map { $0 + 1 } ?? 1
        let skipped = all.filter { $0 >= due && $0 < said }.count
        handle.nextReminderAt = all.first { $0 > now }
        resume["reminded"] = .int(number)
        handle.resumeHandle = .object(resume)
        handle.updatedAt = now
        put(handle)
        // Nobody needs to be reminded of a wait whose deadline is being dealt with.
        if let expiresAt = handle.expiresAt, expiresAt <= now { return }
        self.said = [
            (
                Self.waitReminder,
                [
                    "handle_id": JSONValue(handle.id), "correlation_id": .string(handle.correlationID),
                    "state": JSONValue(handle.taskName), "draft": handle.draft.map { .int($0) } ?? .null,
                    "reminder": .int(number), "of": .int(max(all.count, number)), "skipped": .int(skipped),
                    "due_at": JSONValue(said), "expires_at": JSONValue(handle.expiresAt),
                    "replies": handle.resumeHandle["replies"],
                ]
            )
        ]
        seal(message)
    }
}
