internal import Orchestration

/// `genesis bench`: fixed scenarios, each with the floor measured beside it in the same run.
enum BenchCommand {
    static let specification = CommandSpecification(
        name: "bench",
        summary: "Measure this machine, most scenarios beside a floor of the same run.",
        details: """
            Without --database-url and --kafka-brokers a durable PostgreSQL of its own and the embedded broker are \\
            started in a temporary folder and removed afterwards. Only these two flags name others, which must be \\
            empty; then there is no floor of PostgreSQL rows.

            intake   Start commands that lie in Kafka → committed. Floor: the same rows written by multi-row \\
            statements in pipeline mode.
            turns    Sessions in a tight loop: reply → resumed → next task request, answered at once. Floor: the same \\
            rows, each written once.
            backlog  Start commands that lie in Kafka while the worker works them off: its memory.
            relay    Outbox rows → SENT. Floor: the same rows only read, the records only produced, the rows only marked.
            latency  Reply record → next task record at a fixed rate. Floor: one bare one-row commit.
            parked   The same where few and where many sessions wait, in turn: resume latency, sweeps, the \
            worker's memory, connections and idle CPU. Ratio: the worst of most waits to fewest.
            statechart  The interpreter alone: `genesis` and a parallel chart of 100 states, with jq and without. \
            Floor: what writing the rows of one event costs; at most a tenth of it is meant to go here.
            """,
        examples: ["genesis bench intake", "genesis bench turns --sessions 5000 --seconds 10 --json"],
        positionals: [.init(name: "SCENARIO", summary: "What to measure, as above.")],
        options: [
            .init(
                name: "events",
                valueName: "N",
                summary: "intake, relay, backlog: how many (default \(eventsDefault))."
            ),
            .init(
                name: "waiting",
                valueName: "N,N",
                summary: "parked: how many wait, rising (default \(waitingDefault))."
            ),
            .init(
                name: "rounds",
                valueName: "N",
                summary: "parked: how often each is measured, in turn (default \(roundsDefault))."
            ),
            .init(
                name: "sessions",
                valueName: "N",
                summary: "turns, latency, parked: how many (default \(sessionsDefault), for turns \(turningDefault))."
            ),
            .init(
                name: "seconds",
                valueName: "N",
                summary: "turns, latency, parked, backlog: how long (default \(secondsDefault))."
            ),
            .init(
                name: "rate",
                valueName: "N",
                summary: "latency, parked: replies per second (default \(rateDefault))."
            ),
            .init(name: "partitions", valueName: "N", summary: "Partitions of each topic of the embedded broker."),
            .init(name: "debug-build", summary: "Measure a debug build too; its figures mean nothing."), .json,
        ],
        run: run
    )

    static let eventsDefault = 20_000
    /// The embedded broker keeps about 5 MiB per partition; more records would push the first ones out.
    static let eventsMax = 40_000
    /// Compressed, so many fit into the embedded broker with `--partitions 64`.
    static let backlogMax = 1_000_000
    static let sessionsDefault = 200
    /// Enough that a worker has always something to do, whatever the brokers' answers take.
    static let turningDefault = 1_000
    static let sessionsMax = 10_000
    static let secondsDefault = 10
    static let secondsMax = 600
    /// Of each of the four loops.
    static let statechartSecondsDefault = 2
    static let rateDefault = 100
    static let rateMax = 5_000
    static let waitingDefault = "1000,100000,1000000"
    static let waitingRange = 250...10_000_000
    static let roundsDefault = 5
    static let roundsMax = 20

    enum Scenario: String, CaseIterable {
        case intake, turns, relay, latency, parked, statechart, backlog

        var measuresLatency: Bool {
            switch self {
            case .latency, .parked: true
            case .intake, .turns, .relay, .statechart, .backlog: false
            }
        }
    }

    @Sendable private static func run(_ invocation: Invocation) async throws {
        let word = try invocation.required("SCENARIO")
        guard let scenario = Scenario(rawValue: word) else {
            throw CommandFailure.usage(
                "there is no scenario `\(Printable.text(word))`; one of "
                    + Scenario.allCases.map(\.rawValue).joined(separator: ", ")
            )
        }
        let isBacklog = scenario == .backlog
        let events =
            try invocation.integer("events", in: 1...(isBacklog ? backlogMax : eventsMax))
            ?? (isBacklog ? backlogMax : eventsDefault)
        let sessions =
            try invocation.integer("sessions", in: 1...sessionsMax)
            ?? (scenario == .turns ? turningDefault : sessionsDefault)
        let seconds = try invocation.integer("seconds", in: 1...secondsMax) ?? secondsDefault
        let rate = try invocation.integer("rate", in: 1...rateMax) ?? rateDefault
        let sizes = try sizes(invocation.value("waiting") ?? waitingDefault)
        if !BenchReport.isReleaseBuild {
            guard invocation.has("debug-build") else {
                throw CommandFailure.usage(
                    "this is a debug build, whose figures mean nothing; build with `swift build -c release`, or give "
                        + "--debug-build to see the scenario run"
                )
            }
            invocation.surroundings.errors.line("bench: A DEBUG BUILD IS MEASURED: ITS FIGURES MEAN NOTHING")
        }
        let environment = try await BenchEnvironment(invocation, measuresLatency: scenario.measuresLatency)
        defer { environment.close() }
        var report: BenchReport
        switch scenario {
        case .intake: report = try await IntakeScenario(environment: environment, events: events).run()
        case .backlog:
            report = try await BacklogScenario(environment: environment, commands: events, seconds: seconds).run()
        case .relay: report = try await RelayScenario(environment: environment, rows: events).run()
        case .turns:
            let turns = TurnsScenario(environment: environment, sessions: sessions, seconds: seconds)
            report = try await turns.run()
        case .latency:
            let latency = LatencyScenario(environment: environment, sessions: sessions, seconds: seconds, rate: rate)
            report = try await latency.run()
        case .parked:
            let rounds = try invocation.integer("rounds", in: 1...roundsMax) ?? roundsDefault
            guard sizes.allSatisfy({ $0 >= rounds * ParkedScenario.dueCount }) else {
                throw CommandFailure.usage(
                    "each round ends \(ParkedScenario.dueCount) waits: fewer rounds, or more waits"
                )
            }
            let parked = ParkedScenario(
                environment: environment,
                sizes: sizes,
                rounds: rounds,
                sessions: sessions,
                seconds: seconds,
                rate: rate
            )
            report = try await parked.run()
        case .statechart:
            let length = try invocation.integer("seconds", in: 1...secondsMax) ?? statechartSecondsDefault
            report = try await StatechartScenario(environment: environment, seconds: length).run()
        }
        let (versions, settings) = try await environment.versions()
        report.settings = environment.settings.merging(report.settings)
        report.settings["postgresql"] = settings
        invocation.print(report.json(versions: versions), orText: report.table)
    }

    private static func sizes(_ text: String) throws -> [Int] {
        let sizes = text.split(separator: ",", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard sizes.allSatisfy(waitingRange.contains), sizes == Array(Set(sizes)).sorted() else {
            throw CommandFailure.usage(
                "--waiting takes rising numbers from \(waitingRange.lowerBound) to \(waitingRange.upperBound), "
                    + "separated by commas, not `\(Printable.text(text))`"
            )
        }
        return sizes
    }
}
