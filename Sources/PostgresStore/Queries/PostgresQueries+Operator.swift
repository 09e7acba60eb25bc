package import Orchestration

/// What an operator changes by hand. Each call is one transaction.
extension PostgresQueries {
    /// Dead letters published again in one transaction; one can be as large as a record may be.
    package static let requeueBatchMax = 100

    /// What became of an order to publish dead letters again; unless it is `done` nothing has changed.
    package enum RequeueResult: Equatable, Sendable {
        case done(count: Int)
        case unknown(DeadLetterID)
        case already(DeadLetterID, at: Instant, by: String?)
    }

    /// Publishes dead letters again, each to the topic it came from, through the outbox.
    ///
    /// - Parameter again: also those that were published again before.
    package func requeueDeadLetters(
        _ ids: [DeadLetterID],
        again: Bool,
        tenantID: String,
        by name: String
    ) async throws(StoreError) -> RequeueResult {
        let wanted = Step(OperatorStatements.lockDeadLetters) { $0.column(ids) { $0 } }
        return try await requeue(wanted, tenantID, by: name) { letters in
            if let missing = ids.first(where: { id in !letters.contains { $0.id == id } }) { return .unknown(missing) }
            for letter in letters where !again {
                if let time = letter.requeuedAt { return .already(letter.id, at: time, by: letter.requeuedBy) }
            }
            return nil
        }
    }

    /// The same for up to `requeueBatchMax` of those never published again; the count is 0 when none is left.
    package func requeueWaitingDeadLetters(
        reason: DeadLetter.Reason?,
        tenantID: String,
        by name: String
    ) async throws(StoreError) -> Int {
        let wanted = Step(OperatorStatements.lockWaitingDeadLetters) {
            $0.add(reason?.rawValue)
            $0.add(Self.requeueBatchMax)
        }
        switch try await requeue(wanted, tenantID, by: name, unless: { _ in nil }) {
        case .done(let count): return count
        case .unknown, .already: return 0
        }
    }

    private func requeue(
        _ wanted: Step,
        _ tenantID: String,
        by name: String,
        unless refusal: @escaping @Sendable ([DeadLetter]) -> RequeueResult?
    ) async throws(StoreError) -> RequeueResult {
        try await run { connection throws(StoreError) in
            try connection.transaction { () throws(StoreError) -> RequeueResult in
                let letters = try connection.steps([wanted]).first?.rows(DeadLettersTable.read) ?? []
                if let refusal = refusal(letters) { return refusal }
                guard !letters.isEmpty else { return .done(count: 0) }
                _ = try connection.steps([
                    OutboxTable.insert(letters.map { $0.again(tenantID: tenantID) }),
                    Step(OperatorStatements.markRequeued) {
                        $0.column(letters) { $0.id }
                        $0.add(name)
                    },
                ])
                return .done(count: letters.count)
            }
        }
    }

    /// Lets the relay try FAILED or DEAD rows again, with all their tries: all of them or, if one is not such, none. Who did
    /// it stays with a row's last error, until there is another.
    ///
    /// - Returns: the status before of each row found.
    package func requeueOutbox(
        _ ids: [EventID],
        by name: String
    ) async throws(StoreError) -> [EventID: OutboxStatus] {
        let step = Step(OperatorStatements.requeueOutbox) {
            $0.column(Array(Set(ids))) { $0 }
            $0.add("requeued by \(name)")
        }
        return try await statuses(step)
    }

    /// Lets the relay try every DEAD row again; how many there were.
    package func requeueDeadOutbox(by name: String) async throws(StoreError) -> Int {
        let step = Step(OperatorStatements.requeueDeadOutbox) { $0.add("requeued by \(name)") }
        return try await rows(step) { row throws(StoreError) in try row.value(Int.self) }.first ?? 0
    }

    /// Gives a DEAD row up, so that later rows of its key flow: SENT with a message that says it was not.
    ///
    /// - Returns: the status before; nothing has changed unless it is DEAD. Nil when there is no such row.
    package func skipOutbox(_ id: EventID, by name: String, reason: String) async throws(StoreError) -> OutboxStatus? {
        let step = Step(OperatorStatements.skipOutbox) {
            $0.add(id)
            $0.add("\(OutboxMessage.skipMark)\(name): \(reason)")
        }
        return try await statuses(step)[id]
    }

    private func statuses(_ step: Step) async throws(StoreError) -> [EventID: OutboxStatus] {
        let pairs = try await rows(step) { row throws(StoreError) in
            (try row.value(EventID.self), try row.word(OutboxStatus.self))
        }
        return Dictionary(pairs) { first, _ in first }
    }

    private func rows<Row: Sendable>(
        _ step: Step,
        _ read: @escaping @Sendable (inout RowReader) throws(StoreError) -> Row
    ) async throws(StoreError) -> [Row] {
        try await run { connection throws(StoreError) in try connection.rows(step, read) }
    }
}
