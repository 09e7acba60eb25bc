import Orchestration
import Testing

@testable import PostgresStore

@Suite struct CommitTests {
    @Test func `in a topic that was made anew a record is set aside where an old one has been`() async throws {
        let database = try await TestDatabase()
        func letter(_ value: String) -> CommitBatch {
            let record = IncomingRecord(
                topicPartition: TopicPartition(topic: "t", partition: 0),
                offset: 5,
                key: nil,
                value: Array(value.utf8)
            )
            var batch = CommitBatch()
            batch.deadLetters = [
                DeadLetter(
                    of: record,
                    clusterID: "c",
                    reason: .invalidJSON,
                    detail: value,
                    now: Instant(microseconds: 0)
                )
            ]
            return batch
        }
        for value in ["old", "new", "new"] { try await database.store.commit(letter(value)) }
        let details = try await database.texts("SELECT detail FROM dead_letters ORDER BY arrival")
        #expect(details == ["old", "new"])
    }

    @Test func `of a batch's partitions the one that another worker has taken is named, and none moves`() async throws {
        let store = try await TestDatabase().store
        let partitions = (0..<3).map { TopicPartition(topic: "t", partition: $0) }
        _ = try await store.takePositions(cluster: "c", partitions: partitions, owner: "a")
        _ = try await store.takePositions(cluster: "c", partitions: [partitions[1]], owner: "b")
        var batch = CommitBatch()
        batch.positions = partitions.reversed().map {
            PositionAdvance(clusterID: "c", topicPartition: $0, ownerEpoch: 1, expectedOffset: nil, nextOffset: 5)
        }
        await #expect(
            throws: StoreError.fenced(
                reason: "t[1] is at offset none of owner b epoch 2, expected offset none epoch 1 [SQLSTATE GN002]"
            )
        ) { try await store.commit(batch) }
        let offsets = try await store.positions(cluster: "c", partitions: partitions).map(\.nextOffset)
        #expect(offsets == [nil, nil, nil])

        batch.positions.removeAll { $0.topicPartition == partitions[1] }
        try await store.commit(batch)
        await #expect(
            throws: StoreError.fenced(
                reason: "t[0] is at offset 5 of owner a epoch 1, expected offset none epoch 1 [SQLSTATE GN002]"
            )
        ) { try await store.commit(batch) }
    }

    @Test(arguments: [true, false])
    func `what is committed is loaded again as it was`(prepare: Bool) async throws {
        let database = try await TestDatabase(prepareStatements: prepare)
        let id: SessionID = randomID()
        var commit = Sample.commit(id)
        commit.tasks = [Sample.task(id, progress: "33.33")]
        commit.handles = [Sample.handle(id, correlation: "w1")]
        commit.commands = [Sample.command(id, status: .processing), Sample.command(id, type: "U")]
        commit.outbox = [Sample.outbox(key: "k")]
        try await database.store.commit(Sample.batch(commit))

        var request = LoadRequest()
        request.sessions = [id]
        request.idempotencyKeys = [TenantKey(tenantID: "default", key: commit.commands[1].idempotencyKey)]
        let loaded = try await database.store.load(request)
        let scope = try #require(loaded.scopes[id])
        #expect(scope.session == commit.session)
        #expect(scope.tasks == commit.tasks)
        #expect(scope.handles == commit.handles)
        #expect(scope.pendingCommands.map(\.id) == [commit.commands[0].id])
        var answer = try #require(loaded.answers.values.first)
        answer.arrival = nil
        #expect(answer == commit.commands[1])
        var message = try #require(try await database.queries.outbox(limit: 9).first)
        message.position = nil
        #expect(message == commit.outbox[0])
        var event = try #require(try await database.queries.events(of: id).first)
        event.globalPosition = nil
        #expect(event == commit.events[0])
    }

    @Test func `a version that is not the expected one is a conflict, and nothing is written`() async throws {
        let database = try await TestDatabase()
        let id: SessionID = randomID()
        try await database.store.commit(Sample.batch(Sample.commit(id)))
        let other: SessionID = randomID()
        let message = await failure {
            try await database.store.commit(Sample.batch(Sample.commit(other), Sample.commit(id, from: 0)))
        }
        #expect(message?.contains("conflict") == true)
        #expect(try await database.queries.session(other) == nil)
        #expect(try await database.queries.events(of: other).isEmpty)
        try await database.store.commit(Sample.batch(Sample.commit(id, from: 1)))
    }

    @Test func `a position moves for its owner only`() async throws {
        let database = try await TestDatabase()
        let partition = TopicPartition(topic: "t", partition: 3)
        let first = try #require(
            try await database.store.takePositions(cluster: "c", partitions: [partition], owner: "a").first
        )
        #expect(first.nextOffset == nil)
        var batch = CommitBatch()
        batch.positions = [
            PositionAdvance(
                clusterID: "c",
                topicPartition: partition,
                ownerEpoch: first.ownerEpoch,
                expectedOffset: nil,
                nextOffset: 7
            )
        ]
        try await database.store.commit(batch)
        #expect(await failure { try await database.store.commit(batch) }?.contains("fenced") == true)
        _ = try await database.store.takePositions(cluster: "c", partitions: [partition], owner: "b")
        batch.positions[0].expectedOffset = 7
        batch.positions[0].nextOffset = 8
        #expect(await failure { try await database.store.commit(batch) }?.contains("fenced") == true)
        let read = try await database.store.positions(cluster: "c", partitions: [partition])
        #expect(read.map(\.nextOffset) == [7] && read.map(\.ownerID) == ["b"])
    }

    @Test func `batches that share sessions in any order never deadlock`() async throws {
        let database = try await TestDatabase()
        let ids: [SessionID] = (0..<6).map { _ in randomID() }
        for id in ids { try await database.store.commit(Sample.batch(Sample.commit(id))) }
        let faults = await withTaskGroup(of: [String].self) { group in
            for _ in 0..<16 {
                group.addTask {
                    var faults: [String] = []
                    var done = 0
                    while done < 5 {
                        var request = LoadRequest()
                        request.sessions = Array(ids.shuffled().prefix(3))
                        do {
                            let loaded = try await database.store.load(request)
                            var batch = CommitBatch()
                            batch.commits = request.sessions.map {
                                Sample.commit($0, from: loaded.scopes[$0]?.session?.version ?? 0)
                            }
                            try await database.store.commit(batch)
                            done += 1
                        } catch StoreError.conflict(let reason) {
                            if reason.contains("40P01") { faults.append(reason) }
                        } catch StoreError.duplicate {
                            continue
                        } catch { return ["\(error)"] }
                    }
                    return faults
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(faults == [])
        var total = 0
        for id in ids {
            let versions = try await database.queries.events(of: id).map(\.aggregateVersion)
            #expect(versions == Array(1...versions.count))
            total += versions.count - 1
        }
        #expect(total == 16 * 5 * 3)
    }

    @Test func `a second pending command of a type and a second wait of a name are kept out`() async throws {
        let database = try await TestDatabase()
        let id: SessionID = randomID()
        var commit = Commit(sessionID: id, tenantID: "default", expectedVersion: 0)
        let first = Sample.command(id, status: .processing)
        commit.commands = [first]
        commit.handles = [Sample.handle(id, correlation: "w")]
        try await database.store.commit(Sample.batch(commit))
        var second = Commit(sessionID: id, tenantID: "default", expectedVersion: 0)
        second.commands = [Sample.command(id, status: .processing)]
        #expect(await failure { try await database.store.commit(Sample.batch(second)) }?.contains("duplicate") == true)
        // The first finishes in the same batch: now there is room.
        var finished = first
        finished.status = .completed
        second.commands.append(finished)
        try await database.store.commit(Sample.batch(second))
        var third = Commit(sessionID: id, tenantID: "default", expectedVersion: 0)
        third.handles = [Sample.handle(id, correlation: "w")]
        #expect(await failure { try await database.store.commit(Sample.batch(third)) }?.contains("refused") == true)
        commit.handles[0].status = .resumed
        third.handles.append(commit.handles[0])
        try await database.store.commit(Sample.batch(third))
    }

    @Test func `a task never leaves its end and never goes back`() async throws {
        let database = try await TestDatabase()
        let id: SessionID = randomID()
        var commit = Commit(sessionID: id, tenantID: "default", expectedVersion: 0)
        commit.tasks = [Sample.task(id, progress: "50")]
        try await database.store.commit(Sample.batch(commit))
        commit.tasks[0].progress = .zero
        try await database.store.commit(Sample.batch(commit))
        #expect(try await database.queries.task(commit.tasks[0].id)?.progress == Percentage("50"))
        commit.tasks[0].status = .cancelled
        try await database.store.commit(Sample.batch(commit))
        commit.tasks[0].status = .running
        try await database.store.commit(Sample.batch(commit))
        #expect(try await database.queries.task(commit.tasks[0].id)?.status == .cancelled)
    }

    @Test func `text with a NUL is refused, and the connection lives`() async throws {
        let database = try await TestDatabase()
        var commit = Sample.commit(randomID())
        commit.session?.userID = "a\u{0}b"
        #expect(await failure { try await database.store.commit(Sample.batch(commit)) }?.contains("refused") == true)
        commit.session?.userID = "ab"
        try await database.store.commit(Sample.batch(commit))
    }

    @Test func `a killed backend is unavailable once, then everything works again`() async throws {
        let database = try await TestDatabase()
        let pool = try PostgresPool(connectionString: database.connectionString, size: 1)
        defer { pool.close() }
        let store = PostgresStore(pool: pool)
        _ = try await store.load(LoadRequest())
        try await database.script(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            """
        )
        #expect(await failure { _ = try await store.load(LoadRequest()) }?.contains("unavailable") == true)
        _ = try await store.load(LoadRequest())
    }
}
