package import Orchestration

/// What every store promises, each as a function that is given an empty store of its own.
package enum StoreContract {
    /// A promise by name.
    package struct Promise: Sendable, CustomStringConvertible {
        package let description: String
        private let check: @Sendable (any Store, inout Faults) async throws -> Void

        init(_ description: String, _ check: @escaping @Sendable (any Store, inout Faults) async throws -> Void) {
            self.description = description
            self.check = check
        }

        /// How the store breaks the promise; empty when it keeps it.
        package func faults(of store: any Store) async throws -> [String] {
            var faults = Faults()
            try await check(store, &faults)
            return faults.sentences
        }
    }

    struct Faults {
        private(set) var sentences: [String] = []

        mutating func expect(_ isKept: Bool, _ sentence: String) {
            if !isKept { sentences.append(sentence) }
        }

        /// The body must fail with an error of the kind; nothing it wrote may stay.
        mutating func expect(
            _ kind: String,
            _ sentence: String,
            _ body: () async throws(StoreError) -> Void
        ) async {
            do throws(StoreError) {
                try await body()
                sentences.append("\(sentence): not refused")
            } catch {
                if !"\(error)".hasPrefix(kind) { sentences.append("\(sentence): \(error), not \(kind)") }
            }
        }
    }

    package static let promises =
        [
            Promise("a version that is not the expected one is a conflict, and nothing of the batch is written") {
                store,
                faults in
                let (known, other) = (Rows(), Rows())
                try await store.commit(batch([known.commit(from: 0)]))
                await faults.expect("conflict", "a stale version") { () async throws(StoreError) in
                    try await store.commit(batch([other.commit(from: 0), known.commit(from: 0)]))
                }
                await faults.expect("conflict", "a version that nobody has written") { () async throws(StoreError) in
                    try await store.commit(batch([known.commit(from: 2)]))
                }
                let loaded = try await store.load(request([known.session, other.session]))
                faults.expect(loaded.scopes[other.session]?.session == nil, "half a batch was written")
                faults.expect(loaded.scopes[known.session]?.session?.version == 1, "the version moved without a commit")
                faults.expect(loaded.scopes.count == 2, "a requested session without row has no scope")
            },
            Promise("several commits of one session in one batch build on each other, the last row counts") {
                store,
                faults in
                let rows = Rows()
                var first = rows.commit(from: 0)
                first.commands = [rows.command("T", .processing)]
                var second = rows.commit(from: 1)
                second.commands = first.commands.map { $0.ended }
                second.commands.append(rows.command("T", .processing))
                second.outbox = [rows.outbox("2")]
                first.outbox = [rows.outbox("1")]
                try await store.commit(batch([first, second]))
                let scope = try await store.load(request([rows.session])).scopes[rows.session]
                faults.expect(scope?.session?.version == 2, "the last session row does not count")
                faults.expect(scope?.pendingCommands.map(\.id) == [second.commands[1].id], "pending commands are wrong")
                let lanes = try await store.leaseLanes(owner: "a", duration: .seconds(60))
                let sent = try await store.dueOutbox(lanes: lanes, limit: 9)
                faults.expect(sent.map(\.id) == [first.outbox[0].id, second.outbox[0].id], "the outbox order is wrong")
            },
            Promise("only one command of a type may be pending in a session") { store, faults in
                let rows = Rows()
                var commit = Commit(sessionID: rows.session, tenantID: "default", expectedVersion: 0)
                commit.commands = [rows.command("T", .processing)]
                try await store.commit(batch([commit]))
                var next = commit
                next.commands = [rows.command("T", .received)]
                await faults.expect("duplicate", "a second pending command") { () async throws(StoreError) in
                    try await store.commit(batch([next]))
                }
                next.commands.append(commit.commands[0].ended)
                try await store.commit(batch([next]))
            },
            Promise("a known key gives its row back, in its tenant only, and a known id its key") { store, faults in
                let rows = Rows()
                var commit = Commit(sessionID: rows.session, tenantID: "default", expectedVersion: 0)
                let row = rows.command("T", .completed)
                commit.commands = [row]
                try await store.commit(batch([commit]))
                var wanted = LoadRequest()
                let key = TenantKey(tenantID: "default", key: row.idempotencyKey)
                wanted.idempotencyKeys = [key, TenantKey(tenantID: "other", key: row.idempotencyKey)]
                wanted.messages = [row.id, MessageID(derivedFrom: rows.name, "unknown")]
                let loaded = try await store.load(wanted)
                faults.expect(loaded.answers.mapValues(\.id) == [key: row.id], "keys: \(loaded.answers.keys)")
                faults.expect(loaded.keys == [row.id: key], "ids: \(loaded.keys)")
            },
            Promise("a position moves once, from where it was, for its present owner") { store, faults in
                let partition = TopicPartition(topic: "t", partition: 3)
                let first = try await store.takePositions(cluster: "c", partitions: [partition], owner: "a")
                faults.expect(first.map(\.nextOffset) == [nil], "a new position has an offset")
                var moved = CommitBatch()
                moved.positions = [advance(partition, first.first?.ownerEpoch ?? 0, from: nil, to: 5)]
                try await store.commit(moved)
                let rows = Rows()
                var again = moved
                again.commits = [rows.commit(from: 0)]
                await faults.expect("fenced", "moving twice") { () async throws(StoreError) in
                    try await store.commit(again)
                }
                let second = try await store.takePositions(cluster: "c", partitions: [partition], owner: "b")
                faults.expect(second.map(\.nextOffset) == [5], "the new owner does not go on where the old one was")
                faults.expect(
                    (second.first?.ownerEpoch ?? 0) > (first.first?.ownerEpoch ?? 0),
                    "the epoch did not rise"
                )
                again.positions = [advance(partition, first.first?.ownerEpoch ?? 0, from: 5, to: 6)]
                await faults.expect("fenced", "the owner before") { () async throws(StoreError) in
                    try await store.commit(again)
                }
                let scope = try await store.load(request([rows.session])).scopes[rows.session]
                faults.expect(scope?.session == nil, "a fenced batch was written")
                let read = try await store.positions(cluster: "c", partitions: [partition])
                faults.expect(read.map(\.nextOffset) == [5] && read.map(\.ownerID) == ["b"], "positions: \(read)")
            },
            Promise("what is past its time is found, oldest first, and nothing of a paused session") { store, faults in
                let (running, paused) = (Rows(), Rows())
                let now = try await store.load(LoadRequest()).now
                var commit = running.commit(from: 0)
                commit.session?.nextTimerAt = now + .seconds(-1)
                commit.handles = [
                    running.handle("late", .waiting, now + .seconds(-3)),
                    running.handle("open", .waiting, now + .seconds(600)),
                    running.handle("over", .expired, now + .seconds(-3)),
                ]
                var other = paused.commit(from: 0)
                other.session?.status = .paused
                other.session?.nextTimerAt = now + .seconds(-2)
                other.handles = [paused.handle("paused", .paused, now + .seconds(-4))]
                try await store.commit(batch([commit, other]))
                let due = try await store.dueInputs(limit: 9)
                faults.expect(due.map(\.kind) == [.handle(commit.handles[0].id), .timer], "due: \(due)")
                faults.expect(try await store.dueInputs(limit: 1).count == 1, "the limit is not kept")
            },
            Promise("a wait that is over stays over") { store, faults in
                let rows = Rows()
                var commit = rows.commit(from: 0)
                commit.handles = [rows.handle("w", .expired, nil)]
                try await store.commit(batch([commit]))
                var next = rows.commit(from: 1)
                next.handles = commit.handles
                next.handles[0].status = .waiting
                try await store.commit(batch([next]))
                let scope = try await store.load(request([rows.session])).scopes[rows.session]
                faults.expect(scope?.handles == [], "the wait is open again")
            },
            Promise("lanes are shared fairly, and a lane's epoch rises with each owner") { store, faults in
                let minute = Interval.seconds(60)
                let alone = try await store.leaseLanes(owner: "a", duration: minute)
                faults.expect(alone.count == OutboxMessage.laneCount, "one owner has \(alone.count) lanes")
                _ = try await store.leaseLanes(owner: "b", duration: minute)
                let left = try await store.leaseLanes(owner: "a", duration: minute)
                let taken = try await store.leaseLanes(owner: "b", duration: minute)
                faults.expect(left.count == 32 && taken.count == 32, "\(left.count) and \(taken.count) lanes")
                faults.expect(Set(left.map(\.lane)).isDisjoint(with: taken.map(\.lane)), "a lane has two owners")
                faults.expect(left.allSatisfy(alone.contains), "the epoch of a kept lane moved")
                faults.expect(taken.allSatisfy { $0.epoch == 2 }, "the epoch of a taken lane did not rise")
                try await store.releaseLanes(owner: "b")
                let back = try await store.leaseLanes(owner: "a", duration: minute)
                faults.expect(back.count == OutboxMessage.laneCount, "released lanes are not taken over")
                faults.expect(back.filter { !left.contains($0) }.allSatisfy { $0.epoch == 3 }, "a stale epoch")
            },
            Promise("a record that is stuck holds back its key, and only its lane's owner says what became of it") {
                store,
                faults in
                let rows = Rows()
                var records = CommitBatch()
                records.outbox = [rows.outbox("x1", key: "x"), rows.outbox("x2", key: "x"), rows.outbox("y", key: "y")]
                try await store.commit(records)
                try await store.commit(records)  // the same ids: nothing is added
                let ids = records.outbox.map(\.id)
                let lanes = try await store.leaseLanes(owner: "a", duration: .seconds(60))
                func due() async throws -> [EventID] { try await store.dueOutbox(lanes: lanes, limit: 9).map(\.id) }
                func mark(_ index: Int, _ result: OutboxOutcome.Result, _ lanes: [LaneLease]) async throws {
                    let row = records.outbox[index]
                    try await store.markOutbox(
                        [OutboxOutcome(id: row.id, lane: row.lane, result: result)],
                        lanes: lanes
                    )
                }
                faults.expect(try await due() == ids, "the records are not due in order")
                try await mark(2, .sent, lanes.map { LaneLease(lane: $0.lane, epoch: $0.epoch + 1) })
                faults.expect(try await due() == ids, "the mark of a lost lane counts")
                try await mark(0, .failed(error: "away", retryAfter: .seconds(600)), lanes)
                faults.expect(try await due() == [ids[2]], "a record overtakes one of its key")
                try await mark(0, .dead(error: "too large"), lanes)
                faults.expect(try await due() == [ids[2]], "a record overtakes a dead one of its key")
                try await mark(0, .sent, lanes)
                faults.expect(try await due() == [ids[1], ids[2]], "the key is not free again")
                try await mark(2, .sent, lanes)
                faults.expect(try await due() == [ids[1]], "a sent record is still due")
            },
            Promise("a record that is due later lets others of its key pass until then") { store, faults in
                let rows = Rows()
                let now = try await store.load(LoadRequest()).now
                var records = CommitBatch()
                records.outbox = [rows.outbox("late", key: "x"), rows.outbox("now", key: "x")]
                records.outbox[0].scheduledAt = now + .seconds(600)
                let past = rows.outbox("past", key: "y")
                records.outbox.append(past)
                records.outbox[2].scheduledAt = now + .seconds(-1)
                try await store.commit(records)
                let lanes = try await store.leaseLanes(owner: "a", duration: .seconds(60))
                let due = try await store.dueOutbox(lanes: lanes, limit: 9).map(\.id)
                faults.expect(due == records.outbox.dropFirst().map(\.id), "due: \(due)")
            },
            Promise("what waits for a newer worker is given in order to one that is new enough, and only once") {
                store,
                faults in
                let rows = Rows()
                func letter(_ offset: Int64, needs version: Int) -> DeadLetter {
                    var letter = DeadLetter(
                        of: IncomingRecord(
                            topicPartition: TopicPartition(topic: rows.name, partition: 0),
                            offset: offset,
                            key: nil,
                            value: [0x30 + UInt8(offset)]
                        ),
                        clusterID: "c",
                        reason: .needsNewerWorker,
                        detail: "newer",
                        now: Rows.time
                    )
                    (letter.sessionID, letter.needsSchema) = (rows.session, version)
                    return letter
                }
                var waiting = CommitBatch()
                waiting.deadLetters = [letter(0, needs: 2), letter(1, needs: 0), letter(2, needs: 3)]
                let ids = waiting.deadLetters.map(\.id)
                try await store.commit(waiting)
                let known = try await store.load(request([rows.session])).waiting
                faults.expect(known == [rows.session], "the session does not wait")
                func given(_ version: Int, _ limit: Int = 9) async throws -> [DeadLetterID] {
                    try await store.waitingRecords(schemaVersion: version, limit: limit).map(\.id)
                }
                faults.expect(try await given(1) == [], "a worker that is too old is given something")
                faults.expect(try await given(2) == [ids[0], ids[1]], "what is given ends before what needs more")
                faults.expect(try await given(3) == ids, "not all is given")
                faults.expect(try await given(3, 2) == [ids[0], ids[1]], "the limit is not kept")
                var settled = CommitBatch()
                settled.settledLetters = [
                    SettledLetter(id: ids[0]), SettledLetter(id: ids[1], reason: .refused, detail: "no"),
                ]
                try await store.commit(settled)
                faults.expect(try await given(3) == [ids[2]], "what is settled is given again")
                settled.settledLetters = [SettledLetter(id: ids[2])]
                try await store.commit(settled)
                let left = try await store.load(request([rows.session])).waiting
                faults.expect(left == [], "the session waits for nothing")
            },
            Promise("a definition is kept as it was first saved") { store, faults in
                let hash = String(repeating: "a", count: 64)
                for source in ["one", "two"] {
                    try await store.saveDefinition(
                        WorkflowDefinition(hash: hash, name: "n", version: "1", source: source, createdAt: Rows.time)
                    )
                }
                faults.expect(try await store.definition(hash: hash)?.source == "one", "the definition changed")
                let unknown = try await store.definition(hash: String(repeating: "b", count: 64))
                faults.expect(unknown == nil, "an unknown hash has a definition")
                let versions = try await store.definitionVersions().filter { $0.hash == hash }
                faults.expect(versions.map(\.isEnabled) == [true], "a saved definition is not listed as enabled")
            },
        ] as [Promise] + queuePromises

    static func batch(_ commits: [Commit]) -> CommitBatch {
        var batch = CommitBatch()
        batch.commits = commits
        return batch
    }

    private static func request(_ sessions: [SessionID]) -> LoadRequest {
        var request = LoadRequest()
        request.sessions = sessions
        return request
    }

    private static func advance(
        _ partition: TopicPartition,
        _ epoch: Int64,
        from: Int64?,
        to next: Int64
    ) -> PositionAdvance {
        PositionAdvance(
            clusterID: "c",
            topicPartition: partition,
            ownerEpoch: epoch,
            expectedOffset: from,
            nextOffset: next
        )
    }
}
