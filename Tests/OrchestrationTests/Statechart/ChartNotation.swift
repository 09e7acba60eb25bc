@testable import Orchestration

/// A short notation for charts in tests: XState's configuration as a literal.
///
/// Keys are sorted, so document order is the alphabet. An action that is a string emits an event of that name.
/// Targets: `b`, `b.c` (from the parent), `.b` (from the source) and `#id`.
struct ChartNotation {
    private var nodes: [StateNode] = []
    private var configurations: [JSONValue] = []

    static func chart(_ json: JSONValue, context: JSONValue = [:]) -> Chart {
        var notation = ChartNotation()
        notation.add(json, key: json["id"].string ?? "m", parent: nil)
        for index in notation.nodes.indices { notation.resolve(index) }
        return Chart(id: notation.nodes[0].id, nodes: notation.nodes, context: context)
    }

    private mutating func add(_ json: JSONValue, key: String, parent: Int?) {
        let index = nodes.count
        let children = json["states"].object ?? [:]
        let kind: StateNode.Kind =
            switch json["type"].string {
            case "parallel": .parallel
            case "final": .final
            case "history": .history(deep: json["history"].string == "deep")
            default: children.isEmpty ? .atomic : .compound
            }
        let path = path(of: parent).map { $0 + "." + key } ?? key
        nodes.append(StateNode(index: index, parent: parent, key: key, id: json["id"].string ?? path, kind: kind))
        configurations.append(json)
        for member in children {
            nodes[index].children.append(nodes.count)
            add(member.value, key: member.key, parent: index)
        }
    }

    private func path(of node: Int?) -> String? {
        guard let node else { return nil }
        return path(of: nodes[node].parent).map { $0 + "." + nodes[node].key } ?? nodes[node].key
    }

    private mutating func resolve(_ index: Int) {
        let json = configurations[index]
        var node = nodes[index]
        node.entry = actions(json["entry"])
        node.exit = actions(json["exit"])
        if let initial = json["initial"].string {
            node.initial = Transition(targets: [descend(from: index, initial)])
        } else if let initial = json["initial"]["target"].string {
            node.initial = Transition(
                targets: [descend(from: index, initial)],
                actions: actions(json["initial"]["actions"])
            )
        }
        for member in json["on"].object ?? [:] {
            node.on += transitions(member.value, index).map {
                EventTransition(descriptor: member.key, transition: $0)
            }
        }
        node.always = transitions(json["always"], index)
        node.onDone = transitions(json["onDone"], index)
        for member in json["after"].object ?? [:] {
            let delay = Interval.milliseconds(Int64(member.key) ?? 0)
            node.after += transitions(member.value, index).map { DelayedTransition(delay: delay, transition: $0) }
        }
        for (position, item) in list(json["invoke"]).enumerated() {
            var invocation = Invocation(
                id: item["id"].string ?? "\(position).\(node.id)",
                src: item["src"].string ?? "work",
                input: item["input"].string.map { Program($0) }
            )
            invocation.onDone = transitions(item["onDone"], index)
            invocation.onError = transitions(item["onError"], index)
            node.invoke.append(invocation)
        }
        if case .history = node.kind, let target = json["target"].string {
            node.historyDefault = [self.target(target, index)]
        }
        node.tags = list(json["tags"]).compactMap(\.string)
        node.output = json["output"].string.map { Program($0) }
        if let expires = json["park"].int { node.park = Park(expires: .milliseconds(Int64(expires))) }
        nodes[index] = node
    }

    private func list(_ json: JSONValue) -> [JSONValue] { json.isNull ? [] : json.array ?? [json] }

    private func descend(from start: Int, _ path: String) -> Int {
        var node = start
        for key in path.split(separator: ".") {
            guard let child = nodes[node].children.first(where: { nodes[$0].key == key }) else {
                preconditionFailure("no state \(path) in \(nodes[start].id)")
            }
            node = child
        }
        return node
    }

    private func target(_ text: String, _ source: Int) -> Int {
        if text.hasPrefix("#") { return nodes.firstIndex { $0.id == text.dropFirst() } ?? 0 }
        if text.hasPrefix(".") { return descend(from: source, text) }
        return descend(from: nodes[source].parent ?? source, text)
    }

    private func transitions(_ json: JSONValue, _ source: Int) -> [Transition] {
        list(json).map { item in
            let targets = item.string.map { [$0] } ?? list(item["target"]).compactMap(\.string)
            return Transition(
                guardCondition: item["guard"].isNull ? nil : condition(item["guard"]),
                targets: targets.map { target($0, source) },
                actions: actions(item["actions"]),
                reenter: item["reenter"].bool ?? false
            )
        }
    }

    private func condition(_ json: JSONValue) -> Orchestration.Guard {
        if let program = json.string { return .program(Program(program)) }
        if let parts = json["and"].array { return .and(parts.map(condition)) }
        if let parts = json["or"].array { return .or(parts.map(condition)) }
        if let states = json["in"].array {
            return .stateIn(states.compactMap { id in nodes.firstIndex { $0.id == id.string } })
        }
        return json["not"].isNull ? .always : .not(condition(json["not"]))
    }

    private func actions(_ json: JSONValue) -> [Action] {
        list(json).map { item in
            if let name = item.string {
                return switch name {
                case "pause": .pause
                case "unpause": .unpause
                default: .emit(type: name, payload: nil)
                }
            }
            let payload = item["payload"].string.map { Program($0) }
            if let program = item["assign"].string { return .assign(Program(program)) }
            if let id = item["cancel"].string { return .cancel(id: id) }
            if let type = item["emit"].string { return .emit(type: type, payload: payload) }
            guard let event = item["raise"].string else { return .nothing(name: "unbound") }
            return .raise(
                event: event,
                payload: payload,
                delay: item["delay"].int.map { .milliseconds(Int64($0)) },
                id: item["id"].string
            )
        }
    }
}
