internal import KafkaTransport
internal import Orchestration

enum TopicsCommand {
    static let partitionsDefault = 12
    static let partitionsMax = 1_000

    static let specification = CommandSpecification(
        name: "topics",
        summary: "Create and list the Kafka topics that the workflows need, and where they have been read to.",
        examples: ["genesis topics create"],
        subcommands: [
            CommandSpecification(
                name: "create",
                summary: "Create the topics that are missing; existing ones are left as they are.",
                examples: ["genesis topics create --partitions 24"],
                options: [
                    .init(name: "partitions", valueName: "N", summary: "Per new topic (default \(partitionsDefault))."),
                    .json,
                ],
                run: create
            ),
            CommandSpecification(
                name: "list",
                summary: "List the topics that are needed, and whether Kafka has them.",
                examples: ["genesis topics list --json"],
                options: [.json],
                run: list
            ),
            PositionsCommand.list, PositionsCommand.reset,
        ]
    )

    @Sendable private static func create(_ invocation: Invocation) async throws {
        let configuration = try Configuration(invocation)
        let partitions = try invocation.integer("partitions", in: 1...partitionsMax) ?? partitionsDefault
        let names = Topics.needed(by: try Wiring.workflows(configuration))
        let missing = try await Wiring.createTopics(names, partitions: partitions, configuration)
        let output = invocation.surroundings.output
        if invocation.has("json") {
            output.line(JSONValue.object(["created": .array(missing.map { .string($0) })]).text)
        } else {
            for name in missing { output.line("created: \(name) (\(partitions) partitions)") }
            if missing.isEmpty { output.line("All \(names.count) topics exist.") }
        }
    }

    @Sendable private static func list(_ invocation: Invocation) async throws {
        let configuration = try Configuration(invocation)
        let names = Topics.needed(by: try Wiring.workflows(configuration))
        let known = try await KafkaAdministration(try Wiring.kafka(configuration)).listTopics()
        var table = Table("TOPIC", ">PARTITIONS")
        var rows: [JSONValue] = []
        for name in names {
            let count = known.first { $0.name == name }?.partitions
            table.add(name, count.map(String.init) ?? "missing")
            rows.append(["topic": .string(name), "partitions": count.map { .int($0) } ?? .null])
        }
        invocation.print(rows: rows, orText: table, whenEmpty: "The workflows need no topics.")
    }
}

/// Which topics there must be.
enum Topics {
    static let commands = "genesis.session.commands"
    static let events = "genesis.session.events"
    static let deadLetterSuffix = ".dlq"

    /// Sorted; topics that the worker reads come with the one for their dead letters.
    static func needed(by workflows: [Workflow]) -> [String] {
        let agents = workflows.flatMap { $0.actors.values.compactMap(\.topics) }
        let read = Set([commands, events] + agents.map(\.answers))
        return read.union(agents.map(\.requests)).union(read.map { $0 + deadLetterSuffix }).sorted()
    }

    /// The topics of task requests.
    static func tasks(of workflows: [Workflow]) -> [String] {
        Set(workflows.flatMap { $0.actors.values.compactMap { $0.topics?.requests } }).sorted()
    }
}
