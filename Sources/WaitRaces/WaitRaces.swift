package import Orchestration
internal import PostgresStore
internal import WorkerRuntime
internal import WorkflowFiles

/// Races for one wait on a real database: two committers with their own connections run the decision and the commit of
/// the product on one session, released at the same moment with seeded jitter. A round prepares many sessions at once.
package struct WaitRaces: Sendable {
    /// How many sessions a round prepares.
    static let roundMax = 250
    /// Races at the same time; each committer has as many connections.
    static let lanes = 4
    /// The longest head start of one competitor over the other, in microseconds.
    static let jitterMax = 1_500
    /// How far ahead the deadline of a race is set, in microseconds: around what reading and deciding take, on an idle
    /// machine and, times one of the factors, on a busy one.
    static let deadlineAhead = 1_000...6_000
    static let deadlineFactors = [1, 4, 16]
    static let user = "ann"

    let seed: UInt64
    let left: RaceSide
    let right: RaceSide
    let workflow: Workflow
    let scripts: PostgresScripts
    let queries: PostgresQueries
    private let pool: PostgresPool
    private let counter: ConflictCounter

    /// - Parameters:
    ///   - connectionString: a migrated database that holds nothing else.
    ///   - workflow: the file of the workflow `genesis`.
    package init(connectionString: String, workflow: Workflow, seed: UInt64) async throws {
        self.seed = seed
        self.workflow = workflow
        let counter = ConflictCounter()
        self.counter = counter
        left = try await RaceSide(connectionString, workflow, counter)
        right = try await RaceSide(connectionString, workflow, counter)
        pool = try PostgresPool(connectionString: connectionString, size: Self.lanes)
        scripts = PostgresScripts(pool: pool)
        queries = PostgresQueries(pool: pool)
    }

    package func close() {
        left.close()
        right.close()
        pool.close()
    }

    /// - Parameter progress: told after every round how many races are done.
    package func run(
        _ pair: RacePair,
        count: Int,
        progress: @Sendable (Int) -> Void = { _ in }
    ) async throws -> RaceResult {
        var result = RaceResult(pair: pair)
        let conflictsBefore = counter.count
        let began = ContinuousClock.now
        while result.count < count {
            let size = min(Self.roundMax, count - result.count)
            let round = RaceRound(races: self, pair: pair, numbers: result.count..<result.count + size)
            let ready = try await round.prepare()
            try await round.race(ready)
            try await round.check(ready, into: &result)
            result.count += size
            progress(result.count)
        }
        result.conflicts = counter.count - conflictsBefore
        let (seconds, attoseconds) = (ContinuousClock.now - began).components
        result.seconds = Double(seconds) + Double(attoseconds) / 1e18
        return result
    }
}

/// One competitor: connections, store and committer of its own, as if it were another process.
struct RaceSide: Sendable {
    let store: PostgresStore
    let committer: Committer
    private let pool: PostgresPool

    init(_ connectionString: String, _ workflow: Workflow, _ log: any LogSink) async throws {
        pool = try PostgresPool(connectionString: connectionString, size: WaitRaces.lanes)
        store = PostgresStore(pool: pool)
        let catalog = WorkflowCatalog(reader: WorkflowFileReader(), store: store)
        try await catalog.adopt([workflow])
        committer = Committer(settings: WorkerSettings(node: "race"), store: store, catalog: catalog, log: log)
    }

    func settle(_ messages: [SessionMessage]) async throws {
        if let reason = try await committer.settle(messages) { throw RaceFailure(reason) }
    }

    func close() { pool.close() }
}

package struct RaceFailure: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}
