internal import KafkaTransport
internal import Orchestration

/// `genesis broker`: the embedded broker in a process of its own.
enum BrokerCommand {
    static let usage = """
        usage: genesis broker --address-file FILE [--topics NAME:PARTITIONS,…] [--control-socket FILE]
        """

    /// Runs until a signal; returns only to say why it could not.
    static func run(_ arguments: [String]) -> String {
        do throws(TransportError) {
            let options = try Options(arguments)
            try runBroker(
                topics: options.topics, addressFile: options.addressFile, controlSocket: options.controlSocket)
        } catch {
            return "genesis broker: \(error.reason)"
        }
    }

    struct Options: Equatable {
        var addressFile: String
        var topics: [KafkaTopic] = []
        var controlSocket: String?

        init(_ arguments: [String]) throws(TransportError) {
            var addressFile: String?
            var rest = arguments[...]
            while let name = rest.popFirst() {
                guard let value = rest.popFirst() else {
                    throw .invalidConfiguration(reason: "`\(name)` needs a value; \(BrokerCommand.usage)")
                }
                switch name {
                case "--address-file": addressFile = value
                case "--control-socket": controlSocket = value
                case "--topics":
                    for item in value.split(separator: ",") { topics.append(try Self.topic(String(item))) }
                default:
                    throw .invalidConfiguration(reason: "`\(name)` is not an option; \(BrokerCommand.usage)")
                }
            }
            guard let addressFile else {
                throw .invalidConfiguration(reason: "--address-file is missing; \(BrokerCommand.usage)")
            }
            self.addressFile = addressFile
        }

        private static func topic(_ item: String) throws(TransportError) -> KafkaTopic {
            let parts = item.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, let partitions = Int(parts[1]) else {
                throw .invalidConfiguration(reason: "`\(item)` is not NAME:PARTITIONS")
            }
            return KafkaTopic(String(parts[0]), partitions: partitions)
        }
    }
}
