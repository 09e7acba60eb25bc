/// Takes the state of a chart over to another chart.
struct ChartMigration {
    let old: Chart
    let new: Chart
    let map: MigrationMap
    private let newNodes: [String: Chart.NodeIndex]

    init(from old: Chart, to new: Chart, map: MigrationMap) {
        self.old = old
        self.new = new
        self.map = map
        newNodes = Dictionary(new.nodes.map { ($0.id, $0.index) }, uniquingKeysWith: { first, _ in first })
    }

    /// What the map says of the two charts themselves: names that neither has.
    var faults: [String] {
        let known = Set(old.nodes.map(\.id))
        return map.states.sorted { $0.key < $1.key }.flatMap { from, to in
            (known.contains(from) ? [] : ["`states`: the old version has no state `\(from)`"])
                + (newNodes[to] == nil ? ["`states`: the new version has no state `\(to)`"] : [])
        }
    }

    /// The id that a state of the old chart has in the new one.
    func name(of id: String) -> String { map.states[id] ?? id }

    func node(_ index: Chart.NodeIndex) throws(MigrationRefusal) -> Chart.NodeIndex {
        // The machine itself is the machine, whatever it is called.
        if index == Chart.root { return Chart.root }
        let id = old.nodes[index].id
        guard let node = newNodes[name(of: id)] else {
            let target = name(of: id) == id ? "" : " (from `\(id)`)"
            throw MigrationRefusal(
                "the new version has no state `\(name(of: id))`\(target); name its place in `states`"
            )
        }
        return node
    }

    /// The same position in the new chart, with the invocations and timers that belong to it.
    func state(_ state: ChartState, context: JSONValue, now: Instant) throws(MigrationRefusal) -> ChartState {
        var moved = state
        moved.context = context
        var active: Set<Chart.NodeIndex> = [Chart.root]
        var order: [Chart.NodeIndex] = []
        for index in state.entryOrder.isEmpty ? state.configuration.filter(old.isAtomic) : state.entryOrder {
            let node = try node(index)
            order.append(node)
            active.formUnion([node] + new.tree.shape.ancestors(of: node, below: nil))
        }
        guard new.isLegal(active) else {
            let names = order.map { new.nodes[$0].id }.joined(separator: ", ")
            throw MigrationRefusal("the new version cannot be in \(names): a state is missing or one too many")
        }
        moved.configuration = active.sorted()
        moved.entryOrder = order
        moved.history = try history(state)
        moved.visits = try visits(state)
        moved.running = try running(state, active)
        moved.timers = try timers(state, active, now: now)
        moved.timerSequence = (moved.timers.map(\.sequence).max() ?? -1) + 1
        return moved
    }

    /// The invocation of the new chart that goes on with a running one of the old.
    func invocation(_ id: String, of index: Chart.NodeIndex) throws(MigrationRefusal) -> Invocation {
        let place = old.nodes[index].invoke.firstIndex { $0.id == id } ?? 0
        let node = try node(index)
        guard old.nodes[index].invoke.indices.contains(place) else {
            throw MigrationRefusal("nothing is known of the running task `\(id)`")
        }
        let running = old.nodes[index].invoke[place]
        let candidates = new.nodes[node].invoke.filter { $0.src == running.src }
        guard let same = candidates.first(where: { $0.id == id }) ?? candidates.first else {
            throw MigrationRefusal(
                "`\(new.nodes[node].id)` starts no \(running.src), and the session's task of that kind is running"
            )
        }
        return same
    }

    private func running(
        _ state: ChartState,
        _ active: Set<Chart.NodeIndex>
    ) throws(MigrationRefusal) -> [String: Chart.NodeIndex] {
        var running: [String: Chart.NodeIndex] = [:]
        for (id, index) in state.running { running[try invocation(id, of: index).id] = try node(index) }
        var finished: Set<String> = []
        for index in state.configuration {
            for task in old.nodes[index].invoke where state.running[task.id] == nil {
                if let same = try? invocation(task.id, of: index) { finished.insert(same.id) }
            }
        }
        // A state that should have a task but has none would wait for ever.
        for index in active {
            for task in new.nodes[index].invoke where running[task.id] == nil && !finished.contains(task.id) {
                throw MigrationRefusal("`\(new.nodes[index].id)` starts \(task.src), and the session has no such task")
            }
        }
        return running
    }

    private func history(_ state: ChartState) throws(MigrationRefusal) -> [Chart.NodeIndex: [Chart.NodeIndex]] {
        var history: [Chart.NodeIndex: [Chart.NodeIndex]] = [:]
        for (index, remembered) in state.history {
            // A history that the new version has no more is remembered no more.
            guard let node = newNodes[name(of: old.nodes[index].id)], new.isHistory(node) else { continue }
            var nodes: [Chart.NodeIndex] = []
            for past in remembered { nodes.append(try self.node(past)) }
            history[node] = nodes
        }
        return history
    }

    private func visits(_ state: ChartState) throws(MigrationRefusal) -> [Chart.NodeIndex: Int] {
        var visits: [Chart.NodeIndex: Int] = [:]
        for (index, count) in state.visits {
            guard let node = newNodes[name(of: old.nodes[index].id)], new.nodes[node].park != nil else { continue }
            visits[node] = max(visits[node] ?? 0, count)
        }
        return visits
    }

    private func timers(
        _ state: ChartState,
        _ active: Set<Chart.NodeIndex>,
        now: Instant
    ) throws(MigrationRefusal) -> [ChartTimer] {
        var timers: [ChartTimer] = []
        for var timer in state.timers {
            if let index = timer.node {
                let node = try node(index)
                // The n-th delay of the state goes on as the n-th of the new state, and is due when it was to be.
                let place = Self.delays(old.nodes[index]).firstIndex {
                    EventName.after($0.name, old.nodes[index].id) == timer.event
                }
                let delays = Self.delays(new.nodes[node])
                guard let place, delays.indices.contains(place) else {
                    throw MigrationRefusal("`\(new.nodes[node].id)` has no `after` for a timer that is running")
                }
                timer.event = EventName.after(delays[place].name, new.nodes[node].id)
                timer.id = timer.event
                timer.node = node
            }
            timers.append(timer)
        }
        // Delays that the old version did not have count from the move on.
        var known: [Chart.NodeIndex: Int] = [:]
        for index in state.configuration { known[try node(index)] = Self.delays(old.nodes[index]).count }
        var sequence = state.timerSequence
        for index in active.sorted() {
            for delay in Self.delays(new.nodes[index]).dropFirst(known[index] ?? 0) {
                let name = EventName.after(delay.name, new.nodes[index].id)
                timers.append(
                    ChartTimer(
                        id: name,
                        event: name,
                        payload: .null,
                        due: now + delay.delay,
                        sequence: sequence,
                        node: index
                    )
                )
                sequence += 1
            }
        }
        return timers
    }

    /// The first transition of each of the node's timers.
    private static func delays(_ node: StateNode) -> [DelayedTransition] {
        var delays: [DelayedTransition] = []
        for after in node.after where !delays.contains(where: { $0.name == after.name }) { delays.append(after) }
        return delays
    }
}
