package import Orchestration
internal import Synchronization

/// A record source whose events a test puts in by hand.
package actor ScriptedSource: RecordSource {
    private var queue: [SourceEvent] = []
    private var waiter: CheckedContinuation<SourceEvent?, Never>?
    package private(set) var isClosed = false
    package private(set) var started: [Int: [TopicPartition: StartOffset]] = [:]
    package private(set) var restarted: [Int] = []
    package private(set) var finished: [RecordBatch] = []

    package init() {}

    package func put(_ event: SourceEvent) {
        if let waiter {
            self.waiter = nil
            waiter.resume(returning: event)
        } else {
            queue.append(event)
        }
    }

    /// Whether everything put in has been taken, and the worker waits for more.
    package var isIdle: Bool { queue.isEmpty && waiter != nil }

    package func clusterID() async throws(TransportError) -> String { "test-cluster" }

    package func next() async -> SourceEvent? {
        if !queue.isEmpty { return queue.removeFirst() }
        if isClosed { return nil }
        return await withCheckedContinuation { waiter = $0 }
    }

    package func start(generation: Int, at offsets: [TopicPartition: StartOffset]) async {
        started[generation] = offsets
    }

    package func restart(generation: Int) async { restarted.append(generation) }

    package func done(_ batch: RecordBatch) async { finished.append(batch) }

    package func close() async {
        isClosed = true
        waiter?.resume(returning: nil)
        waiter = nil
    }
}

/// A record sink that remembers what it was given and answers as it is told.
package actor ScriptedSink: RecordSink {
    package private(set) var sent: [OutgoingRecord] = []
    private var answers: [@Sendable (OutgoingRecord) -> SendResult?] = []

    package init() {}

    /// Asked before each record in order of addition; nil leaves it to the next, and in the end to `sent`.
    package func answer(_ rule: @escaping @Sendable (OutgoingRecord) -> SendResult?) { answers.append(rule) }
    package func answerNormally() { answers = [] }

    package func send(_ records: [OutgoingRecord]) async -> [SendResult] {
        if let refusal, records.count > 1 { return records.map { _ in .refused(refusal) } }
        return records.map { record in
            for rule in answers {
                if let result = rule(record) { return result }
            }
            sent.append(record)
            return .sent
        }
    }

    /// Of several records all are refused.
    package func refuseTogether(_ reason: String) { refusal = reason }
    private var refusal: String?
    package func sendAlone(_ record: OutgoingRecord) async -> SendResult { await send([record])[0] }

    /// Topics that are not named take records. Nil: no broker answers.
    package func setStates(_ states: [String: TopicState]?) { stated = states }
    private var stated: [String: TopicState]? = [:]
    package func states(of topics: Set<String>) async -> [String: TopicState]? {
        stated.map { stated in Dictionary(uniqueKeysWithValues: topics.map { ($0, stated[$0] ?? .takes) }) }
    }

    package func close() async {}
}

/// A record sink whose brokers are away: nothing is answered until it is closed.
package actor SilentSink: RecordSink {
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var isClosed = false

    package init() {}

    package func send(_ records: [OutgoingRecord]) async -> [SendResult] {
        if !isClosed { await withCheckedContinuation { waiting.append($0) } }
        return records.map { _ in .failed("closed") }
    }

    package func sendAlone(_ record: OutgoingRecord) async -> SendResult { .failed("closed") }
    package func states(of topics: Set<String>) async -> [String: TopicState]? { nil }

    package func close() async {
        isClosed = true
        for continuation in waiting { continuation.resume() }
        waiting = []
    }
}

/// A log that keeps nothing.
package struct SilentLog: LogSink {
    package init() {}
    package func write(_ level: LogLevel, _ message: String, _ fields: [LogField]) {}
    package func keeps(_ level: LogLevel) -> Bool { false }
}

/// A log that keeps its lines.
package final class KeptLog: LogSink {
    private let kept = Mutex<[(level: LogLevel, message: String, fields: [LogField])]>([])

    package init() {}

    package func write(_ level: LogLevel, _ message: String, _ fields: [LogField]) {
        kept.withLock { $0.append((level, message, fields)) }
    }

    /// How often something was said.
    package func count(_ message: String, atLeast level: LogLevel = .debug) -> Int {
        kept.withLock { $0.count { $0.message == message && $0.level >= level } }
    }
    /// The names of the fields that it was said with first.
    package func fields(of message: String) -> [String] {
        kept.withLock { $0.first { $0.message == message }?.fields.map(\.name) ?? [] }
    }
    package var messages: [String] { kept.withLock { $0.map(\.message) } }
}
