internal import Dispatch
internal import Glibc
internal import Threads

/// SIGINT and SIGTERM as something to wait for.
///
/// The first one is reported; the second ends the process at once, for the person whose first one seems to hang.
final class TerminationSignals: Sendable {
    private struct State {
        var count = 0
        var isReleased = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state: Locked<State>
    private let sources: Locked<[any DispatchSourceSignal]>

    /// - Parameter onSecond: what to do before the process ends on a second signal.
    init(onSecond: @escaping @Sendable () -> Void = {}) {
        let state = Locked(State())
        self.state = state
        sources = Locked(Self.sources { Self.arrived(state, onSecond) })
    }

    /// Returns when a signal has arrived, at once when one already has.
    func arrival() async {
        let state = state
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                let isOver = state.count > 0 || state.isReleased
                if !isOver { state.waiting.append(continuation) }
                return isOver
            }
            if isOver { continuation.resume() }
        }
    }

    /// Lets those who wait go on without a signal: what they would have ended is over.
    func release() {
        let waiting = state.withLock { state in
            defer { state.waiting = [] }
            state.isReleased = true
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    var hasArrived: Bool { state.withLock { $0.count > 0 } }

    private static func arrived(_ state: Locked<State>, _ onSecond: () -> Void) {
        let (count, waiting) = state.withLock { state in
            state.count += 1
            defer { state.waiting = [] }
            return (state.count, state.waiting)
        }
        for continuation in waiting { continuation.resume() }
        if count > 1 {
            onSecond()
            // 128 + SIGINT: what a shell would report of a process that was interrupted.
            _exit(130)
        }
    }

    private static func sources(_ body: @escaping @Sendable () -> Void) -> sending [any DispatchSourceSignal] {
        [SIGINT, SIGTERM].map { number in
            // Ignored by the default handler, so that only the source sees it.
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler(handler: body)
            source.resume()
            return source
        }
    }
}
