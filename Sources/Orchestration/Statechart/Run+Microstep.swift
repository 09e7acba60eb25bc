/// One microstep: leave, act, enter.
extension Run {
    /// Takes transitions that do not conflict.
    mutating func microstep(_ enabled: [PlannedTransition]) throws(ChartFailure) {
        let (activeBefore, orderBefore) = (active, order)
        isChanged = false
        // What was left is what is filled again, also where a history changes meanwhile.
        var domains: [Chart.NodeIndex?] = []
        var exits = NodeSet(of: tree.nodes.count)
        for chosen in enabled {
            let domain = way(of: chosen).domain
            domains.append(domain)
            if !chosen.isTargetless { exits.insert(active, in: tree.inside(domain)) }
        }
        let isHistoryKept = remember(exits)
        for node in exits.members.reversed() where !tree.nodes[node].leavesQuietly { try exit(node) }
        active.subtract(exits)
        order.removeAll { exits.contains($0) }
        for chosen in enabled { try perform(chosen.transition.actions) }
        var entries = EntrySet(of: tree.nodes.count)
        for (chosen, domain) in zip(enabled, domains) {
            let way = way(of: chosen)
            if let known = way.entries {
                entries.add(known)
                continue
            }
            entries.add(
                chosen.transition,
                from: chosen.source,
                to: way.targets,
                domain: domain,
                in: tree.shape,
                history: state.history
            )
        }
        try enter(entries)
        if active == activeBefore, !isHistoryKept {
            // The same states, even left and entered anew, keep their order, as in XState.
            order = orderBefore
        } else {
            isChanged = true
        }
    }

    /// Enters the initial configuration.
    mutating func enterInitial() throws(ChartFailure) {
        var entries = EntrySet(of: tree.nodes.count)
        entries.addInitial(of: tree.shape, history: state.history)
        try enter(entries)
    }

    /// Keeps, for the history nodes of states about to be left, what is active in them; whether there were any.
    private mutating func remember(_ exits: NodeSet) -> Bool {
        var isKept = false
        guard tree.hasHistories else { return false }
        for node in exits {
            for history in tree.nodes[node].histories {
                let isDeep = chart.nodes[history].kind == .history(deep: true)
                let (inside, tree, active) = (tree.inside(node), tree, active)
                state.history[history] =
                    isDeep
                    ? active.filter { tree.nodes[$0].isAtomic && inside.contains($0) }
                    : tree.nodes[node].regions.filter(active.contains)
                isKept = true
            }
        }
        return isKept
    }

    /// Does what leaving a node brings about; who calls it takes the node out of `active`.
    private mutating func exit(_ node: Chart.NodeIndex) throws(ChartFailure) {
        try perform(chart.nodes[node].exit)
        if !state.timers.isEmpty { state.timers.removeAll { $0.node == node } }
        for invocation in chart.nodes[node].invoke where state.running[invocation.id] == node {
            stopActor(invocation.id)
        }
        if !chart.nodes[node].invoke.isEmpty { isChanged = true }
        if chart.nodes[node].park != nil { effects.append(.unpark(node: node)) }
    }

    private mutating func enter(_ entries: EntrySet) throws(ChartFailure) {
        var completed: Set<Chart.NodeIndex> = []
        // A history may lead to states that this step has not left; they are not entered a second time. The root alone
        // is, when it is the target.
        for node in entries.nodes where node == Chart.root || !isActive(node) {
            if tree.nodes[node].entersQuietly {
                activate(node)
                continue
            }
            try enter(node, isByDefault: entries.byDefault.contains(node))
            if chart.nodes[node].kind == .final { try reachFinal(node, completed: &completed) }
        }
        if state.status == .done { try end() }
    }

    private mutating func activate(_ node: Chart.NodeIndex) {
        guard !isActive(node) else { return }
        active.insert(node)
        order.append(node)
    }

    private mutating func enter(_ node: Chart.NodeIndex, isByDefault: Bool) throws(ChartFailure) {
        activate(node)
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
        if !state.timers.isEmpty { state.timers.removeAll { $0.node == node } }
        for timer in tree.nodes[node].timers {
            startTimer(id: timer.event, event: timer.event, payload: .null, delay: timer.delay, node: node)
        }
    }

    private mutating func startActor(_ invocation: Invocation, node: Chart.NodeIndex) throws(ChartFailure) {
        var input = JSONValue.null
        if let program = invocation.input { input = try evaluate(program) }
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
            let outside = event
            event = done
            state.output = try evaluate(program)
            event = outside
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
        case .parallel: tree.nodes[node].regions.allSatisfy { isFinal($0) }
        }
    }

    /// The machine is done: exit actions run, but the configuration stays for who wants to know where it ended.
    private mutating func end() throws(ChartFailure) {
        for node in active.members.reversed() {
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
