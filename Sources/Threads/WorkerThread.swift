internal import Glibc

/// A thread of our own for blocking C calls, which must not occupy the cooperative pool.
///
/// Jobs run one after another in the order they were submitted. `stop` lets the queue run dry and then ends the thread.
package final class WorkerThread: @unchecked Sendable {
    private let state: UnsafeMutablePointer<pthread_mutex_t>
    private let wakeUp: UnsafeMutablePointer<pthread_cond_t>
    private var jobs: [@Sendable () -> Void] = []
    private var isStopping = false

    package init() {
        state = .allocate(capacity: 1)
        state.initialize(to: pthread_mutex_t())
        pthread_mutex_init(state, nil)
        wakeUp = .allocate(capacity: 1)
        wakeUp.initialize(to: pthread_cond_t())
        pthread_cond_init(wakeUp, nil)
        startThread { [self] in self.loop() }
    }

    deinit {
        pthread_cond_destroy(wakeUp)
        wakeUp.deallocate()
        pthread_mutex_destroy(state)
        state.deallocate()
    }

    /// Queues a job; false when the thread has been stopped, and the job will not run.
    @discardableResult
    package func submit(_ job: @escaping @Sendable () -> Void) -> Bool {
        pthread_mutex_lock(state)
        defer { pthread_mutex_unlock(state) }
        guard !isStopping else { return false }
        jobs.append(job)
        pthread_cond_signal(wakeUp)
        return true
    }

    /// Runs the body on the thread and waits for its result without blocking the caller's thread.
    ///
    /// Nil when the thread has been stopped.
    package func run<Result: Sendable>(_ body: @escaping @Sendable () -> Result) async -> Result? {
        await withUnsafeContinuation { continuation in
            if !submit({ continuation.resume(returning: body()) }) { continuation.resume(returning: nil) }
        }
    }

    package func stop() {
        pthread_mutex_lock(state)
        isStopping = true
        pthread_cond_signal(wakeUp)
        pthread_mutex_unlock(state)
    }

    private func loop() {
        while true {
            pthread_mutex_lock(state)
            while jobs.isEmpty, !isStopping { pthread_cond_wait(wakeUp, state) }
            let taken = jobs
            jobs.removeAll(keepingCapacity: true)
            let isLast = isStopping
            pthread_mutex_unlock(state)
            for job in taken { job() }
            if isLast { return }
        }
    }
}

/// Starts a detached thread that runs the body once. All signals are blocked on it: they belong to the main thread.
package func startThread(_ body: @escaping @Sendable () -> Void) {
    final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
    var everything = sigset_t()
    var previous = sigset_t()
    sigfillset(&everything)
    pthread_sigmask(SIG_BLOCK, &everything, &previous)
    var thread = pthread_t()
    let argument = Unmanaged.passRetained(Body(body)).toOpaque()
    let code = pthread_create(
        &thread,
        &attributes,
        { argument in
            guard let argument else { return nil }
            Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run()
            return nil
        },
        argument
    )
    pthread_sigmask(SIG_SETMASK, &previous, nil)
    pthread_attr_destroy(&attributes)
    // Without threads nothing can work and nothing has been promised yet: the process ends here, with the reason.
    precondition(code == 0, "the system refused a thread (error \(code))")
}

/// Blocks the calling thread, which must not be one of the cooperative pool.
package func sleepMicroseconds(_ microseconds: UInt32) { usleep(microseconds) }
