import Orchestration

/// What a microstep leaves, does and enters.
extension SlowInterpreter {
    /// getEffectiveTargetStates
    private func effectiveTargets(_ targets: [Node], _ seen: Set<Node> = []) -> Set<Node> {
        var found: Set<Node> = []
        for target in targets where !seen.contains(target) {
            guard isHistory(target) else {
                found.insert(target)
                continue
            }
            if let remembered = historyValue[target] {
                found.formUnion(remembered)
            } else {
                found.formUnion(effectiveTargets(defaults(ofHistory: target), seen.union([target])))
            }
        }
        return found
    }

    private func defaults(ofHistory node: Node) -> [Node] {
        if !chart.nodes[node].historyDefault.isEmpty { return chart.nodes[node].historyDefault }
        guard let above = parent(node) else { return [] }
        // Ours: a parallel parent means all of its regions; XState has nowhere to go.
        if isParallel(above) { return children(above) }
        return chart.nodes[above].initial?.targets ?? []
    }

    /// getTransitionDomain; nil is outside of the root.
    private func domain(_ enabled: Enabled) -> Node? {
        let targets = effectiveTargets(enabled.transition.targets)
        let isInside = targets.allSatisfy { $0 == enabled.source || isDescendant($0, enabled.source) }
        if !enabled.transition.reenter, isInside { return enabled.source }
        // findLCCA; XState: a parallel state may be the common ancestor, too.
        let all = targets.union([enabled.source])
        let common = properAncestors(enabled.source, upTo: nil).first { ancestor in
            all.allSatisfy { isDescendant($0, ancestor) }
        }
        return common ?? (enabled.transition.reenter ? nil : 0)
    }

    /// computeExitSet
    func exitSet(_ enabled: Enabled) -> Set<Node> {
        if enabled.transition.targets.isEmpty { return [] }
        let domain = domain(enabled)
        return Set(configuration.filter { isDescendant($0, domain) })
    }

    mutating func microstep(_ enabled: [Enabled]) throws {
        steps += 1
        if steps > stepsMax { throw Endless() }
        let before = configuration
        isSnapshotNew = false
        let domains = enabled.map { domain($0) }
        // exitStates
        let toExit = enabled.reduce(into: Set<Node>()) { $0.formUnion(exitSet($1)) }
        var isHistoryNew = false
        var remembered: [Node: Set<Node>] = [:]
        for node in toExit {
            for child in chart.nodes.indices where parent(child) == node {
                guard case .history(let isDeep) = chart.nodes[child].kind else { continue }
                let kept = configuration.filter {
                    isDeep ? isAtomic($0) && isDescendant($0, node) : parent($0) == node
                }
                remembered[child] = Set(kept)
                isHistoryNew = true
            }
        }
        historyValue.merge(remembered) { $1 }
        for node in toExit.sorted(by: >) {
            perform(chart.nodes[node].exit)
            timers.removeAll { $0.node == node }
            for invoke in chart.nodes[node].invoke {
                if running[invoke.id] == node { stop(invoke.id) }
                isSnapshotNew = true
            }
            if chart.nodes[node].park != nil { log.append("unpark \(node)") }
            configuration.removeAll { $0 == node }
        }
        for chosen in enabled { perform(chosen.transition.actions) }
        // computeEntrySet
        var toEnter: Set<Node> = []
        var byDefault: Set<Node> = []
        for (chosen, domain) in zip(enabled, domains) {
            for target in chosen.transition.targets {
                let stays = target == chosen.source && target == domain && !chosen.transition.reenter
                if !isHistory(target), !stays {
                    toEnter.insert(target)
                    byDefault.insert(target)
                }
                addDescendants(target, domain, &toEnter, &byDefault)
            }
            for target in effectiveTargets(chosen.transition.targets).sorted() {
                var ancestors = properAncestors(target, upTo: domain)
                if let domain, isParallel(domain) { ancestors.append(domain) }
                addAncestors(ancestors, domain, &toEnter, &byDefault)
            }
        }
        try enter(toEnter, byDefault)
        // XState: the same states in a new order are the old ones, unless history was kept.
        if Set(configuration) == Set(before), !isHistoryNew { configuration = before } else { isSnapshotNew = true }
    }

    /// addDescendantStatesToEnter
    func addDescendants(
        _ node: Node,
        _ domain: Node?,
        _ toEnter: inout Set<Node>,
        _ byDefault: inout Set<Node>,
        _ seen: Set<Node> = []
    ) {
        if seen.contains(node) { return }
        let seen = seen.union([node])
        if isHistory(node) {
            let remembered = historyValue[node]
            let isInitial = remembered == nil && chart.nodes[node].historyDefault.isEmpty
            let targets = remembered.map { $0.sorted() } ?? defaults(ofHistory: node)
            if isInitial, let above = parent(node) { byDefault.insert(above) }
            for target in targets {
                if !isHistory(target) { toEnter.insert(target) }
                addDescendants(target, domain, &toEnter, &byDefault, seen)
            }
            for target in targets {
                addAncestors(properAncestors(target, upTo: parent(node)), domain, &toEnter, &byDefault)
            }
        } else if isCompound(node) {
            for target in chart.nodes[node].initial?.targets ?? [] {
                if !isHistory(target) {
                    toEnter.insert(target)
                    byDefault.insert(target)
                }
                addDescendants(target, domain, &toEnter, &byDefault, seen)
                addAncestors(properAncestors(target, upTo: node), domain, &toEnter, &byDefault)
            }
        } else if isParallel(node) {
            for child in children(node) where !toEnter.contains(where: { isDescendant($0, child) }) {
                toEnter.insert(child)
                byDefault.insert(child)
                addDescendants(child, domain, &toEnter, &byDefault, seen)
            }
        }
    }

    /// addAncestorStatesToEnter
    private func addAncestors(
        _ ancestors: [Node],
        _ domain: Node?,
        _ toEnter: inout Set<Node>,
        _ byDefault: inout Set<Node>
    ) {
        for ancestor in ancestors {
            if isDescendant(ancestor, domain) { toEnter.insert(ancestor) }
            // Ours: a history leads beyond the domain at times, where nothing was left.
            guard isParallel(ancestor), isDescendant(ancestor, domain) || ancestor == domain else { continue }
            for child in children(ancestor) where !toEnter.contains(where: { isDescendant($0, child) }) {
                // XState: without the region's initial actions.
                toEnter.insert(child)
                addDescendants(child, domain, &toEnter, &byDefault)
            }
        }
    }

    /// enterStates
    mutating func enter(_ toEnter: Set<Node>, _ byDefault: Set<Node>) throws {
        var completed: Set<Node> = []
        // Ours: what was not left is not entered; XState runs the entry actions of such states again.
        for node in toEnter.sorted() where node == 0 || !isActive(node) {
            let state = chart.nodes[node]
            if !isActive(node) { configuration.append(node) }
            perform(state.entry)
            if state.park != nil {
                visits[node, default: 0] += 1
                log.append("park \(node) \(visits[node] ?? 0)")
            }
            timers.removeAll { $0.node == node }
            var names: [String] = []
            for after in state.after where !names.contains(after.name) {
                names.append(after.name)
                let event = "xstate.after.\(after.name).\(state.id)"
                addTimer(event, id: event, after: after.delay.microseconds, node: node)
            }
            for invoke in state.invoke {
                // Ours: only the root, as a target, is entered without having been left; its actors begin anew.
                if running[invoke.id] != nil { stop(invoke.id) }
                running[invoke.id] = node
                started.insert(invoke.id)
                log.append("start \(invoke.id)")
                isSnapshotNew = true
            }
            if byDefault.contains(node) { perform(state.initial?.actions ?? []) }
            guard isFinal(node), let above = parent(node) else { continue }
            // XState: done events are raised as soon as they are true, parallel states after their regions.
            var ancestor = isParallel(above) ? above : parent(above)
            if isCompound(above) {
                internalQueue.append(Sent(type: "xstate.done.state.\(chart.nodes[above].id)", data: .null))
            }
            while let region = ancestor, isParallel(region), !completed.contains(region), isInFinalState(region) {
                completed.insert(region)
                internalQueue.append(Sent(type: "xstate.done.state.\(chart.nodes[region].id)", data: .null))
                ancestor = parent(region)
            }
            if ancestor == nil { status = "done" }
        }
        if status == "done" {
            for node in configuration.sorted(by: >) {
                perform(chart.nodes[node].exit)
                if chart.nodes[node].park != nil { log.append("unpark \(node)") }
            }
            stopAll()
        }
    }

    // MARK: Actions

    private mutating func perform(_ actions: [Action]) {
        for action in actions {
            switch action {
            case .assign(let program):
                precondition(program.source == "inc")
                context = ["n": .number((context["n"].number ?? 0) + 1)]
                isSnapshotNew = true
            case .emit(let type, _): log.append(type)
            case .raise(let event, _, nil, _): internalQueue.append(Sent(type: event, data: .null))
            case .raise(let event, _, .some(let delay), let id):
                addTimer(event, id: id ?? "", after: delay.microseconds, node: nil)
            case .cancel(let id): timers.removeAll { $0.id == id }
            case .pause: log.append("pause")
            case .unpause: log.append("unpause")
            case .nothing: break
            }
        }
    }

    private mutating func addTimer(_ event: String, id: String, after delay: Int64, node: Node?) {
        forget(timerName: id)
        timers.append(Timer(event: event, id: id, due: now + delay, order: timerCount, node: node))
        timerCount += 1
    }

    /// XState: a name is the latest timer's.
    mutating func forget(timerName id: String) {
        for index in timers.indices where timers[index].id == id && timers[index].node == nil { timers[index].id = "" }
    }

    /// An actor that the same step has started is never heard of.
    mutating func stop(_ id: String) {
        running[id] = nil
        if started.remove(id) != nil {
            if let last = log.lastIndex(of: "start \(id)") { log.remove(at: last) }
        } else {
            log.append("cancel \(id)")
        }
    }

    mutating func stopAll() {
        timers = []
        for (id, _) in running.sorted(by: { ($0.value, $0.key) < ($1.value, $1.key) }) { stop(id) }
    }
}
