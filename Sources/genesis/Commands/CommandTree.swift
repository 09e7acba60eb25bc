/// The whole command line.
enum CommandTree {
    static let root = CommandSpecification(
        name: "genesis",
        summary: "Genesis: a durable statechart worker on PostgreSQL and Kafka.",
        examples: ["genesis dev --play", "genesis sessions list"],
        subcommands: [
            DevelopmentCommand.specification, WorkerCommand.specification, AgentCommand.specification,
            BrokerCommand.specification, MigrateCommand.specification, TopicsCommand.specification,
            WorkflowCommand.specification, SessionsCommand.specification, HandlesCommand.specification,
            TasksCommand.specification, EventsCommand.specification, OutboxCommand.specification,
            DeadLettersCommand.specification,
            BenchCommand.specification,
            ConfigCommand.specification, VersionCommand.specification,
        ]
    )
}
