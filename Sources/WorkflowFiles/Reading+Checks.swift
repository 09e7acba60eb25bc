internal import Orchestration

/// What is wrong with the chart as a whole.
extension Reading {
    func checkChart(_ chart: Chart, refusesUnreachable: Bool) {
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
        for (event, place) in raised where !chart.names(event) {
            let names = chart.nodes.flatMap { $0.on.map(\.descriptor) }
            let hint = Suggestion.hint(for: event, among: names)
            warn("unheard-event", "no state takes the raised event `\(event)`", place, hint: hint)
        }
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
