internal import Orchestration

/// One line on the embedded broker's control socket.
enum BrokerCommand: Equatable {
    case down
    case up
    case roundTrip(milliseconds: Int)
    case error(api: Int16, count: Int, code: Int32)
    case topic(KafkaTopic)
    case fault(topic: String, code: Int32)

    static let lineBytesMax = 1_024
    static let errorsMax = 10_000
    static let syntax =
        "down | up | rtt MILLISECONDS | error API COUNT CODE | topic NAME PARTITIONS | fault TOPIC CODE"

    init(_ line: String) throws(TransportError) {
        let words = line.split(separator: " ").map(String.init)
        switch (words.first, words.count) {
        case ("down", 1): self = .down
        case ("up", 1): self = .up
        case ("rtt", 2):
            guard let milliseconds = Int(words[1]), milliseconds >= 0 else { throw Self.unknown }
            self = .roundTrip(milliseconds: milliseconds)
        case ("error", 4):
            guard let api = Int16(words[1]), let count = Int(words[2]), (0...Self.errorsMax).contains(count),
                let code = Int32(words[3])
            else { throw Self.unknown }
            self = .error(api: api, count: count, code: code)
        case ("topic", 3):
            guard let partitions = Int(words[2]) else { throw Self.unknown }
            self = .topic(KafkaTopic(words[1], partitions: partitions))
        case ("fault", 3):
            guard let code = Int32(words[2]) else { throw Self.unknown }
            self = .fault(topic: words[1], code: code)
        default: throw Self.unknown
        }
    }

    func apply(to broker: MockBroker) throws(TransportError) {
        switch self {
        case .down: broker.setReachable(false)
        case .up: broker.setReachable(true)
        case .roundTrip(let milliseconds): broker.setRoundTrip(milliseconds: milliseconds)
        case .error(let api, let count, let code): broker.answer(api: api, with: code, count: count)
        case .topic(let topic): try broker.create(topic)
        case .fault(let topic, let code): broker.setFault(ofTopic: topic, code: code)
        }
    }

    private static var unknown: TransportError { .invalidConfiguration(reason: "expected \(syntax)") }
}
