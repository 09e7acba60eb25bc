internal import Orchestration

/// `genesis workflow migrate`.
enum WorkflowMigrate {
    static let specification = CommandSpecification(
        name: "migrate",
        summary: "Move live sessions to another version of their workflow.",
        details: """
            The map is YAML: `states: { OLD.STATE: NEW.STATE }` for states whose id has changed, and `context:`, jq over
            {context, session, configuration} that gives the new context. Open waits keep their correlation and
            deadline, running tasks go on. A session that cannot be moved stays as it is and is listed; exit 1 then.
            Batches are committed one by one, beside running workers: interrupted, the same command goes on.
            """,
        examples: [
            "genesis workflow migrate genesis@1.0.0 Workflows/genesis.yaml --dry-run",
            "genesis workflow migrate genesis@1.0.0 genesis@2.0.0 --map map.yaml",
        ],
        positionals: [
            .init(name: "OLD", summary: "The version to leave: NAME@VERSION or the beginning of its hash."),
            .init(name: "NEW", summary: "The version to take: a file, NAME@VERSION or the beginning of its hash."),
        ],
        options: [
            .json,
            .init(
                name: "map",
                valueName: "FILE",
                summary: "States and context that change; without it all keep their names."
            ),
            .init(name: "dry-run", summary: "Only say what would become of each session."),
            .init(name: "batch", valueName: "N", summary: "Sessions in one transaction (default 100)."),
            .init(name: "user", valueName: "NAME", summary: "Who asks for it, for the events."),
        ],
        run: run
    )

    private static let batchMax = 1_000
    private static let batchDefault = 100
    /// How often a batch is decided anew because workers changed its sessions, before its sessions go one by one.
    private static let conflictsMax = 20

    /// What became of the sessions so far.
    struct Outcome {
        var moved = 0
        var refused: [(id: SessionID, reason: String)] = []
    }

    @Sendable private static func run(_ invocation: Invocation) async throws {
        let configuration = try Configuration(invocation)
        let isDry = invocation.has("dry-run")
        let size = try invocation.integer("batch", in: 1...batchMax) ?? batchDefault
        let outcome = try await invocation.withQueries { queries in
            let migration = try await migration(invocation, configuration, queries)
            if !isDry { try await queries.store.saveDefinition(WorkflowDefinition(migration.new)) }
            return try await move(migration, queries, size: size, isDry: isDry, invocation)
        }
        report(outcome, isDry: isDry, invocation)
        if !outcome.refused.isEmpty {
            throw CommandFailure.notSo("\(outcome.refused.count) sessions cannot be moved and stay as they are")
        }
    }

    private static func migration(
        _ invocation: Invocation,
        _ configuration: Configuration,
        _ queries: any SessionQueries
    ) async throws -> SessionMigration {
        let entries = try await WorkflowVersions.entries(configuration, queries)
        let old = try await WorkflowVersions.workflow(try invocation.required("OLD"), entries, queries, invocation)
        let new = try await WorkflowVersions.workflow(try invocation.required("NEW"), entries, queries, invocation)
        guard old.hash != new.hash else { throw CommandFailure.usage("OLD and NEW are the same version") }
        let path = invocation.value("map").map { invocation.surroundings.absolute($0) }
        let name = invocation.value("map") ?? "map"
        let (map, expressions) = try Wiring.migrationMap(try path.map { try TextFile.read($0) } ?? "{}", file: name)
        let migration = SessionMigration(from: old, to: new, map: map, expressions: expressions)
        if !migration.faults.isEmpty {
            throw CommandFailure.usage("\(name): " + migration.faults.joined(separator: "; "))
        }
        return migration
    }

    private static func move(
        _ migration: SessionMigration,
        _ queries: any SessionQueries,
        size: Int,
        isDry: Bool,
        _ invocation: Invocation
    ) async throws -> Outcome {
        var outcome = Outcome()
        var last: SessionID?
        while true {
            let ids = try await queries.liveSessions(on: migration.old.hash, after: last, limit: size)
            guard let final = ids.last else { return outcome }
            try await move(ids, migration, queries.store, isDry: isDry, invocation, &outcome)
            last = final
            // Committed work is told as it is done: whoever watches knows what a kill would leave.
            if !isDry, !invocation.has("json") {
                invocation.surroundings.errors.line("\(outcome.moved) moved, \(outcome.refused.count) refused")
            }
        }
    }

    /// One transaction for the sessions; one each when workers keep changing some of them.
    private static func move(
        _ ids: [SessionID],
        _ migration: SessionMigration,
        _ store: any Store,
        isDry: Bool,
        _ invocation: Invocation,
        _ outcome: inout Outcome
    ) async throws {
        var conflicts = 0
        while true {
            var request = LoadRequest()
            request.sessions = ids
            let loaded = try await store.load(request)
            var batch = CommitBatch()
            var refused: [(SessionID, String)] = []
            for id in ids {
                guard let scope = loaded.scopes[id], scope.session?.workflowHash == migration.old.hash,
                    scope.session?.status.hasEnded == false
                else { continue }
                do throws(MigrationRefusal) {
                    let user = invocation.value("user")
                    let commit = try migration.decide(scope, user: user, topics: SessionTopics(), now: loaded.now)
                    batch.commits.append(commit)
                } catch {
                    refused.append((id, error.description))
                }
            }
            do throws(StoreError) {
                if !isDry, !batch.isEmpty { try await store.commit(batch) }
                outcome.moved += batch.commits.count
                outcome.refused += refused
                return
            } catch {
                switch error {
                case .conflict, .duplicate: break
                case .fenced, .unavailable, .exhausted, .refused, .broken: throw error
                }
                conflicts += 1
                guard conflicts > conflictsMax else { continue }
                guard ids.count > 1 else { throw error }
                for id in ids { try await move([id], migration, store, isDry: isDry, invocation, &outcome) }
                return
            }
        }
    }

    private static func report(_ outcome: Outcome, isDry: Bool, _ invocation: Invocation) {
        let output = invocation.surroundings.output
        if invocation.has("json") {
            for refused in outcome.refused {
                output.line(
                    JSONValue.object(["session_id": JSONValue(refused.id), "reason": .string(refused.reason)]).text
                )
            }
            let sum: JSONObject = [
                "moved": .int(outcome.moved), "refused": .int(outcome.refused.count), "dry_run": .bool(isDry),
            ]
            return output.line(JSONValue.object(sum).text)
        }
        for refused in outcome.refused { output.line("\(refused.id): \(Printable.text(refused.reason))") }
        let word = isDry ? "would be moved" : "moved"
        output.line(
            "\(outcome.moved) \(outcome.moved == 1 ? "session" : "sessions") \(word), \(outcome.refused.count) cannot be"
        )
    }
}
