internal import Orchestration

/// A batch as statements: positions, session locks in order of id, then the rows of all commits table by table.
enum CommitSteps {
    static func steps(of batch: CommitBatch) -> [Step] {
        var steps: [Step] = []
        if !batch.positions.isEmpty { steps.append(advance(batch.positions)) }
        if !batch.commits.isEmpty { steps.append(lock(batch.commits)) }

        // Finished commands first: the unique index on pending ones must be free before the next takes its place.
        let commands = last(batch.commits.flatMap(\.commands), by: \.id)
        let finished = commands.filter { !isPending($0) }
        if !commands.isEmpty { steps.append(InboxTable.upsert(finished + commands.filter(isPending))) }

        let sessions = last(batch.commits.compactMap(\.session), by: \.id)
        if !sessions.isEmpty { steps.append(SessionsTable.upsert(sessions)) }
        let events = batch.commits.flatMap(\.events)
        if !events.isEmpty { steps.append(EventsTable.insert(events)) }
        let tasks = last(batch.commits.flatMap(\.tasks), by: \.id)
        if !tasks.isEmpty { steps.append(TasksTable.upsert(tasks)) }

        // Closed handles first, for the same reason.
        let handles = last(batch.commits.flatMap(\.handles), by: \.id)
        let closed = handles.filter { !$0.status.isOpen }
        if !handles.isEmpty { steps.append(HandlesTable.upsert(closed + handles.filter(\.status.isOpen))) }

        let outbox = batch.commits.flatMap(\.outbox) + batch.outbox
        if !outbox.isEmpty { steps.append(OutboxTable.insert(outbox)) }
        if !batch.settledLetters.isEmpty { steps.append(DeadLettersTable.settle(batch.settledLetters)) }
        if !batch.deadLetters.isEmpty { steps.append(DeadLettersTable.insert(batch.deadLetters)) }
        return steps
    }

    /// In one order, as whoever takes positions locks them.
    private static func advance(_ unordered: [PositionAdvance]) -> Step {
        let positions = unordered.sorted { $0.topicPartition < $1.topicPartition }
        return Step(PositionsTable.advance) {
            $0.column(positions) { $0.clusterID }
            $0.column(positions) { $0.topicPartition.topic }
            $0.column(positions) { $0.topicPartition.partition }
            $0.column(positions) { $0.ownerEpoch }
            $0.column(positions) { $0.expectedOffset }
            $0.column(positions) { $0.nextOffset }
            $0.column(positions) { $0.fingerprint?.offset }
            $0.column(positions) { $0.fingerprint?.timestamp }
            $0.column(positions) { $0.fingerprint?.digest }
        }
    }

    /// The first commit of a session says which version it must have; later ones build on it.
    private static func lock(_ commits: [Commit]) -> Step {
        var seen: Set<SessionID> = []
        let firsts = commits.filter { seen.insert($0.sessionID).inserted }
        return Step(PositionsTable.lockSessions) {
            $0.column(firsts) { $0.sessionID }
            $0.column(firsts) { $0.expectedVersion }
        }
    }

    private static func isPending(_ command: InboxCommand) -> Bool {
        switch command.status {
        case .received, .processing: true
        case .completed, .failed: false
        }
    }

    /// The last of the rows with one id, each in the place of the first: a statement may not touch a row twice.
    private static func last<Row, ID: Hashable>(_ rows: [Row], by id: (Row) -> ID) -> [Row] {
        var places: [ID: Int] = [:]
        var result: [Row] = []
        for row in rows {
            if let place = places[id(row)] {
                result[place] = row
            } else {
                places[id(row)] = result.count
                result.append(row)
            }
        }
        return result
    }
}
