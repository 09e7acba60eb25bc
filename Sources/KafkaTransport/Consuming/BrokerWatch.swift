internal import Glibc
internal import Orchestration
internal import Threads

/// Tells once that no broker answers, and once that they do again.
///
/// Errors of connections do not say it: one broker of several may be away, an idle connection closed, and librdkafka's
/// own "all brokers down" may never come. So trouble makes it ask, until somebody answers.
final class BrokerWatch: Sendable {
    /// How long the brokers may take to answer before they count as away.
    static let answerMilliseconds: Int32 = 2_000
    /// The pause between two questions: one that fails at once must not keep a thread busy.
    static let pauseMicroseconds: UInt32 = 200_000

    private struct State {
        var isAsking = false
        /// Whether something went wrong since the last question was asked.
        var hasNewTrouble = false
        /// What went wrong last, in librdkafka's words.
        var reason = ""
        /// When it was last told that a single broker cannot be reached.
        var toldSingleAt: Int?
    }

    private let client: KafkaClient
    private let mailbox: SourceMailbox
    private let state = Locked(State())

    init(client: KafkaClient, mailbox: SourceMailbox) {
        self.client = client
        self.mailbox = mailbox
    }

    /// - Parameter reason: nil when it says less than what went wrong before.
    func trouble(_ reason: String?) {
        let mustStart = state.withLock { state in
            if let reason { state.reason = reason }
            state.hasNewTrouble = true
            defer { state.isAsking = true }
            return !state.isAsking
        }
        if mustStart { startThread { self.ask() } }
    }

    private func ask() {
        var began = monotonicMilliseconds()
        var isAway = false
        while !mailbox.isClosing {
            state.withLock { $0.hasNewTrouble = false }
            let answers = client.answers(limitMilliseconds: Self.answerMilliseconds)
            if mailbox.isClosing { return }
            if answers {
                if isAway {
                    mailbox.post(.brokersBack(after: .milliseconds(Int64(monotonicMilliseconds() - began))))
                } else {
                    tellSingle()
                }
                (isAway, began) = (false, monotonicMilliseconds())
                // Connections end in moments, one after another; what came meanwhile may be a new outage.
                let isOver = state.withLock { state in
                    state.isAsking = state.hasNewTrouble
                    return !state.isAsking
                }
                if isOver { return }
            } else if !isAway {
                isAway = true
                let reason = state.withLock { $0.reason }
                mailbox.post(
                    .brokersAway(for: .milliseconds(Int64(monotonicMilliseconds() - began)), reason: reason)
                )
            }
            usleep(Self.pauseMicroseconds)
        }
    }

    /// Others answer: the one that cannot be reached is worth a line now and then.
    private func tellSingle() {
        let now = monotonicMilliseconds()
        let reason = state.withLock { state -> String? in
            guard state.reason.contains("Connect to") else { return nil }
            if let last = state.toldSingleAt, now - last < NoticeFilter.repeatMilliseconds { return nil }
            state.toldSingleAt = now
            return state.reason
        }
        if let reason { mailbox.post(.notice("A Kafka broker cannot be reached: \(reason)")) }
    }
}
