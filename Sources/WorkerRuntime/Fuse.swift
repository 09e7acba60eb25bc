internal import Orchestration
internal import Synchronization

/// Does something after a while, unless it is disarmed before.
final class Fuse: Sendable {
    private let action: @Sendable () async -> Void
    private let timer = Mutex<Task<Void, Never>?>(nil)

    init(_ action: @escaping @Sendable () async -> Void) { self.action = action }

    func arm(after interval: Interval) {
        let task = Task { [action] in
            try? await Task.sleep(for: .microseconds(interval.microseconds))
            if !Task.isCancelled { await action() }
        }
        timer.withLock { $0 = task }
    }

    func disarm() { timer.withLock { $0?.cancel() } }
}
