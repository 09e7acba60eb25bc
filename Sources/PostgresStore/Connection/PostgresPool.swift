internal import Glibc
package import Orchestration
internal import Threads

/// A fixed number of connections, each with a thread of its own; a unit of work takes a free one.
package final class PostgresPool: Sendable {
    /// How long a unit of work waits for a free connection.
    package static let waitMax: Interval = .seconds(10)
    /// How many may wait at once.
    package static let waitersMax = 4_096

    private struct State {
        var free: [PostgresLane]
        var waiters: [(id: Int, continuation: UnsafeContinuation<PostgresLane?, Never>)] = []
        var nextWaiter = 0
        var isClosed = false
    }

    private let lanes: [PostgresLane]
    private let state: Locked<State>

    /// - Parameters:
    ///   - prepareStatements: off behind a pooler that hands each transaction another connection.
    ///   - answerLimit: how long nothing may come from the server that owes an answer. The default is longer than the
    ///     server's own limit for a statement.
    /// - Throws: `.broken` when the connection string cannot be read. Connects only when work comes.
    package init(
        connectionString: String,
        size: Int,
        prepareStatements: Bool = true,
        answerLimit: Interval = .seconds(90)
    ) throws(StoreError) {
        let parameters = try ConnectionString(connectionString)
        var made: [PostgresLane] = []
        for _ in 0..<max(1, size) {
            made.append(PostgresLane(parameters, prepareStatements: prepareStatements, answerLimit: answerLimit))
        }
        lanes = made
        state = Locked(State(free: made))
    }

    deinit { for lane in lanes { lane.stop() } }

    /// Runs the body with a connection on that connection's thread. The body must not keep the connection.
    func run<Result: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) throws(StoreError) -> Result
    ) async throws(StoreError) -> Result {
        guard let lane = await acquire() else {
            let reason = state.withLock { $0.isClosed } ? "the pool is closed" : "every connection stayed busy"
            throw .unavailable(reason: "no connection for this unit of work: \(reason)")
        }
        let result = await lane.run(body)
        release(lane)
        return try result.get()
    }

    /// Ends the threads once their work is done, and closes the connections.
    package func close() {
        let waiters = state.withLock { state in
            state.isClosed = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.continuation.resume(returning: nil) }
        for lane in lanes { lane.stop() }
    }

    private func acquire() async -> PostgresLane? {
        await withUnsafeContinuation { continuation in
            enum Answer {
                case now(PostgresLane?)
                case later(Int)
            }
            let answer: Answer = state.withLock { state in
                if state.isClosed || state.waiters.count >= Self.waitersMax { return .now(nil) }
                if let lane = state.free.popLast() { return .now(lane) }
                state.nextWaiter += 1
                state.waiters.append((state.nextWaiter, continuation))
                return .later(state.nextWaiter)
            }
            switch answer {
            case .now(let lane): continuation.resume(returning: lane)
            case .later(let id):
                Task {
                    try? await Task.sleep(nanoseconds: UInt64(Self.waitMax.microseconds) * 1_000)
                    self.giveUp(id)
                }
            }
        }
    }

    private func giveUp(_ id: Int) {
        let waiter = state.withLock { state in
            state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: nil)
    }

    private func release(_ lane: PostgresLane) {
        let waiter: UnsafeContinuation<PostgresLane?, Never>? = state.withLock { state in
            if !state.waiters.isEmpty { return state.waiters.removeFirst().continuation }
            state.free.append(lane)
            return nil
        }
        waiter?.resume(returning: lane)
    }
}

/// A connection and its thread.
final class PostgresLane: @unchecked Sendable {
    /// How often one unit of work tries to connect, and the first pause between tries in microseconds.
    static let connectTriesMax = 3
    static let firstPause: UInt32 = 50_000

    private let parameters: ConnectionString
    private let prepareStatements: Bool
    private let answerLimit: Interval
    private let thread = WorkerThread()
    /// Touched on the thread only.
    private var connection: PostgresConnection?

    init(_ parameters: ConnectionString, prepareStatements: Bool, answerLimit: Interval) {
        self.parameters = parameters
        self.prepareStatements = prepareStatements
        self.answerLimit = answerLimit
    }

    func run<Value: Sendable>(
        _ body: @escaping @Sendable (PostgresConnection) throws(StoreError) -> Value
    ) async -> Result<Value, StoreError> {
        let result: Result<Value, StoreError>? = await thread.run { [self] in
            do throws(StoreError) {
                let connection = try connected()
                defer { if connection.isLost { self.connection = nil } }
                return .success(try body(connection))
            } catch {
                // A connection that failed half-way, or leads to a server that must not be written to, is not used again.
                if case .unavailable = error { connection = nil }
                return .failure(error)
            }
        }
        return result ?? .failure(.unavailable(reason: "the pool is closed"))
    }

    func stop() {
        thread.submit { [self] in connection = nil }
        thread.stop()
    }

    private func connected() throws(StoreError) -> PostgresConnection {
        if let connection, !connection.isLost { return connection }
        connection = nil
        var pause = Self.firstPause
        var tries = 1
        while true {
            do throws(StoreError) {
                let made = try PostgresConnection(
                    parameters,
                    prepareStatements: prepareStatements,
                    answerLimit: answerLimit
                )
                connection = made
                return made
            } catch {
                guard case .unavailable = error, tries < Self.connectTriesMax else { throw error }
                usleep(UInt32.random(in: pause / 2...pause))
                pause *= 2
                tries += 1
            }
        }
    }
}
