/// How a wait came to its end: everybody who wanted to end it, in order of time, and who did.
///
/// Made from rows alone. Competitors are the messages that name the wait, the replies of its kinds that came in its
/// time or ended it, whatever else ended it (abandon, navigate …), and its deadline.
package struct WaitExplanation: Equatable, Sendable {
    package struct Competitor: Equatable, Sendable {
        /// When it came; for the deadline, when it is or was due.
        package var at: Instant
        /// The command's type, or `park.expired`.
        package var what: String
        /// The message; nil for a deadline that nobody has dealt with.
        package var message: MessageID?
        package var userID: String?
        /// The verdict's word; `pending` before there is one, for a deadline `due`, `won` or `void`.
        package var verdict: String
        package var reason: String?
        package var isWinner: Bool
    }

    package var handle: ResumeHandle
    /// By time.
    package var competitors: [Competitor]

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
        let replies = Set((handle.resumeHandle["replies"].array ?? []).compactMap(\.string))
        // An early reply's row comes before its wait's.
        let from = min(handle.createdAt, handle.pausedAt ?? handle.createdAt)
        let to = handle.status.isOpen ? nil : ending?.occurredAt ?? handle.updatedAt
        let rows = commands.filter { row in
            if row.commandType == SessionMessages.parkExpired { return false }
            if row.correlationID == handle.correlationID || row.id == winner { return true }
            return replies.contains(row.commandType) && row.createdAt >= from && to.map { row.createdAt <= $0 } ?? true
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
            found.append(
                Competitor(
                    at: expiresAt,
                    what: SessionMessages.parkExpired,
                    message: row?.id,
                    userID: nil,
                    verdict: hasWon ? "won" : handle.status.isOpen ? "due" : "void",
                    reason: nil,
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
            "winner": JSONValue(winner?.what),
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
