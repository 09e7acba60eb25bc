internal import KafkaTransport
internal import Orchestration

/// `genesis broker`: the embedded broker in a process of its own.
enum BrokerCommand {
    static let specification = CommandSpecification(
        name: "broker",
        summary: "Run the embedded development broker; it forgets everything when it ends.",
        examples: ["genesis broker --address-file /tmp/broker --topics genesis.session.commands:4"],
        options: [
            .init(name: "address-file", valueName: "FILE", summary: "Gets host:port once the broker can be reached."),
            .init(name: "topics", valueName: "LIST", summary: "Topics to create: NAME:PARTITIONS, comma-separated."),
            .init(name: "control-socket", valueName: "FILE", summary: "A Unix socket for faults on demand, in tests."),
        ],
        run: { invocation in
            guard let file = invocation.value("address-file") else {
                throw CommandFailure.usage("--address-file is missing: where the broker writes its address")
            }
            let topics = try topics(invocation.value("topics") ?? "")
            do throws(TransportError) {
                try runBroker(topics: topics, addressFile: file, controlSocket: invocation.value("control-socket"))
            } catch {
                // It needs nothing but this machine: what fails is what it was told.
                throw CommandFailure.usage("the broker cannot start: \(error.reason)")
            }
        }
    )

    static func topics(_ list: String) throws(CommandFailure) -> [KafkaTopic] {
        var topics: [KafkaTopic] = []
        for item in list.split(separator: ",") {
            let parts = item.split(separator: ":", omittingEmptySubsequences: false)
            guard parts.count == 2, !parts[0].isEmpty, let partitions = Int(parts[1]), partitions > 0 else {
                throw .usage("--topics takes NAME:PARTITIONS, not `\(Printable.text(String(item)))`")
            }
            topics.append(KafkaTopic(String(parts[0]), partitions: partitions))
        }
        return topics
    }
}
