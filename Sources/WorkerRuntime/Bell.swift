package import Orchestration

/// Wakes one waiting loop: a ring while nobody waits is kept, several rings are one.
package actor Bell {
    private var hasRung = false
    private var waiter: (id: Int, continuation: CheckedContinuation<Void, Never>)?
    private var waits = 0

    package init() {}

    package func ring() {
        if let waiter {
            self.waiter = nil
            waiter.continuation.resume()
        } else {
            hasRung = true
        }
    }

    /// Returns at the next ring, after the interval, or when the task is cancelled.
    package func wait(atMost interval: Interval) async {
        if hasRung {
            hasRung = false
            return
        }
        waits += 1
        let id = waits
        let timer = Task { [weak self] in
            try? await Task.sleep(for: .microseconds(interval.microseconds))
            await self?.giveUp(id)
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                if Task.isCancelled { continuation.resume() } else { waiter = (id, continuation) }
            }
        } onCancel: {
            timer.cancel()
        }
        timer.cancel()
    }

    private func giveUp(_ id: Int) {
        guard let waiter, waiter.id == id else { return }
        self.waiter = nil
        waiter.continuation.resume()
    }
}
