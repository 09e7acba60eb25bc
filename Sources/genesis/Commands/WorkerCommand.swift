internal import Orchestration

enum WorkerCommand {
    static let specification = CommandSpecification(
        name: "worker",
        summary: "Run the worker until SIGTERM, which lets it finish what it has begun.",
        examples: [
            "genesis worker --database-url postgresql://genesis@db/genesis --kafka-brokers kafka:9092"
        ],
        run: { try await Wiring.runWorker(Configuration($0)) }
    )
}
