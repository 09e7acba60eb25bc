internal import Glibc
internal import Orchestration

/// Pauses that double up to a limit, each with full jitter so that a fleet does not knock in step.
struct Backoff {
    private let initial: Interval
    private let longest: Interval
    private var next: Interval

    init(initial: Interval, longest: Interval) {
        self.initial = initial
        self.longest = longest
        self.next = initial
    }

    mutating func reset() { next = initial }

    /// The coming pause; the one after it is twice as long.
    mutating func advance() -> Interval {
        let pause = next
        next = Interval(microseconds: min(longest.microseconds, next.microseconds * 2))
        return Interval(microseconds: Int64.random(in: pause.microseconds / 2...max(1, pause.microseconds)))
    }

    /// Pauses; ends early when the task is cancelled.
    mutating func pause() async { await Backoff.sleep(advance()) }

    static func sleep(_ interval: Interval) async {
        try? await Task.sleep(for: .microseconds(interval.microseconds))
    }
}

extension Instant {
    /// The wall clock of this machine; for what no decision depends on.
    static var wallClock: Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }
}
