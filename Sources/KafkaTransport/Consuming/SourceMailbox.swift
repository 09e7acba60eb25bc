internal import Orchestration
internal import Threads

/// What the consumer's thread and its user leave for each other.
///
/// Bounded by nature: one batch per partition, one assignment at a time, and no more than `noticesMax` notices.
final class SourceMailbox: Sendable {
    enum Command: Sendable {
        case start(generation: Int, offsets: [TopicPartition: StartOffset])
        case done(generation: Int, TopicPartition, nextOffset: Int64?)
        case restart(generation: Int)
    }

    static let noticesMax = 100

    private struct State {
        var events: [SourceEvent] = []
        var waiters: [CheckedContinuation<SourceEvent?, Never>] = []
        var commands: [Command] = []
        var isClosing = false
        var hasEnded = false
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Locked(State())
    private let wakeUp: WakeUp

    init(wakeUp: WakeUp) { self.wakeUp = wakeUp }

    // MARK: For the user

    func next() async -> SourceEvent? {
        await withCheckedContinuation { continuation in
            let (isReady, event): (Bool, SourceEvent?) = state.withLock { state in
                if state.hasEnded { return (true, nil) }
                if !state.events.isEmpty { return (true, state.events.removeFirst()) }
                state.waiters.append(continuation)
                return (false, nil)
            }
            if isReady { continuation.resume(returning: event) }
        }
    }

    func send(_ command: Command) {
        state.withLock { if !$0.isClosing { $0.commands.append(command) } }
        wakeUp.signal()
    }

    func requestClose() {
        state.withLock { $0.isClosing = true }
        wakeUp.signal()
    }

    var isClosing: Bool { state.withLock(\.isClosing) }

    /// Waits until the consumer's thread has ended.
    func ended() async {
        await withCheckedContinuation { continuation in
            let hasEnded = state.withLock { state in
                if !state.hasEnded { state.closers.append(continuation) }
                return state.hasEnded
            }
            if hasEnded { continuation.resume() }
        }
    }

    // MARK: For the consumer's thread

    func takeCommands() -> (commands: [Command], isClosing: Bool) {
        state.withLock { state in
            defer { state.commands.removeAll(keepingCapacity: true) }
            return (state.commands, state.isClosing)
        }
    }

    func post(_ event: SourceEvent) {
        let waiter: CheckedContinuation<SourceEvent?, Never>? = state.withLock { state in
            if state.hasEnded { return nil }
            if !state.waiters.isEmpty { return state.waiters.removeFirst() }
            if case .notice = event, state.events.count(where: \.isNotice) >= Self.noticesMax { return nil }
            state.events.append(event)
            return nil
        }
        waiter?.resume(returning: event)
    }

    /// Says that an assignment has ended, and takes back what nobody has seen of it: answers with the partitions of
    /// those batches.
    func postRevoked(generation: Int) -> [TopicPartition] {
        let (wasSeen, unseen) = state.withLock { state in
            let wasSeen = !state.events.contains { $0.isAssignment(generation) }
            let unseen = state.events.compactMap { $0.batch(of: generation)?.topicPartition }
            state.events.removeAll { $0.isAssignment(generation) || $0.batch(of: generation) != nil }
            return (wasSeen, unseen)
        }
        if wasSeen { post(.revoked(generation: generation)) }
        return unseen
    }

    /// Ends the stream. What was not taken by now is dropped: it was never dealt with, so it will come again.
    func end() {
        let (waiters, closers) = state.withLock { state in
            defer { (state.waiters, state.closers) = ([], []) }
            state.hasEnded = true
            state.isClosing = true
            state.events = []
            return (state.waiters, state.closers)
        }
        for waiter in waiters { waiter.resume(returning: nil) }
        for closer in closers { closer.resume() }
    }
}

extension SourceEvent {
    fileprivate var isNotice: Bool { if case .notice = self { true } else { false } }

    fileprivate func isAssignment(_ wanted: Int) -> Bool {
        if case .assigned(wanted, _) = self { true } else { false }
    }

    fileprivate func batch(of wanted: Int) -> RecordBatch? {
        if case .batch(let batch) = self, batch.generation == wanted { batch } else { nil }
    }
}
