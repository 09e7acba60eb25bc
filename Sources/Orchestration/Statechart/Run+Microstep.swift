/// One microstep: leave, act, enter.
extension Run {
    /// Takes transitions that do not conflict.
    mutating func microstep(_ enabled: [Enabled]) throws(ChartFailure) {
        let before = active
        isChanged = false
        let domains = enabled.map { domain(of: $0) }
        let exits = enabled.reduce(into: Set<Chart.NodeIndex>()) { $0.formUnion(exitSet(of: $1)) }
        let isHistoryKept = remember(exits)
        for node in exits.sorted(by: >) { try exit(node) }
        for chosen in enabled { try perform(chosen.transition.actions) }
        var entries = EntrySet(chart, history: state.history)
        for (chosen, domain) in zip(enabled, domains) {
            entries.add(chosen, domain: domain, effectiveTargets: effectiveTargets(of: chosen.transition))
        }
        try enter(entries)
        if active.count == before.count, Set(active) == Set(before), !isHistoryKept {
            // The same states, even left and entered anew, keep their order, as in XState.
            active = before
        } else {
            isChanged = true
        }
    }

    /// Enters the initial configuration.
    mutating func enterInitial() throws(ChartFailure) {
        var entries = EntrySet(chart, history: state.history)
        entries.addInitial()
        try enter(entries)
    }

    /// Keeps, for the history nodes of states about to be left, what is active in them; whether there were any.
    private mutating func remember(_ exits: Set<Chart.NodeIndex>) -> Bool {
        var isKept = false
        for node in exits {
            for child in chart.nodes[node].children {
                guard case .history(let isDeep) = chart.nodes[child].kind else { continue }
                let remembered = active.filter {
                    isDeep ? chart.isAtomic($0) && chart.isDescendant($0, of: node) : chart.nodes[$0].parent == node
                }
                state.history[child] = remembered.sorted()
                isKept = true
            }
        }
        return isKept
    }

    private mutating func exit(_ node: Chart.NodeIndex) throws(ChartFailure) {
        try perform(chart.nodes[node].exit)
        state.timers.removeAll { $0.node == node }
        for invocation in chart.nodes[node].invoke where state.running[invocation.id] == node {
            stopActor(invocation.id)
        }
        if !chart.nodes[node].invoke.isEmpty { isChanged = true }
        if chart.nodes[node].park != nil { effects.append(.unpark(node: node)) }
        active.removeAll { $0 == node }
    }

    private mutating func enter(_ entries: EntrySet) throws(ChartFailure) {
        var completed: Set<Chart.NodeIndex> = []
        // A history may lead to states that this step has not left; they are not entered a second time. The root alone
        // is, when it is the target.
        for node in entries.nodes.sorted() where node == Chart.root || !isActive(node) {
            try enter(node, isByDefault: entries.byDefault.contains(node))
            if chart.nodes[node].kind == .final { try reachFinal(node, completed: &completed) }
        }
        if state.status == .done { try end() }
    }

    private mutating func enter(_ node: Chart.NodeIndex, isByDefault: Bool) throws(ChartFailure) {
        if !isActive(node) { active.append(node) }
        try perform(chart.nodes[node].entry)
        if chart.nodes[node].park != nil {
            let visit = (state.visits[node] ?? 0) + 1
            state.visits[node] = visit
            effects.append(.park(node: node, visit: visit))
        }
        startTimers(of: node)
        for invocation in chart.nodes[node].invoke { try startActor(invocation, node: node) }
        if isByDefault, let initial = chart.nodes[node].initial { try perform(initial.actions) }
    }

    /// Starts one timer for each delay of the node's `after`.
    private mutating func startTimers(of node: Chart.NodeIndex) {
        state.timers.removeAll { $0.node == node }
        var names: Set<String> = []
        for delayed in chart.nodes[node].after where names.insert(delayed.name).inserted {
            let name = EventName.after(delayed.name, chart.nodes[node].id)
            startTimer(id: name, event: name, payload: .null, delay: delayed.delay, node: node)
        }
    }

    private mutating func startActor(_ invocation: Invocation, node: Chart.NodeIndex) throws(ChartFailure) {
        let input = try invocation.input.map { program throws(ChartFailure) in try evaluate(program) } ?? .null
        if state.running[invocation.id] != nil { stopActor(invocation.id) }
        state.running[invocation.id] = node
        starts[invocation.id] = effects.count
        effects.append(.startActor(id: invocation.id, src: invocation.src, input: input, node: node))
        isChanged = true
    }

    /// Cancels an actor; one that this very step has started is never started instead.
    private mutating func stopActor(_ id: String) {
        state.running[id] = nil
        if let position = starts.removeValue(forKey: id) {
            effects[position] = nil
        } else {
            effects.append(.cancelActor(id: id))
        }
    }

    /// Announces what a final state completes: its parent, then the parallel states around that are complete.
    private mutating func reachFinal(
        _ node: Chart.NodeIndex,
        completed: inout Set<Chart.NodeIndex>
    ) throws(ChartFailure) {
        guard let parent = chart.nodes[node].parent else { return }
        var output = JSONValue.null
        var next: Chart.NodeIndex? = parent
        // The output of a region that is a final state goes nowhere, and is not asked for.
        if !chart.isParallel(parent) {
            if let program = chart.nodes[node].output { output = try evaluate(program) }
            queue.append(.doneState(chart.nodes[parent].id, output: output))
            next = chart.nodes[parent].parent
        }
        var last = next ?? node
        while let region = next, chart.isParallel(region), !completed.contains(region), isFinal(region) {
            completed.insert(region)
            queue.append(.doneState(chart.nodes[region].id, output: .null))
            last = region
            next = chart.nodes[region].parent
        }
        guard next == nil else { return }
        state.status = .done
        try setOutput(.doneState(chart.nodes[last].id, output: last == node ? output : .null))
    }

    /// The machine's output: its own `output` program if it has one, else the final state's.
    private mutating func setOutput(_ done: Event) throws(ChartFailure) {
        if let program = chart.nodes[Chart.root].output {
            state.output = try evaluate(program, event: done)
        } else if case .output(let output) = done.data {
            state.output = output
        }
    }

    private func isFinal(_ node: Chart.NodeIndex) -> Bool {
        switch chart.nodes[node].kind {
        case .final: true
        case .atomic, .history: false
        case .compound:
            chart.nodes[node].children.contains { chart.nodes[$0].kind == .final && isActive($0) }
        case .parallel: chart.regions(of: node).allSatisfy { isFinal($0) }
        }
    }

    /// The machine is done: exit actions run, but the configuration stays for who wants to know where it ended.
    private mutating func end() throws(ChartFailure) {
        for node in active.sorted(by: >) {
            try perform(chart.nodes[node].exit)
            if chart.nodes[node].park != nil { effects.append(.unpark(node: node)) }
        }
        stopEverything()
    }

    /// Nothing runs on in a machine that has ended.
    mutating func stopEverything() {
        state.timers = []
        let actors = state.running.sorted { ($0.value, $0.key) < ($1.value, $1.key) }
        for actor in actors { stopActor(actor.key) }
    }
}
