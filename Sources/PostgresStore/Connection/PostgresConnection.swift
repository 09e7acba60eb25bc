internal import CLibpq
internal import Failpoints
internal import Glibc
internal import Orchestration

/// One connection to PostgreSQL, used by one thread at a time and closed once.
final class PostgresConnection {
    private let pointer: OpaquePointer
    private let preparesStatements: Bool
    private let answerLimit: Interval
    private var prepared: Set<String> = []
    /// Set when the plans were dropped and no unit of work has succeeded since: a second time is no accident.
    private var hasDroppedPlans = false
    private var mustDeallocate = false

    /// Connects, or says why not.
    init(_ parameters: ConnectionString, prepareStatements: Bool, answerLimit: Interval) throws(StoreError) {
        let names = parameters.keywords.map { strdup($0.name) }
        let values = parameters.keywords.map { strdup($0.value) }
        defer {
            for pointer in names + values { free(pointer) }
        }
        let constantNames = names.map { UnsafePointer($0) } + [nil]
        let constantValues = values.map { UnsafePointer($0) } + [nil]
        guard let pointer = PQconnectdbParams(constantNames, constantValues, 0) else {
            throw .exhausted(reason: "no memory for a connection")
        }
        guard PQstatus(pointer) == CONNECTION_OK else {
            let reason = String(cString: PQerrorMessage(pointer)).trimmedLine
            PQfinish(pointer)
            throw Self.connectFailure(reason)
        }
        self.pointer = pointer
        preparesStatements = prepareStatements
        self.answerLimit = answerLimit
        // Notices ("relation exists, skipping") have no reader; the default prints them to standard error.
        PQsetNoticeProcessor(pointer, { _, _ in }, nil)
    }

    deinit { PQfinish(pointer) }

    /// The protocol's own limit.
    static let parametersMax = 65_535
    /// How often a silent connection is looked at.
    private static let answerLookMilliseconds: Int32 = 100

    var isLost: Bool { PQstatus(pointer) != CONNECTION_OK }

    /// libpq gives no SQLSTATE for a refused connection; these will not mend themselves.
    private static func connectFailure(_ reason: String) -> StoreError {
        let lasting = ["password authentication failed", "does not exist", "no pg_hba.conf entry", "no password"]
        let isLasting = lasting.contains { reason.contains($0) } && !reason.contains("No such file")
        return isLasting ? .broken(reason: reason) : .unavailable(reason: reason)
    }

    /// Runs the steps in one transaction and one round trip; all of them or none. Results in order of the steps.
    ///
    /// - Parameter keepsPlans: whether each statement's first general plan will do, however many rows it is given; the
    ///   server otherwise plans anew whenever it expects fewer than usual.
    func transaction(_ steps: [Step], keepsPlans: Bool = false) throws(StoreError) -> [PostgresResult] {
        let all = [Step(.begin), Step(keepsPlans ? .limitsAndPlans : .limits)] + steps + [Step(.commit)]
        let moments = Failpoint.areOrdered ? TransactionMoments(steps) : nil
        do throws(StoreError) {
            let results =
                if let moments, moments.isDivided {
                    try divided(all, moments)
                } else {
                    try pipeline(all, sent: moments?.committing)
                }
            if let moment = moments?.committed { Failpoint.reach(moment) }
            return Array(results.dropFirst(2).dropLast())
        } catch {
            try rollBack()
            throw error
        }
    }

    /// The rows of one statement, in a transaction of its own.
    func rows<Row>(
        _ step: Step,
        keepsPlans: Bool = false,
        _ read: (inout RowReader) throws(StoreError) -> Row
    ) throws(StoreError) -> [Row] {
        guard let result = try transaction([step], keepsPlans: keepsPlans).first else { return [] }
        return try result.rows(read)
    }

    /// Runs the body in a transaction, for what must read before it knows what to write.
    func transaction<Value>(_ body: () throws(StoreError) -> Value) throws(StoreError) -> Value {
        do throws(StoreError) {
            _ = try pipeline([Step(.begin), Step(.limits)])
            let value = try body()
            _ = try pipeline([Step(.commit)])
            return value
        } catch {
            try rollBack()
            throw error
        }
    }

    /// Runs the steps within a transaction that has begun.
    func steps(_ steps: [Step]) throws(StoreError) -> [PostgresResult] { try pipeline(steps) }

    /// Runs text that may hold several statements, as given; for migrations.
    func script(_ sql: String) throws(StoreError) {
        guard let result = PQexec(pointer, sql).map(PostgresResult.init) else { throw lostConnection() }
        guard result.status == PGRES_COMMAND_OK || result.status == PGRES_TUPLES_OK else {
            throw ErrorTable.error(fault(of: result))
        }
    }

    /// Prepares a statement without running it: the server says whether it fits the schema.
    func check(_ statement: Statement) throws(StoreError) {
        guard let result = PQprepare(pointer, "", statement.sql, 0, nil).map(PostgresResult.init) else {
            throw lostConnection()
        }
        guard result.status == PGRES_COMMAND_OK else { throw ErrorTable.error(fault(of: result)) }
    }

    /// One round trip for each step, so that the moments between them exist.
    private func divided(_ steps: [Step], _ moments: TransactionMoments) throws(StoreError) -> [PostgresResult] {
        var results: [PostgresResult] = []
        for step in steps {
            results += try pipeline([step], sent: step.statement.name == "commit" ? moments.committing : nil)
            if let moment = moments.after(step.statement) { Failpoint.reach(moment) }
        }
        return results
    }

    private func pipeline(_ steps: [Step], sent moment: Failpoint? = nil) throws(StoreError) -> [PostgresResult] {
        if mustDeallocate {
            mustDeallocate = false
            try run("DEALLOCATE ALL")
        }
        if let step = steps.first(where: { $0.parameters.ranges.count > Self.parametersMax }) {
            throw .refused(
                reason: "statement \(step.statement.name) has \(step.parameters.ranges.count) parameters; "
                    + "PostgreSQL takes \(Self.parametersMax)"
            )
        }
        guard PQenterPipelineMode(pointer) == 1 else { throw lostConnection() }
        var preparing: Set<String> = []
        /// For each expected result the statement it prepares, or nil for a step's own result.
        var expected: [String?] = []
        for step in steps {
            let name = step.statement.name
            if preparesStatements, !prepared.contains(name), preparing.insert(name).inserted {
                let types = step.parameters.types
                guard PQsendPrepare(pointer, name, step.statement.sql, Int32(types.count), types) == 1 else {
                    throw lostConnection()
                }
                expected.append(name)
            }
            guard send(step) else { throw lostConnection() }
            expected.append(nil)
        }
        guard PQpipelineSync(pointer) == 1 else { throw lostConnection() }
        if let moment { Failpoint.reach(moment) }
        var results: [PostgresResult] = []
        var failure: StoreError?
        for preparedName in expected {
            guard let result = try answer().map(PostgresResult.init) else { throw lostConnection() }
            switch result.status {
            case PGRES_COMMAND_OK, PGRES_TUPLES_OK:
                if let preparedName { prepared.insert(preparedName) } else { results.append(result) }
            case PGRES_PIPELINE_ABORTED:
                break
            default:
                failure = failure ?? judged(fault(of: result))
            }
            if isLost { throw failure ?? lostConnection() }
            while let rest = try answer() { PQclear(rest) }
        }
        guard let sync = try answer().map(PostgresResult.init), sync.status == PGRES_PIPELINE_SYNC,
            PQexitPipelineMode(pointer) == 1
        else { throw lostConnection() }
        if let failure { throw failure }
        hasDroppedPlans = false
        return results
    }

    /// The next result, nil after a statement's last one. A proxy may keep our connection alive while nobody answers behind
    /// it: then what became of the work is not known, and the connection is not used again.
    private func answer() throws(StoreError) -> OpaquePointer? {
        let end = ContinuousClock.now + .microseconds(answerLimit.microseconds)
        while PQisBusy(pointer) == 1 {
            var socket = pollfd(fd: PQsocket(pointer), events: Int16(POLLIN), revents: 0)
            if PQflush(pointer) == 1 { socket.events |= Int16(POLLOUT) }
            // What lies decrypted in TLS already does not show at the socket, so it is looked for now and then.
            let ready = poll(&socket, 1, Self.answerLookMilliseconds)
            if ready < 0, errno != EINTR { throw lostConnection() }
            if PQconsumeInput(pointer) == 0 { throw lostConnection() }
            if ready == 0, ContinuousClock.now >= end {
                throw .unavailable(reason: "the database has not answered for \(answerLimit)")
            }
        }
        return PQgetResult(pointer)
    }

    /// Runs a statement that returns no rows, outside of a pipeline.
    private func run(_ sql: String) throws(StoreError) {
        guard PQsendQuery(pointer, sql) == 1 else { throw lostConnection() }
        while let result = try answer() { PQclear(result) }
    }

    /// Nothing of a transaction that failed may stay; a connection that cannot even say so is not used again.
    private func rollBack() throws(StoreError) {
        if !isLost, PQpipelineStatus(pointer) == PQ_PIPELINE_OFF { try run("ROLLBACK") }
    }

    /// What to do about a fault. A server that has forgotten our prepared statements (a pooler gave us another one,
    /// somebody called DEALLOCATE, a migration changed a table) gets them again with the next try.
    private func judged(_ fault: ServerFault) -> StoreError {
        guard preparesStatements, ErrorTable.forgottenPlanStates.contains(fault.sqlState), !hasDroppedPlans else {
            return ErrorTable.error(fault)
        }
        hasDroppedPlans = true
        prepared = []
        mustDeallocate = true
        return .conflict(reason: "the server no longer has our prepared statements: \(fault.message)")
    }

    private func send(_ step: Step) -> Bool {
        let parameters = step.parameters
        let count = Int32(parameters.ranges.count)
        let lengths = parameters.ranges.map { Int32(clamping: $0?.count ?? 0) }
        let formats = [Int32](repeating: 1, count: parameters.ranges.count)
        // An empty value needs an address too: none means NULL.
        let bytes = parameters.bytes.isEmpty ? [0] : parameters.bytes
        return bytes.withUnsafeBytes { buffer in
            let base = buffer.baseAddress?.assumingMemoryBound(to: CChar.self)
            let values = parameters.ranges.map { range in range.flatMap { base?.advanced(by: $0.lowerBound) } }
            return preparesStatements
                ? PQsendQueryPrepared(pointer, step.statement.name, count, values, lengths, formats, 1) == 1
                : PQsendQueryParams(
                    pointer,
                    step.statement.sql,
                    count,
                    parameters.types,
                    values,
                    lengths,
                    formats,
                    1
                ) == 1
        }
    }

    private func fault(of result: PostgresResult) -> ServerFault {
        let state = result.field(Int(UInt8(ascii: "C")))
        guard !state.isEmpty else {
            return ServerFault(sqlState: "", message: String(cString: PQerrorMessage(pointer)).trimmedLine)
        }
        return ServerFault(
            sqlState: state,
            message: result.field(Int(UInt8(ascii: "M"))),
            constraint: result.field(Int(UInt8(ascii: "n"))),
            detail: result.field(Int(UInt8(ascii: "D")))
        )
    }

    private func lostConnection() -> StoreError {
        let message = String(cString: PQerrorMessage(pointer)).trimmedLine
        return .unavailable(reason: message.isEmpty ? "the connection to PostgreSQL was lost" : message)
    }
}

extension Statement {
    static let begin = Statement("begin", "BEGIN ISOLATION LEVEL READ COMMITTED")
    static let commit = Statement("commit", "COMMIT")
    /// For this transaction only, which a pooler between us and the server can bear.
    static let limits = Statement("limits", limitSettings)
    /// And rows are found through their indexes: a plan may be from when the table was empty. In order of the index, too:
    /// a bitmap never tells the index which of its entries are dead, and a queue's beginning is full of those. Where there
    /// is no other way than what is switched off, its price would make the server compile the plan for half a second.
    static let limitsAndPlans = Statement(
        "limits_and_plans",
        limitSettings
            + """
            , set_config('plan_cache_mode', 'force_generic_plan', true), set_config('enable_seqscan', 'off', true),
                set_config('enable_mergejoin', 'off', true), set_config('enable_bitmapscan', 'off', true),
                set_config('jit', 'off', true)
            """
    )
    private static let limitSettings = """
        SELECT set_config('statement_timeout', '30s', true), set_config('lock_timeout', '5s', true),
            set_config('idle_in_transaction_session_timeout', '15s', true)
        """
}
