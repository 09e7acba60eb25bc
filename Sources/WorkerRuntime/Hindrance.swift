internal import Orchestration

/// Something that does not work for the moment: told when it begins and when it is over, and tried with growing pauses.
struct Hindrance {
    /// After so long it is told again.
    static let repeatInterval = Interval.seconds(300)

    private let what: String
    private let log: any LogSink
    private var backoff: Backoff
    private var began: ContinuousClock.Instant?
    private var toldAt: ContinuousClock.Instant?

    init(_ what: String, _ settings: WorkerSettings, _ log: any LogSink) {
        (self.what, self.log) = (what, log)
        backoff = Backoff(initial: settings.backoffInitial, longest: settings.backoffMax)
    }

    mutating func pause(_ reason: String) async {
        let now = ContinuousClock.now
        if let last = toldAt, now - last < .microseconds(Self.repeatInterval.microseconds) {
            log.debug(what, LogField("reason", reason))
        } else {
            toldAt = now
            log.warning(what, LogField("reason", reason))
        }
        if began == nil { began = now }
        await backoff.pause()
    }

    /// It works again, or still.
    mutating func passed() {
        backoff.reset()
        guard let start = began else { return }
        (began, toldAt) = (nil, nil)
        log.warning("\(what): over", LogField("lasted", Interval(start.duration(to: .now))))
    }
}

extension Interval {
    init(_ duration: Duration) { self.init(microseconds: Int64(duration / .microseconds(1))) }
}
