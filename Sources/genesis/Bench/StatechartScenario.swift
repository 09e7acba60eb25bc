internal import Orchestration
internal import PostgresStore
internal import WorkflowFiles

/// The interpreter alone, with its programs and without them, beside what committing one event costs.
struct StatechartScenario: Sendable {
    /// Of the parallel chart: the root, and regions of two states each.
    static let regions = 33
    /// Turns of the worker that give the price of a commit.
    static let turnSessions = 50
    static let turnSeconds = 3
    /// A turn has a reply and a result.
    static let eventsPerTurn = 2.0
    /// Transactions of one row that give the price of a commit by itself.
    static let commits = 1_000
    /// Events between two looks at the clock.
    static let round = 256

    var environment: BenchEnvironment
    var seconds: Int

    func run() async throws -> BenchReport {
        let started = Surroundings.now()
        guard let genesis = environment.workflows.first(where: { $0.name == "genesis" }) else {
            throw CommandFailure.unavailable("there is no workflow `genesis`")
        }
        let parallel = try Self.parallel()
        var result = JSONObject()
        var perEvent: [(name: String, microseconds: Double)] = []
        for (name, workflow, script) in [
            ("genesis", genesis, Self.genesisScript), ("parallel_100", parallel, Self.parallelScript),
        ] {
            environment.say("\(name), with jq and without, \(seconds) s each")
            let full = try StatechartLoop(workflow, script).run(seconds: Double(seconds))
            var bare = workflow
            bare.chart = workflow.chart.withoutPrograms
            let plain = try StatechartLoop(bare, script).run(seconds: Double(seconds))
            for (suffix, figures) in [("", full), ("_without_jq", plain)] {
                let perSecond = Double(figures.transitions) / figures.seconds
                result[name + suffix + "_transitions_per_second"] = BenchReport.figure(perSecond)
                result[name + suffix + "_us_per_event"] = BenchReport.figure(figures.secondsPerEvent * 1e6)
            }
            perEvent.append((name, full.secondsPerEvent * 1e6))
        }
        environment.say("what a commit costs")
        let turns = TurnsScenario(
            environment: environment,
            sessions: Self.turnSessions,
            seconds: Self.turnSeconds
        )
        let commit = try await turns.run()
        var report = BenchReport(
            scenario: "statechart",
            startedAt: started,
            settings: ["seconds": .int(seconds)],
            result: result,
            floor: .null,
            ratio: nil
        )
        func microseconds(_ turnsPerSecond: JSONValue?) -> Double? {
            (turnsPerSecond?.number).map { 1e6 / max(1e-6, $0) / Self.eventsPerTurn }
        }
        let worker = microseconds(commit.result["turns_per_second"])
        let alone = Percentiles(try await environment.meter.singleCommits(Self.commits)).milliseconds(0.5)
            .map { $0 * 1_000 }
        // Without a floor of rows, what the worker itself takes.
        let rows = microseconds(commit.floor["turns_per_second"]) ?? worker
        report.floor = [
            "what": """
            what committing one event costs: its rows, written with very many others (the strictest, and the ratio's); \
            a transaction of one row with its fsync; the worker's whole turn
            """,
            "rows_us_per_event": rows.map(BenchReport.figure) ?? .null,
            "commit_alone_us": alone.map(BenchReport.figure) ?? .null,
            "worker_us_per_event": worker.map(BenchReport.figure) ?? .null,
        ]
        for (name, time) in perEvent {
            for (suffix, price) in [("_per_rows", rows), ("_per_commit_alone", alone), ("_per_worker", worker)] {
                if let price { report.result[name + suffix] = BenchReport.figure(time / price) }
            }
        }
        if let rows, let genesis = perEvent.first(where: { $0.name == "genesis" }) {
            report.ratio = genesis.microseconds / rows
        }
        return report
    }

    // MARK: Charts and what they are told

    typealias Script = @Sendable (ChartState, Int) -> ChartInput

    /// The first stage, round and round: the agent answers, a person wants another draft.
    private static let genesisScript: Script = { state, _ in
        if let running = state.running.keys.min() {
            let concept: JSONValue = ["title": "The lighthouse", "premise": "A keeper finds a message from herself"]
            return .actorDone(id: running, output: ["concepts": [concept, concept, concept]])
        }
        return .event(
            type: "Command.Genesis.Session.Seed.Request",
            payload: ["feedback": "darker, and by the sea"]
        )
    }

    private static let parallelScript: Script = { _, _ in .event(type: "TICK", payload: ["step": 1]) }

    private static func parallel() throws -> Workflow {
        var text = "id: parallel\ntype: parallel\ncontext: { n: 0 }\nstates:\n"
        let guards = "guard: { type: jq, params: { expr: '.context.n >= 0' } }"
        let actions = "actions: { type: assign, params: { expr: '{ n: (.context.n + .event.payload.step) }' } }"
        for region in 0..<regions {
            // Each region asks a guard; one of them counts.
            let extra = region == 0 ? ", " + actions : ""
            text += "  r\(region):\n    initial: a\n    states:\n"
            text += "      a: { on: { TICK: { target: b, \(guards)\(extra) } } }\n"
            text += "      b: { on: { TICK: { target: a, \(guards)\(extra) } } }\n"
        }
        let (workflow, findings) = WorkflowFileReader().read(source: text, file: "parallel")
        guard let workflow else { throw CommandFailure.unavailable(findings.first?.description ?? "no chart") }
        return workflow
    }
}

/// One chart, driven for a while.
struct StatechartLoop {
    struct Figures {
        var events = 0
        var transitions = 0
        var seconds = 0.0
        var secondsPerEvent: Double { seconds / Double(max(1, events)) }
    }

    private let workflow: Workflow
    private let script: StatechartScenario.Script
    private static let session: JSONValue = ["id": "bench", "stage": "CONCEPT_SELECTION", "status": "IN_PROGRESS"]

    init(_ workflow: Workflow, _ script: @escaping StatechartScenario.Script) {
        self.workflow = workflow
        self.script = script
    }

    func run(seconds: Double) throws -> Figures {
        var state = try step(ChartState(), .start).state
        let begin = state
        var figures = Figures()
        let began = ContinuousClock.now
        while figures.seconds < seconds {
            for _ in 0..<StatechartScenario.round {
                let step = try step(state, script(state, figures.events))
                guard case .taken(let sources) = step.outcome else {
                    throw CommandFailure.unavailable("\(workflow.name) does not take what the scenario tells it")
                }
                figures.events += 1
                figures.transitions += max(1, sources.count)
                state = step.state
            }
            figures.seconds = (ContinuousClock.now - began).seconds
            // Numbers of drafts and timers would grow for ever.
            state = state.status == .active && figures.events < 1_000_000_000 ? state : begin
        }
        return figures
    }

    private func step(_ state: ChartState, _ input: ChartInput) throws -> ChartStep {
        try Interpreter.step(
            workflow.chart,
            state,
            input,
            session: Self.session,
            now: Instant(microseconds: 0),
            expressions: workflow.expressions
        )
    }
}

extension Chart {
    /// The same states and transitions, with nothing to evaluate.
    var withoutPrograms: Chart {
        var bare = self
        for index in bare.nodes.indices {
            var node = bare.nodes[index]
            node.entry = node.entry.filter { !$0.hasProgram }
            node.exit = node.exit.filter { !$0.hasProgram }
            for position in node.on.indices { node.on[position].transition.dropPrograms() }
            for position in node.always.indices { node.always[position].dropPrograms() }
            for position in node.onDone.indices { node.onDone[position].dropPrograms() }
            for position in node.invoke.indices {
                node.invoke[position].input = nil
                for place in node.invoke[position].onDone.indices { node.invoke[position].onDone[place].dropPrograms() }
            }
            bare.nodes[index] = node
        }
        return bare
    }
}

extension Transition {
    fileprivate mutating func dropPrograms() {
        guardCondition = nil
        actions = actions.filter { !$0.hasProgram }
    }
}

extension Action {
    fileprivate var hasProgram: Bool {
        switch self {
        case .assign: true
        case .emit(_, let payload): payload != nil
        case .raise(_, let payload, _, _): payload != nil
        case .cancel, .pause, .unpause, .nothing: false
        }
    }
}
