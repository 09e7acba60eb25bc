// What one session may fill: each bound is named here, and what is beyond it is refused with the limit and the size.

extension Turn {
    /// The longest payload of a command or reply, in bytes of compact JSON.
    static let payloadBytesMax = 256 * 1_024
    /// The longest input of a task; with its envelope it must fit into a Kafka record (1 MiB by default).
    static let inputBytesMax = 768 * 1_024
    /// The longest result of a task.
    static let resultBytesMax = 512 * 1_024
    /// How many replies a session keeps that came before their questions.
    static let earlyRepliesMax = 8
    /// How much the kept early replies of a session may hold together.
    static let earlyReplyBytesMax = 512 * 1_024

    /// Why a payload is refused for its size.
    func oversize(_ message: SessionMessage) -> String? {
        let bytes = message.payload.text.utf8.count
        return bytes <= Self.payloadBytesMax
            ? nil : "the payload has \(bytes) bytes, the limit is \(Self.payloadBytesMax)"
    }

    /// Why no further early reply is kept.
    func fullOfEarlyReplies(_ message: SessionMessage) -> String? {
        let kept = scope.handles.filter { $0.status == .pendingPause }
        guard kept.count < Self.earlyRepliesMax else {
            return "the session keeps \(kept.count) early replies already, the limit is \(Self.earlyRepliesMax)"
        }
        let bytes = kept.reduce(message.payload.text.utf8.count) { $0 + $1.resumePayload.text.utf8.count }
        guard bytes <= Self.earlyReplyBytesMax else {
            return "the session's early replies would have \(bytes) bytes, the limit is \(Self.earlyReplyBytesMax)"
        }
        return nil
    }

    /// The step, or a failure when it would request a task with more input than a record holds.
    static func bounded(_ step: ChartStep) throws(ChartFailure) -> ChartStep {
        for effect in step.effects {
            guard case .startActor(_, let name, let input, _) = effect else { continue }
            let bytes = input.text.utf8.count
            if bytes > inputBytesMax { throw .inputTooLarge(actor: name, bytes: bytes, limit: inputBytesMax) }
        }
        return step
    }
}
