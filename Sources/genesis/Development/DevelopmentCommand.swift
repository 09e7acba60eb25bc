internal import Orchestration

enum DevelopmentCommand {
    static let specification = CommandSpecification(
        name: "dev",
        summary: "Run everything here: PostgreSQL, a broker, the worker and the demo agent.",
        details: """
            Everything lives in the folder .genesis of the working directory. The database is kept between runs; the
            broker forgets its records when it ends. Ctrl-C stops all that was started. While it runs, other commands
            called in this folder or below it find it by themselves. With --kafka-brokers it uses those brokers instead of
            one of its own, and creates the topics that are missing there: a cluster for trying out, since a worker of this
            folder then reads what others write to them.
            """,
        examples: [
            "genesis dev --play", "genesis dev --play --once", "genesis dev --kafka-brokers kafka:9092 --play --once",
        ],
        options: [
            .init(name: "play", summary: "Play one session through all stages, with a live view."),
            .init(name: "once", summary: "With --play: end with exit code 0 after the session has finished."),
        ],
        run: run
    )

    @Sendable private static func run(_ invocation: Invocation) async throws {
        let plays = invocation.has("play")
        if invocation.has("once"), !plays { throw CommandFailure.usage("--once belongs to --play") }
        let supervisor = try DevelopmentSupervisor(
            invocation: invocation,
            agentDelay: plays ? .seconds(1) : AgentCommand.delayDefault
        )
        let signals = TerminationSignals()
        do {
            try await supervisor.start(unless: { signals.hasArrived })
            try await serve(invocation, supervisor, signals)
        } catch {
            await supervisor.stop()
            throw error
        }
        await supervisor.stop()
    }

    /// Plays, if asked to, and serves until a signal or the failure of a part that cannot be started again.
    private static func serve(
        _ invocation: Invocation,
        _ supervisor: DevelopmentSupervisor,
        _ signals: TerminationSignals
    ) async throws {
        let plays = invocation.has("play")
        let once = invocation.has("once")
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask { try await supervisor.watch() }
            group.addTask {
                await signals.arrival()
                return true
            }
            group.addTask {
                do {
                    if plays { try await play(invocation) }
                } catch  where !once && !Task.isCancelled {
                    // What was started goes on serving, so that the reason can be looked into.
                    let reason = CommandLineTool.failure(from: error).message
                    invocation.surroundings.errors.line("genesis: \(Printable.text(reason))")
                }
                await supervisor.printAddresses()
                return once
            }
            // The wait for a signal knows no cancellation; it is released instead, or the group would never end.
            defer {
                group.cancelAll()
                signals.release()
            }
            // Each task says whether it ends the run; the play alone does not, unless it is to be played once.
            while let isOver = try await group.next() {
                if isOver { break }
            }
        }
    }

    private static func play(_ invocation: Invocation) async throws {
        let user = "player"
        try await invocation.withQueries { queries in
            let run = PlayRun(
                queries: queries,
                tenant: try Configuration(invocation).tenant,
                user: user,
                view: LiveView(terminal: invocation.surroundings.output)
            )
            try await run.play()
        }
    }
}
