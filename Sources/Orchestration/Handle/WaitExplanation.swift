/// How a wait came to its end: everybody who wanted to end it, in order of time, and who did.
///
/// Made from rows alone. Competitors are the messages that name the wait, the replies of its kinds that came in its
/// time or ended it, those that were refused before it opened or after it ended, whatever else ended it (abandon,
/// navigate …), and its deadline.
package struct WaitExplanation: Equatable, Sendable {
    package struct Competitor: Equatable, Sendable {
        /// When it came; for the deadline, when it is or was due, or since when the session's clock stands.
        package var at: Instant
        /// The command's type, or `park.expired`.
        package var what: String
        /// The message; nil for a deadline that nobody has dealt with.
        package var message: MessageID?
        package var userID: String?
        /// The verdict's word; `pending` before there is one, for a deadline `due`, `paused`, `won` or `void`.
        package var verdict: String
        package var reason: String?
        package var isWinner: Bool
    }

    package var handle: ResumeHandle
    /// By time.
    package var competitors: [Competitor]
    /// Not all of the session's commands were looked at.
    package var isCut = false

    package var winner: Competitor? { competitors.first(where: \.isWinner) }

    /// - Parameters:
    ///   - commands: the session's inbox rows, in any order.
    ///   - events: the session's events.
    package init(handle: ResumeHandle, commands: [InboxCommand], events: [DomainEvent]) {
        self.handle = handle
        let ending = events.first { event in
            event.metadata["wait_ended"]["handle_id"].string == handle.id.description
        }
        let winner: MessageID? =
            switch handle.status {
            case .resumed: handle.resumedBy ?? ending?.causationID
            case .cancelled: ending?.causationID
            case .pendingPause, .waiting, .paused, .expired: nil
            }
        let window = Window(of: handle, ending: ending, in: events)
        let rows = commands.filter { row in
            if row.commandType == SessionMessages.parkExpired { return false }
            if row.id == winner || row.id == handle.resumedBy { return true }
            return row.correlationID == handle.correlationID || window.contains(row)
        }
        var found = rows.map { row in
            Competitor(
                at: row.createdAt,
                what: row.commandType,
                message: row.id,
                userID: row.userID,
                verdict: row.verdict?.rawValue ?? "pending",
                reason: row.errorMessage,
                isWinner: row.id == winner
            )
        }
        if let expiresAt = handle.expiresAt {
            let row = commands.first {
                $0.commandType == SessionMessages.parkExpired && $0.idempotencyKey.hasSuffix(handle.id.description)
            }
            let hasWon = handle.status == .expired
            let left = handle.timeLeft.map { Interval.seconds($0.microseconds / 1_000_000) }
            found.append(
                Competitor(
                    at: left == nil ? expiresAt : handle.pausedAt ?? expiresAt,
                    what: SessionMessages.parkExpired,
                    message: row?.id,
                    userID: nil,
                    verdict: hasWon ? "won" : left != nil ? "paused" : handle.status.isOpen ? "due" : "void",
                    reason: left.map { "\($0) left" },
                    isWinner: hasWon
                )
            )
        }
        competitors = found.sorted { ($0.at, $0.what) < ($1.at, $1.what) }
    }

    package var json: JSONValue {
        [
            "handle_id": JSONValue(handle.id), "session_id": JSONValue(handle.sessionID),
            "correlation_id": .string(handle.correlationID), "status": .string(handle.status.rawValue),
            "winner": JSONValue(winner?.what), "is_cut": .bool(isCut),
            "competitors": .array(
                competitors.map {
                    [
                        "at": JSONValue($0.at), "what": .string($0.what), "message_id": JSONValue($0.message),
                        "user_id": JSONValue($0.userID), "verdict": .string($0.verdict), "reason": JSONValue($0.reason),
                        "is_winner": .bool($0.isWinner),
                    ]
                }
            ),
        ]
    }
}

/// The time in which a reply that names no wait was meant for this one.
private struct Window {
    private let replies: Set<String>
    private let others: Set<String>
    /// The end of the wait before, the opening and the end of this one, and the next question.
    private let (before, from, to, next): (Instant?, Instant, Instant?, Instant?)

    init(of handle: ResumeHandle, ending: DomainEvent?, in events: [DomainEvent]) {
        let own = handle.id.description
        func ends(_ event: DomainEvent) -> String? { event.metadata["wait_ended"]["handle_id"].string }
        func opens(_ event: DomainEvent) -> String? { event.metadata["wait"]["handle_id"].string }
        let first = events.first { opens($0) == own || ends($0) == own }?.aggregateVersion ?? .max
        replies = Set((handle.resumeHandle["replies"].array ?? []).compactMap(\.string))
        others = Set(events.compactMap { $0.metadata["wait"]["correlation_id"].string })
            .subtracting([handle.correlationID])
        before =
            events.last { event in
                event.aggregateVersion <= first && ends(event).map { $0 != own } ?? false
            }?.occurredAt
        // An early reply's row comes before its wait's.
        from = min(handle.createdAt, handle.pausedAt ?? handle.createdAt)
        to = handle.status.isOpen ? nil : ending?.occurredAt ?? handle.updatedAt
        next = ending.flatMap { end in
            events.first { $0.aggregateVersion >= end.aggregateVersion && opens($0) != nil }?.occurredAt
        }
    }

    func contains(_ row: InboxCommand) -> Bool {
        guard replies.contains(row.commandType) else { return false }
        let time = row.createdAt
        if time < from {
            return before.map { time > $0 } ?? true && row.verdict != .accepted && !others.contains(row.correlationID)
        }
        guard let to, time > to else { return true }
        return row.verdict == .wrongStage && next.map { time < $0 } ?? true
    }
}
