internal import KafkaTransport
internal import Orchestration

enum AgentCommand {
    static let group = "genesis-demo-agent"
    static let delayDefault = Interval.seconds(2)
    static let delayMax = Interval.seconds(3_600)

    static let specification = CommandSpecification(
        name: "agent",
        summary: "Run the demo agent: it answers every task with a made-up draft.",
        details: """
            It reads the task topics of all workflows with a consumer group of its own, and answers as a real agent
            would: Task.Started, some Task.Progressed, then the result or Task.Failed. It stops on Task.Cancelled.
            """,
        examples: ["genesis agent --demo --delay PT2S --fail-rate 0.1 --seed 7"],
        options: [
            .init(name: "demo", summary: "Say that made-up drafts are meant; there is no other agent in this binary."),
            .init(name: "delay", valueName: "DURATION", summary: "How long a task takes (default PT2S)."),
            .init(name: "fail-rate", valueName: "SHARE", summary: "Share of attempts that fail, 0 to 1 (default 0)."),
            .init(name: "seed", valueName: "N", summary: "Chooses among the drafts (default 1)."),
        ],
        run: run
    )

    @Sendable private static func run(_ invocation: Invocation) async throws {
        guard invocation.has("demo") else {
            throw CommandFailure.usage("say `genesis agent --demo`: the only agent here makes its drafts up")
        }
        let delay = try invocation.interval("delay") ?? delayDefault
        guard delay <= delayMax else { throw CommandFailure.usage("--delay takes at most \(delayMax)") }
        let configuration = try Configuration(invocation)
        let workflows = try Wiring.workflows(configuration)
        let kafka = try Wiring.kafka(configuration, group: group)
        let actors = workflows.flatMap { Array($0.actors.values) }
        let agent = DemoAgent(
            settings: DemoAgent.Settings(
                node: configuration.node,
                delay: delay,
                failRate: try invocation.number("fail-rate", in: 0...1) ?? 0,
                seed: UInt64(try invocation.integer("seed", in: 0...Int(Int32.max)) ?? 1)
            ),
            actors: Dictionary(actors.map { ($0.requestType, $0) }, uniquingKeysWith: { first, _ in first }),
            source: try KafkaRecordSource(kafka, topics: Topics.tasks(of: workflows)),
            sink: try KafkaRecordSink(kafka),
            log: configuration.log
        )
        let signals = TerminationSignals()
        try await agent.run { await signals.arrival() }
    }
}
