/// Explores small worlds of one session over `SessionDecision` itself: every order of results, failures, replies
/// (early, late, twice), deadlines, commands, pauses and repeated deliveries, shortest histories first.
///
/// Pure and without database: a world is what a store would load. Every decision that leads to a new world is made twice, as
/// after a crash before its commit, and what the worker finds due is delivered again after the commit; both must make no difference.
package struct ModelCheck {
    /// Says of itself what has not come to pass yet.
    private var workflow: Workflow
    private let bounds: ModelBounds
    private let moves: ModelMoves
    private let key: ModelKey
    private var seen: Set<String> = []
    private var lateSeen: Set<String> = []
    private var history: [(parent: Int, label: String, states: String)] = []
    private var queue: [(world: ModelWorld, state: ChartState, id: Int, depth: Int)] = []
    private var coverage = ModelCoverage()
    private let bare: Workflow
    private var report = ModelReport()

    package init(_ workflow: Workflow, bounds: ModelBounds = ModelBounds()) {
        bare = workflow
        self.workflow = coverage.instrumented(workflow)
        self.bounds = bounds
        let sessionID = SessionID(derivedFrom: "modelcheck", workflow.hash)
        moves = ModelMoves(workflow: workflow, samples: ModelSamples(workflow), sessionID: sessionID)
        key = ModelKey(workflow.chart)
    }

    /// - Parameter stop: asked now and then whether to end early; the report then says that it is not complete.
    package static func run(
        _ workflow: Workflow,
        bounds: ModelBounds = ModelBounds(),
        stop: () -> Bool = { false }
    ) -> ModelReport {
        var check = ModelCheck(workflow, bounds: bounds)
        return check.run(stop)
    }

    private mutating func run(_ stop: () -> Bool) -> ModelReport {
        let origin = ModelWorld(disturbances: bounds.disturbances)
        for move in moves.start() { take(move, from: origin, parent: -1, depth: 0) }
        var next = 0
        while next < queue.count {
            if stop() || report.worlds > bounds.worlds {
                report.isComplete = false
                break
            }
            let (world, state, id, depth) = queue[next]
            // The rows of worlds behind us are needed no more, only their traces.
            queue[next].world = origin
            next += 1
            guard depth < bounds.depth else {
                report.isComplete = false
                continue
            }
            for move in moves.moves(in: world, state, seed: id) {
                // What comes too late is refused by its row alone: once for each place in the chart is enough.
                if move.mustChangeNothing, !lateSeen.insert("\(move.label)|\(state.entryOrder)").inserted { continue }
                take(move, from: world, parent: id, depth: depth)
            }
        }
        // Behind a step that fails nothing can be reached.
        let isHeldUp = report.findings.contains { $0.rule == "livelock" || $0.rule == "program-fails" }
        report.findings += coverage.findings(workflow, isComplete: report.isComplete && !isHeldUp)
        return report
    }

    private func state(of world: ModelWorld) -> ChartState? {
        world.scope.session.flatMap { try? ChartState(json: $0.state["chart"], in: workflow.chart) }
    }

    // MARK: One move

    private mutating func take(_ move: ModelMove, from world: ModelWorld, parent: Int, depth: Int) {
        if move.isDisturbance, world.disturbances == 0 { return }
        var next = world
        next.now = move.now
        next.scope.tasks += move.tasks
        next.scope.handles += move.handles
        let before = next.scope
        let commit = decide(move.message, &next.scope, move.now)
        guard !commit.events.isEmpty else { return }
        let state = self.state(of: next)
        let names = state.map { workflow.chart.activeNames($0) } ?? ""
        let refusal = commit.commands.last { $0.id == move.message.id && $0.status == .failed }?.verdict
        let line = refusal.map { " (\($0.rawValue))" } ?? ""
        let step = (parent: parent, label: move.label + line, states: names)
        if move.mustChangeNothing {
            note("late-comer", "what comes too late changes the session", nil, step)
        }
        inspect(commit, before: world, step, move)
        let wasPaused = world.scope.session?.status == .paused
        let isPaused = next.scope.session?.status == .paused
        // A pause is one of the things that go wrong, and so is everything that is then kept.
        let isUnusual = move.isDisturbance || (isPaused && !wasPaused) || (isPaused && wasPaused)
        if isUnusual { next.disturbances -= 1 }
        guard next.disturbances >= 0, let state else { return }
        next.isElsewhere = next.keepsElsewhere(state, in: workflow.chart)
        if next.isElsewhere, !world.isElsewhere {
            next.disturbances -= 1
            guard next.disturbances >= 0 else {
                report.keptElsewhere += 1
                return
            }
        }
        let isFirst = coverage.note(commit)
        let after = next.scope
        next.tidy()
        guard isNew(next, state) else {
            if isFirst { workflow = coverage.instrumented(bare) }
            return
        }
        repeatDecision(move, from: before, commit, after, step)
        if isFirst { workflow = coverage.instrumented(bare) }
        report.worlds += 1
        report.depth = max(report.depth, depth + 1)
        history.append(step)
        let id = history.count - 1
        for wait in coverage.newWaits(in: next) { coverage.arrived(at: wait, trace(to: id)) }
        if let status = next.scope.session?.status, status.hasEnded {
            report.ends[status, default: 0] += 1
        } else {
            inspect(next, state, id)
            queue.append((next, state, id, depth + 1))
        }
    }

    /// A world from which more may still go wrong stands for the same world from which less may.
    private mutating func isNew(_ world: ModelWorld, _ state: ChartState) -> Bool {
        var world = world
        guard seen.insert(key.text(of: world, state, workflow.chart)).inserted else { return false }
        while world.disturbances > 0 {
            world.disturbances -= 1
            seen.insert(key.text(of: world, state, workflow.chart))
        }
        return true
    }

    /// Decides once more what led to a new world, as a crash before or after the commit would have it.
    private mutating func repeatDecision(
        _ move: ModelMove,
        from before: SessionScope,
        _ commit: Commit,
        _ after: SessionScope,
        _ step: (parent: Int, label: String, states: String)
    ) {
        report.repeated += 1
        var again = before
        if decide(move.message, &again, move.now) != commit || again != after {
            note("not-repeatable", "the same message decided twice gives two answers", nil, step)
        }
        guard case .due = move.message.kind else { return }
        again = after
        if !decide(move.message, &again, move.now).events.isEmpty {
            note("not-repeatable", "a deadline that is delivered twice takes effect twice", nil, step)
        }
    }

    private mutating func decide(_ message: SessionMessage, _ scope: inout SessionScope, _ now: Instant) -> Commit {
        report.decisions += 1
        return SessionDecision.decide(message, scope: &scope, workflow: workflow, topics: SessionTopics(), now: now)
    }

    // MARK: What is wrong

    private mutating func inspect(
        _ commit: Commit,
        before world: ModelWorld,
        _ step: (parent: Int, label: String, states: String),
        _ move: ModelMove
    ) {
        for event in commit.events where event.eventType == Turn.incidentRaised {
            let reason = event.payload["error"].string ?? ""
            if reason.contains("endless:") {
                note("livelock", "eventless steps go round in circles: \(reason)", nil, step)
            } else {
                note("program-fails", "a program fails, and the session is an incident: \(reason)", nil, step, .warning)
            }
        }
        if commit.session?.status == .failed, commit.session?.state["chart"]["status"].string == "error" {
            note(
                "unhandled-failure",
                "a task has failed for good and no state takes its `onError`; the session is FAILED",
                nil,
                step,
                .warning
            )
        }
        inspectTasks(commit, before: world, step, move)
    }

    private mutating func inspectTasks(
        _ commit: Commit,
        before world: ModelWorld,
        _ step: (parent: Int, label: String, states: String),
        _ move: ModelMove
    ) {
        let known = Set(world.scope.tasks.map(\.id))
        let started = commit.tasks.filter { !known.contains($0.id) && $0.status.isOpen }
        // A reply that was kept for the wait that opens now is a command as well.
        let isKept = commit.commands.contains {
            $0.verdict == .accepted && $0.userID != nil && $0.id != move.message.id
        }
        let isAsked = if case .command = move.message.kind { true } else { isKept }
        for (index, task) in started.enumerated() {
            let isSame = { (other: AsyncTask) in
                other.taskType == task.taskType && other.inputData == task.inputData
            }
            let stillOpen = world.scope.tasks.filter { open in
                isSame(open) && (commit.tasks.first { $0.id == open.id } ?? open).status.isOpen
            }
            let before = started[..<index].first(where: isSame) ?? stillOpen.first
            if before != nil {
                note("double-task", "\(task.taskType) is started while it works on the same input", task, step)
                continue
            }
            let finished = (commit.tasks + world.endedTasks.values).first { $0.status == .completed && isSame($0) }
            if finished != nil, !isAsked {
                let message = "\(task.taskType) is started again for a draft that is done, and nobody asked for it"
                note("double-task", message, task, step)
                continue
            }
            let restarted = commit.tasks.contains { known.contains($0.id) && $0.status == .cancelled && isSame($0) }
            if restarted, isAsked {
                let message = "\(task.taskType) is cancelled and started again with the same input by one command"
                note("task-restarted", message, task, step, .warning)
            }
        }
    }

    private mutating func inspect(_ world: ModelWorld, _ state: ChartState, _ id: Int) {
        guard !world.hasBusiness, world.scope.session?.status == .inProgress else { return }
        let nodes = workflow.chart.nodes
        let listening = state.configuration.filter { $0 != Chart.root && !nodes[$0].on.isEmpty }
        let names = workflow.chart.activeNames(state)
        let place = state.configuration.last.map { nodes[$0].place } ?? .unknown
        if listening.isEmpty {
            add(
                ModelFinding(
                    severity: .error,
                    rule: "dead-end",
                    message: "the session is in \(names) and neither waits nor works nor has ended",
                    hint: "make the state final, or give it a wait, a task or a transition",
                    place: place,
                    trace: trace(to: id)
                )
            )
        } else {
            add(
                ModelFinding(
                    severity: .warning,
                    rule: "wait-without-limit",
                    message: "in \(names) the session waits for a command without a time limit",
                    hint: "give the state `meta.park` with `expires`",
                    place: place,
                    trace: trace(to: id)
                )
            )
        }
    }

    private mutating func note(
        _ rule: String,
        _ message: String,
        _ task: AsyncTask?,
        _ step: (parent: Int, label: String, states: String),
        _ severity: WorkflowFinding.Severity = .error
    ) {
        let place = workflow.chart.nodes.first { node in
            node.invoke.contains { $0.id == task?.actorID }
                || (task == nil && step.states.hasPrefix(node.id) && node.index > 0)
        }?.place
        add(
            ModelFinding(
                severity: severity,
                rule: rule,
                message: message,
                hint: nil,
                place: place ?? .unknown,
                trace: trace(to: step.parent) + [Self.line(step.label, step.states)]
            )
        )
    }

    /// Keeps the first of its kind: the search is by length, so it has the shortest history.
    private mutating func add(_ finding: ModelFinding) {
        let isKnown = report.findings.contains { $0.rule == finding.rule && $0.message == finding.message }
        if !isKnown { report.findings.append(finding) }
    }

    private func trace(to id: Int) -> [String] {
        var lines: [String] = []
        var current = id
        while history.indices.contains(current) {
            lines.append(Self.line(history[current].label, history[current].states))
            current = history[current].parent
        }
        return lines.reversed()
    }

    private static func line(_ label: String, _ states: String) -> String {
        states.isEmpty ? label : "\(label) → \(states)"
    }
}
