internal import CRdkafka
internal import Orchestration
internal import Threads

/// The answers to the records of one `send`: each is reported once, and the last one ends the waiting.
///
/// librdkafka carries the address of a record's slot to its delivery report; the slots live until all are reported.
final class DeliveryBatch: @unchecked Sendable {
    struct Slot {
        let batch: Unmanaged<DeliveryBatch>
        let index: Int
    }

    private struct State {
        var results: [SendResult?]
        var missing: Int
        var timedOut = 0
    }

    /// What has become of the records, in order.
    struct Outcome {
        var results: [SendResult]
        var hasAllTimedOut: Bool
    }

    private let client: KafkaClient
    private let trouble: ConnectionTrouble
    private let slots: UnsafeMutableBufferPointer<Slot>
    private let state: Locked<State>
    private let whenComplete: @Sendable (Outcome) -> Void

    init(
        count: Int,
        client: KafkaClient,
        trouble: ConnectionTrouble,
        whenComplete: @escaping @Sendable (Outcome) -> Void
    ) {
        self.client = client
        self.trouble = trouble
        self.whenComplete = whenComplete
        state = Locked(State(results: Array(repeating: nil, count: count), missing: count))
        slots = .allocate(capacity: count)
        for index in 0..<count {
            // The batch is kept alive by each record that has not been reported.
            slots.initializeElement(at: index, to: Slot(batch: .passRetained(self), index: index))
        }
    }

    deinit { slots.deallocate() }

    func opaque(at index: Int) -> UnsafeMutableRawPointer? {
        slots.baseAddress.map { UnsafeMutableRawPointer($0 + index) }
    }

    /// Reports a record; each may be reported once only.
    func report(_ index: Int, _ result: SendResult, isTimeout: Bool = false) {
        let outcome: Outcome? = state.withLock { state in
            guard state.results[index] == nil else { return nil }
            state.results[index] = result
            state.missing -= 1
            if isTimeout { state.timedOut += 1 }
            guard state.missing == 0 else { return nil }
            return Outcome(
                results: state.results.map { $0 ?? .failed("no report came") },
                hasAllTimedOut: state.timedOut == state.results.count
            )
        }
        let batch = slots[index].batch
        if let outcome { whenComplete(outcome) }
        batch.release()
    }

    /// What a delivery report says of its record.
    static func report(_ message: rd_kafka_message_t) {
        guard let opaque = message._private else { return }
        let slot = opaque.assumingMemoryBound(to: Slot.self).pointee
        let batch = slot.batch.takeUnretainedValue()
        batch.report(
            slot.index,
            batch.result(for: message.err),
            isTimeout: message.err == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT
        )
    }

    func result(for code: rd_kafka_resp_err_t, _ reason: String? = nil) -> SendResult {
        if code == RD_KAFKA_RESP_ERR_NO_ERROR { return .sent }
        if let reason = client.fatalReason { return .fatal("The Kafka producer cannot go on: \(reason)") }
        let reason = "\(reason ?? sentence(for: code)) (\(name(of: code)))"
        switch code {
        case RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_MSG_SIZE,
            RD_KAFKA_RESP_ERR_RECORD_LIST_TOO_LARGE, RD_KAFKA_RESP_ERR_INVALID_RECORD,
            RD_KAFKA_RESP_ERR_UNSUPPORTED_FOR_MESSAGE_FORMAT,
            RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, RD_KAFKA_RESP_ERR__INVALID_ARG:
            return .refused(reason)
        case RD_KAFKA_RESP_ERR_INVALID_TIMESTAMP:
            return .blameless("\(reason); this machine's clock and the brokers' differ by more than the topic allows")
        case RD_KAFKA_RESP_ERR__MSG_TIMED_OUT: return .blameless(trouble.added(to: reason))
        case RD_KAFKA_RESP_ERR__FATAL: return .fatal(reason)
        default: return .failed(trouble.added(to: reason))
        }
    }
}
