internal import Orchestration

/// A batch as statements: positions, session locks in order of id, then the rows of all commits table by table.
enum CommitSteps {
    static func steps(of batch: CommitBatch) -> [Step] {
        var steps: [Step] = []
        if !batch.positions.isEmpty { steps.append(advance(batch.positions)) }
        if !batch.commits.isEmpty { steps.append(lock(batch.commits)) }

        // What ends comes before what begins: the unique indexes on what is open must be free. Of a row that was there
        // before only what can have changed is written.
        let commands = last(batch.commits.flatMap(\.commands), by: \.id)
        let finished = commands.filter { $0.arrival != nil && !isPending($0) }
        if !finished.isEmpty { steps.append(InboxTable.finish(finished)) }
        let rest = commands.filter { $0.arrival == nil || isPending($0) }
        if !rest.isEmpty {
            steps.append(InboxTable.upsert(rest.filter { !isPending($0) } + rest.filter { isPending($0) }))
        }

        let sessions = last(batch.commits.compactMap(\.session), by: \.id)
        if !sessions.isEmpty { steps.append(SessionsTable.upsert(sessions)) }
        let events = batch.commits.flatMap(\.events)
        if !events.isEmpty { steps.append(EventsTable.insert(events)) }

        let tasks = last(batch.commits.flatMap(\.tasks), by: \.id)
        let knownTasks = known(batch.commits, { $0.tasks.map(\.id) }, \.knownTasks)
        let changed = tasks.filter { knownTasks.contains($0.id) }
        if !changed.isEmpty { steps.append(TasksTable.change(changed)) }
        let made = tasks.filter { !knownTasks.contains($0.id) }
        if !made.isEmpty { steps.append(TasksTable.upsert(made)) }

        let handles = last(batch.commits.flatMap(\.handles), by: \.id)
        let knownWaits = known(batch.commits, { $0.handles.map(\.id) }, \.knownWaits)
        let closed = handles.filter { !$0.status.isOpen && knownWaits.contains($0.id) }
        if !closed.isEmpty { steps.append(HandlesTable.close(closed)) }
        let others = handles.filter { $0.status.isOpen || !knownWaits.contains($0.id) }
        if !others.isEmpty {
            steps.append(HandlesTable.upsert(others.filter { !$0.status.isOpen } + others.filter(\.status.isOpen)))
        }

        let outbox = batch.commits.flatMap(\.outbox) + batch.outbox
        if !outbox.isEmpty { steps.append(OutboxTable.insert(outbox)) }
        if !batch.settledLetters.isEmpty { steps.append(DeadLettersTable.settle(batch.settledLetters)) }
        if !batch.deadLetters.isEmpty { steps.append(DeadLettersTable.insert(batch.deadLetters)) }
        return steps
    }

    private static func advance(_ positions: [PositionAdvance]) -> Step {
        Step(PositionsTable.advance) {
            $0.column(positions) { $0.clusterID }
            $0.column(positions) { $0.topicPartition.topic }
            $0.column(positions) { $0.topicPartition.partition }
            $0.column(positions) { $0.ownerEpoch }
            $0.column(positions) { $0.expectedOffset }
            $0.column(positions) { $0.nextOffset }
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

    /// The rows that were there before the batch: what one commit makes, a later one knows.
    private static func known<ID: Hashable>(
        _ commits: [Commit],
        _ ids: (Commit) -> [ID],
        _ known: (Commit) -> Set<ID>
    ) -> Set<ID> {
        var made: Set<ID> = []
        var result: Set<ID> = []
        for commit in commits {
            let known = known(commit)
            for id in ids(commit) where !made.contains(id) {
                if known.contains(id) { result.insert(id) } else if !result.contains(id) { made.insert(id) }
            }
        }
        return result
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
