internal import Orchestration

/// What is wrong with the chart as a whole.
extension Reading {
    func checkChart(_ chart: Chart, refusesUnreachable: Bool) {
        for node in chart.nodes where chart.leadsToItself(history: node.index) {
            let message = "`\(node.id)` remembers nothing at first, and then leads to itself"
            error("history-circle", message, node.place, hint: "give it a `target`")
        }
        for index in unreachable(chart).sorted() {
            let node = chart.nodes[index]
            let message = "no transition leads to `\(node.id)`"
            if refusesUnreachable {
                error("unreachable", message, node.place)
            } else {
                warn("unreachable", message, node.place)
            }
        }
        for node in chart.nodes where node.kind == .atomic && node.parent != nil && !hasWayOut(node, chart) {
            warn("no-way-out", "`\(node.id)` is not final, and nothing leads out of it", node.place)
        }
        if refusesUnreachable { checkWaits(chart) }
        for (event, place) in raised where !chart.names(event) {
            let names = chart.nodes.flatMap { $0.on.map(\.descriptor) }
            let hint = Suggestion.hint(for: event, among: names)
            warn("unheard-event", "no state takes the raised event `\(event)`", place, hint: hint)
        }
    }

    /// What a session may wait for, and for how long.
    private func checkWaits(_ chart: Chart) {
        for node in chart.nodes {
            if waitsWithoutLimit(node, chart) {
                let hint = "give it `meta.park` with `expires`, or an `after`"
                warn(
                    "wait-without-limit",
                    "`\(node.id)` waits for commands without a time limit",
                    node.place,
                    hint: hint
                )
            }
            let replies = node.on.filter { $0.descriptor != SessionMessages.parkExpired }
            if node.park != nil, !replies.contains(where: { !$0.transition.targets.isEmpty }) {
                warn("wait-without-end", "no reply ends the wait `\(node.id)`", node.place, hint: "give `on` a reply")
            }
            var settled: Set<String> = []
            for reply in node.on {
                let name = "`\(reply.descriptor)` of `\(node.id)`"
                if settled.contains(reply.descriptor) {
                    let hint = "put the transition without a guard last"
                    let message = "\(name) is never taken here: one before it has no guard"
                    warn("reply-never-taken", message, reply.transition.place, hint: hint)
                }
                if reply.transition.guardCondition == nil { settled.insert(reply.descriptor) }
            }
        }
    }

    /// Regions of a parallel state are left out: while one idles, another may limit the wait.
    private func waitsWithoutLimit(_ node: StateNode, _ chart: Chart) -> Bool {
        guard node.kind == .atomic, node.park == nil, !node.on.isEmpty else { return false }
        var current: StateNode? = node
        while let state = current {
            if state.kind == .parallel || state.park != nil || !state.after.isEmpty || !state.invoke.isEmpty {
                return false
            }
            if !state.always.isEmpty { return false }
            current = state.parent.map { chart.nodes[$0] }
        }
        return true
    }

    private func hasWayOut(_ node: StateNode, _ chart: Chart) -> Bool {
        var current: StateNode? = node
        while let state = current {
            if leads(state) || !state.onDone.isEmpty { return true }
            current = state.parent.map { chart.nodes[$0] }
        }
        return false
    }

    private func leads(_ state: StateNode) -> Bool { outgoing(state).contains { !$0.targets.isEmpty } }

    private func outgoing(_ state: StateNode) -> [Transition] {
        state.on.map(\.transition) + state.always + state.after.map(\.transition) + state.onDone
            + state.invoke.flatMap { $0.onDone + $0.onError }
    }

    /// The topmost states that no run can enter, guards left aside.
    private func unreachable(_ chart: Chart) -> [Chart.NodeIndex] {
        var active: Set<Chart.NodeIndex> = []
        var entered: Set<Chart.NodeIndex> = []
        var waiting = [Chart.root]
        while let index = waiting.popLast() {
            guard entered.insert(index).inserted else { continue }
            let node = chart.nodes[index]
            switch node.kind {
            case .compound: waiting += node.initial?.targets ?? []
            case .history:
                waiting += node.historyDefault.isEmpty ? node.parent.map { [$0] } ?? [] : node.historyDefault
            case .parallel, .atomic, .final: break
            }
            // Entering a state makes its ancestors active, without their initial states.
            var above: Chart.NodeIndex? = index
            while let current = above, active.insert(current).inserted {
                let state = chart.nodes[current]
                if state.kind == .parallel {
                    waiting += state.children.filter { if case .history = chart.nodes[$0].kind { false } else { true } }
                }
                waiting += outgoing(state).flatMap(\.targets)
                above = state.parent
            }
        }
        return chart.nodes.indices.filter { index in
            guard !active.contains(index) else { return false }
            return chart.nodes[index].parent.map { active.contains($0) } ?? true
        }
    }
}
