/// Why stored JSON is no state of a chart.
package struct ChartStateFailure: Error, Equatable, Sendable, CustomStringConvertible {
    package var reason: String

    package init(reason: String) { self.reason = reason }

    package var description: String { "chart state: \(reason)" }
}

extension ChartState {
    /// The state as it is stored and shown: nodes by id, instants as ISO 8601.
    ///
    /// `value` and `tags` are derived, for readers; `init(json:in:)` does not look at them.
    package func json(in chart: Chart) -> JSONValue {
        func ids(_ nodes: [Chart.NodeIndex]) -> JSONValue { .array(nodes.map { .string(chart.nodes[$0].id) }) }
        return [
            "value": chart.value(of: self),
            "configuration": ids(configuration),
            "entered": ids(entryOrder),
            "context": context,
            "history": .object(JSONObject(history.map { (chart.nodes[$0.key].id, ids($0.value)) })),
            "timers": .array(timers.map { $0.json(in: chart) }),
            "timerSequence": .int(timerSequence),
            "running": .object(JSONObject(running.map { ($0.key, .string(chart.nodes[$0.value].id)) })),
            "visits": .object(JSONObject(visits.map { (chart.nodes[$0.key].id, .int($0.value)) })),
            "status": .string(status.rawValue),
            "output": output,
            "tags": .array(chart.tags(of: self).map { .string($0) }),
        ]
    }

    /// Reads what `json(in:)` wrote for the same definition.
    ///
    /// - Throws: `ChartStateFailure`, which names what is missing, unknown or impossible.
    package init(json: JSONValue, in chart: Chart) throws(ChartStateFailure) {
        let reader = ChartStateReader(chart)
        let members = try reader.object(json, "the state")
        self.init()
        configuration = try reader.nodes(members["configuration"], "configuration").sorted()
        entryOrder = try reader.nodes(members["entered"] ?? [], "entered")
        context = .object(try reader.object(members["context"], "context"))
        for member in try reader.object(members["history"], "history") {
            history[try reader.historyNode(member.key)] = try reader.nodes(member.value, "history.\(member.key)")
        }
        for timer in try reader.array(members["timers"], "timers") { timers.append(try reader.timer(timer)) }
        timerSequence = try reader.count(members["timerSequence"], "timerSequence")
        for member in try reader.object(members["running"], "running") {
            running[member.key] = try reader.invoker(of: member.key, member.value)
        }
        for member in try reader.object(members["visits"], "visits") {
            visits[try reader.node(.string(member.key), "visits")] = try reader.count(member.value, "visits")
        }
        let word = try reader.text(members["status"], "status")
        guard let status = Status(rawValue: word) else {
            throw ChartStateFailure(reason: "status `\(word)` is unknown")
        }
        self.status = status
        output = members["output"] ?? .null
        try reader.check(self)
    }
}

extension ChartTimer {
    fileprivate func json(in chart: Chart) -> JSONValue {
        [
            "id": .string(id),
            "event": .string(event),
            "payload": payload,
            "due": .string(due.description),
            "sequence": .int(sequence),
            "node": JSONValue(node.map { chart.nodes[$0].id }),
        ]
    }
}

/// Reads the parts of a stored state; every fault names its place.
private struct ChartStateReader {
    let chart: Chart

    init(_ chart: Chart) { self.chart = chart }

    private func wrong(_ value: JSONValue?, _ place: String, expected: String) -> ChartStateFailure {
        ChartStateFailure(reason: "`\(place)` is \(value?.typeName ?? "missing"), expected \(expected)")
    }

    func object(_ value: JSONValue?, _ place: String) throws(ChartStateFailure) -> JSONObject {
        guard let object = value?.object else { throw wrong(value, place, expected: "object") }
        return object
    }

    func array(_ value: JSONValue?, _ place: String) throws(ChartStateFailure) -> [JSONValue] {
        guard let array = value?.array else { throw wrong(value, place, expected: "array") }
        return array
    }

    func text(_ value: JSONValue?, _ place: String) throws(ChartStateFailure) -> String {
        guard let text = value?.string else { throw wrong(value, place, expected: "string") }
        return text
    }

    func count(_ value: JSONValue?, _ place: String) throws(ChartStateFailure) -> Int {
        guard let count = value?.int, count >= 0 else { throw wrong(value, place, expected: "a count") }
        return count
    }

    func node(_ value: JSONValue?, _ place: String) throws(ChartStateFailure) -> Chart.NodeIndex {
        let id = try text(value, place)
        guard let index = chart.tree.indices[id] else {
            throw ChartStateFailure(reason: "`\(place)` names the state `\(id)`, which the chart does not have")
        }
        return index
    }

    func nodes(_ value: JSONValue?, _ place: String) throws(ChartStateFailure) -> [Chart.NodeIndex] {
        var found: [Chart.NodeIndex] = []
        for element in try array(value, place) { found.append(try node(element, place)) }
        return found
    }

    func historyNode(_ id: String) throws(ChartStateFailure) -> Chart.NodeIndex {
        let index = try node(.string(id), "history")
        guard chart.isHistory(index) else {
            throw ChartStateFailure(reason: "`history` names `\(id)`, which is no history state")
        }
        return index
    }

    func invoker(of invocation: String, _ value: JSONValue) throws(ChartStateFailure) -> Chart.NodeIndex {
        let index = try node(value, "running.\(invocation)")
        guard chart.nodes[index].invoke.contains(where: { $0.id == invocation }) else {
            throw ChartStateFailure(
                reason: "`running` has `\(invocation)`, which `\(chart.nodes[index].id)` does not invoke"
            )
        }
        return index
    }

    func timer(_ value: JSONValue) throws(ChartStateFailure) -> ChartTimer {
        let members = try object(value, "timers")
        let due = try text(members["due"], "timers.due")
        guard let instant = Instant(due) else {
            throw ChartStateFailure(reason: "`timers.due` is `\(due)`, which is no instant")
        }
        let owner = members["node"] ?? .null
        return ChartTimer(
            id: try text(members["id"], "timers.id"),
            event: try text(members["event"], "timers.event"),
            payload: members["payload"] ?? .null,
            due: instant,
            sequence: try count(members["sequence"], "timers.sequence"),
            node: owner.isNull ? nil : try node(owner, "timers.node")
        )
    }

    /// Refuses what no step can have left behind.
    func check(_ state: ChartState) throws(ChartStateFailure) {
        guard state.configuration.isEmpty || chart.isLegal(state.configuration) else {
            let ids = state.configuration.map { chart.nodes[$0].id }.joined(separator: ", ")
            throw ChartStateFailure(reason: "the states \(ids) cannot be active together")
        }
        let active = Set(state.configuration)
        for timer in state.timers {
            guard let node = timer.node, !active.contains(node) else { continue }
            throw ChartStateFailure(
                reason: "the timer `\(timer.id)` belongs to `\(chart.nodes[node].id)`, which is not active"
            )
        }
    }
}
