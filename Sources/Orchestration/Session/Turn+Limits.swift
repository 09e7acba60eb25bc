// What one session may fill: each bound is named here, and what is beyond it is refused with the limit and the size.

extension Turn {
    /// The longest payload of a command or reply, in bytes of compact JSON.
    static let payloadBytesMax = 256 * 1_024
    /// The longest input of a task, and the longest payload of an event that the workflow publishes; with its envelope, and
    /// what an earlier attempt left, it must fit into a Kafka record (1 MB by default).
    static let recordBytesMax = 768 * 1_024
    /// The longest result of a task.
    static let resultBytesMax = 512 * 1_024
    /// How many replies a session keeps that came before their questions.
    static let earlyRepliesMax = 8
    /// How much the kept early replies of a session may hold together.
    static let earlyReplyBytesMax = 512 * 1_024

    /// Why a payload is refused for its size.
    func oversize(_ message: SessionMessage) -> String? {
        message.payload.textBytes(over: Self.payloadBytesMax)
            .map { "the payload has \($0) bytes, the limit is \(Self.payloadBytesMax)" }
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

    /// The step, or a failure when it would publish more than a record holds.
    static func bounded(_ step: ChartStep) throws(ChartFailure) -> ChartStep {
        for effect in step.effects {
            switch effect {
            case .startActor(_, let name, let input, _): try bound(input, "the input of \(name)")
            case .emit(let type, let payload): try bound(payload, "the event \(type)")
            case .cancelActor, .park, .unpark, .pause, .unpause: continue
            }
        }
        return step
    }

    private static func bound(_ value: JSONValue, _ what: @autoclosure () -> String) throws(ChartFailure) {
        if let bytes = value.textBytes(over: recordBytesMax) {
            throw .tooLarge(what: what(), bytes: bytes, limit: recordBytesMax)
        }
    }
}

extension JSONValue {
    /// More bytes than the compact text has, found without writing it: a byte may be escaped to six.
    var textBytesBound: Int {
        switch self {
        case .null, .bool, .number: 32
        case .string(let text): 2 + 6 * text.utf8.count
        case .array(let elements):
            elements.withUnsafeBufferPointer { elements in
                elements.indices.reduce(2) { $0 + 1 + elements[$1].textBytesBound }
            }
        case .object(let object):
            object.members.withUnsafeBufferPointer { members in
                members.indices.reduce(2) { $0 + 4 + 6 * members[$1].key.utf8.count + members[$1].value.textBytesBound }
            }
        }
    }

    /// How many bytes the compact text has, if more than the limit; written only when it may be.
    func textBytes(over limit: Int) -> Int? {
        guard textBytesBound > limit else { return nil }
        let bytes = utf8Bytes.count
        return bytes > limit ? bytes : nil
    }

    /// The value, or in place of one with more text than the limit what became of it.
    func kept(within limit: Int) -> JSONValue {
        textBytes(over: limit).map { ["omitted": .string("\($0) bytes, the limit is \(limit)")] } ?? self
    }
}
