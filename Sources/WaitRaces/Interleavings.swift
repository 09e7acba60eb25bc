package import Orchestration
internal import OrchestrationTesting
internal import PostgresStore

/// A race as PostgreSQL's isolation tester walks it: the statements that the store sends for two commits which were
/// decided on the same version of a session, in every order in which two connections can bring them.
package struct Interleavings: Sendable {
    package enum Variant: Sendable {
        case product
        /// Looks at the version and then writes, without lock and without unique versions. Must be found out.
        case checkThenInsert
    }

    package let pair: RacePair
    /// SQL to run once, on a migrated database: functions that hold the store's statements.
    package let functions: String
    /// What `isolationtester` reads.
    package let specification: String
    package let permutations: Int

    package static func make(
        _ pair: RacePair,
        workflow: Workflow,
        connectionString: String,
        variant: Variant = .product
    ) async throws -> Interleavings {
        let pool = try PostgresPool(connectionString: connectionString, size: 1)
        defer { pool.close() }
        let scripts = PostgresScripts(pool: pool)
        let plan = InterleavedPlan(pair, workflow)

        var functions = ""
        var steps: [[String]] = []
        for (side, commit) in [("a", plan.left), ("b", plan.right)] {
            let statements = try await scripts.statements(of: CommitBatch(commits: [commit]))
            let parts: [(name: String, sql: String)]
            switch variant {
            case .product: parts = statements.map { ($0.name, $0.sql) }
            case .checkThenInsert:
                let writes = statements.filter { $0.name != Self.lock }.map { $0.sql + ";" }
                parts = [("look", Self.look(commit)), (Self.write, writes.joined(separator: "\n"))]
            }
            for part in parts { functions += Self.function("\(side)_\(part.name)", part.sql) }
            steps.append(["\(side)_begin"] + parts.map { "\(side)_\($0.name)" } + ["\(side)_commit"])
        }
        functions += try await Self.sequence("wait_base", [plan.base], scripts)
        functions += try await Self.sequence("wait_left_again", [plan.leftAgain], scripts)
        functions += try await Self.sequence("wait_right_again", [plan.rightAgain], scripts)
        functions += InterleavedSQL.common(plan)
        if variant == .checkThenInsert { functions += InterleavedSQL.withoutUniqueVersions }

        let orders = Self.orders(steps[0], steps[1], blockedBy: variant == .product ? Self.lock : Self.write)
        return Interleavings(
            pair: pair,
            functions: functions,
            specification: InterleavedSQL.specification(steps, orders),
            permutations: orders.count
        )
    }

    // MARK: Statements

    /// The store's statement that locks the sessions of a commit and compares their versions.
    private static let lock = "lock_sessions"
    private static let write = "write"

    private static func function(_ name: String, _ sql: String) -> String {
        "CREATE FUNCTION \(name)() RETURNS void LANGUAGE sql AS $step$\n\(sql)\n$step$;\n"
    }

    /// One function that runs the statements of the commits one after another.
    private static func sequence(
        _ name: String,
        _ commits: [Commit],
        _ scripts: PostgresScripts
    ) async throws -> String {
        var batch = CommitBatch()
        batch.commits = commits
        let statements = try await scripts.statements(of: batch)
        return function(name, statements.map { $0.sql + ";" }.joined(separator: "\n"))
    }

    private static func look(_ commit: Commit) -> String {
        """
        SELECT 1 / (version = \(commit.expectedVersion))::int FROM genesis_sessions WHERE id = '\(commit.sessionID)'
        """
    }

    // MARK: Orders

    /// Every order of the two lists, without those in which a connection would go on while it waits for the other's
    /// lock: no connection can, and the tester would wait for ever.
    ///
    /// - Parameter blocking: how the name of the step ends that takes the lock; it is held until the commit.
    static func orders(_ left: [String], _ right: [String], blockedBy blocking: String) -> [[String]] {
        let lists = [left, right]
        let locking = lists.map { list in list.firstIndex { $0.hasSuffix("_" + blocking) } ?? list.count }
        var found: [[String]] = []
        /// `holder` has the lock.
        func extend(_ order: [String], _ places: [Int], _ holder: Int?) {
            if places == lists.map(\.count) { return found.append(order) }
            for side in 0...1 where places[side] < lists[side].count {
                let other = 1 - side
                // It asked for the lock and waits.
                if holder == other, places[side] > locking[side] { continue }
                var next = places
                next[side] += 1
                var heir = holder
                if places[side] == locking[side], holder == nil { heir = side }
                if next[side] == lists[side].count, holder == side {
                    heir = places[other] > locking[other] && places[other] < lists[other].count ? other : nil
                }
                extend(order + [lists[side][places[side]]], next, heir)
            }
        }
        extend([], [0, 0], nil)
        return found
    }
}

extension CommitBatch {
    init(commits: [Commit]) {
        self.init()
        self.commits = commits
    }
}
