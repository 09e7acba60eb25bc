internal import Orchestration

/// The states: first their tree, numbered in document order, then what each of them does.
extension Reading {
    private static let unsupportedStateKeys = [
        "onEntry": "use `entry`", "onExit": "use `exit`", "activities": "use `invoke`", "data": "use `output`",
        "delimiter": "paths are joined by dots", "strict": "leave it out", "schema": "leave it out",
        "tsTypes": "leave it out", "types": "leave it out", "parallel": "use `type: parallel`",
        "predictableActionArguments": "leave it out", "preserveActionOrder": "leave it out",
        "cond": "use `guard` in a transition", "route": "write the transitions",
    ]

    /// Numbers the state and all below it.
    func numberStates(_ node: DocumentNode, key: String, parent: Chart.NodeIndex?, path: String) {
        let index = nodes.count
        let explicit = text(node["id"], "`id`")
        var state = StateNode(
            index: index,
            parent: parent,
            key: key,
            id: parent == nil ? key : explicit ?? path,
            kind: .atomic
        )
        state.place = node.place
        guard node.entries != nil || node.isNull else {
            return wrongType("the state `\(key)`", expected: "an object", node)
        }
        nodes.append(state)
        documents.append(node)
        if nodesByID[state.id] != nil {
            error("duplicate-id", "two states have the id `\(state.id)`", node["id"]?.place ?? node.place)
        } else {
            nodesByID[state.id] = index
        }
        if let parent { nodes[parent].children.append(index) }
        let children = entries(node["states"], "`states` of `\(state.id)`")
        for child in children {
            numberStates(child.value, key: child.key, parent: index, path: path + "." + child.key)
        }
        nodes[index].kind = kind(of: node, id: state.id, hasChildren: !children.isEmpty)
    }

    private func kind(of node: DocumentNode, id: String, hasChildren: Bool) -> StateNode.Kind {
        let kinds = ["atomic", "compound", "parallel", "final", "history"]
        let implied = node["history"] != nil ? "history" : hasChildren ? "compound" : "atomic"
        let type = node["type"].map { text($0, "`type` of `\(id)`") ?? implied } ?? implied
        let place = node["type"]?.place ?? node.place
        if !kinds.contains(type) {
            let hint = Suggestion.hint(for: type, among: kinds)
            error("wrong-type", "`type` of `\(id)` is none of \(kinds.joined(separator: ", "))", place, hint: hint)
        } else if type == "parallel", !hasChildren {
            warn("no-regions", "`\(id)` is parallel and has no `states`", place)
        } else if hasChildren != ["compound", "parallel"].contains(type) {
            error("wrong-type", "`\(id)` is \(type), which goes \(hasChildren ? "without" : "with") `states`", place)
        }
        switch type {
        case "parallel": return .parallel
        case "final": return .final
        case "history":
            guard let depth = node["history"], depth.json != .bool(true) else { return .history(deep: false) }
            if depth.string != "deep", depth.string != "shallow" {
                error("wrong-type", "`history` of `\(id)` must be `deep` or `shallow`", depth.place)
            }
            return .history(deep: depth.string == "deep")
        default: return hasChildren ? .compound : .atomic
        }
    }

    /// Reads what the state does; all states are numbered.
    func readState(_ index: Chart.NodeIndex) {
        let node = documents[index]
        let what = "`\(nodes[index].id)`"
        let isRoot = nodes[index].parent == nil
        checkKeys(
            node,
            what,
            known: WorkflowKeys.state + (isRoot ? WorkflowKeys.machine : []),
            unsupported: Self.unsupportedStateKeys
        )
        nodes[index].initial = initial(node, of: index)
        nodes[index].entry = readActions(node["entry"])
        nodes[index].exit = readActions(node["exit"])
        for event in entries(node["on"], "`on` of \(what)") {
            if event.key.isEmpty { error("wrong-type", "an event needs a name", event.keyPlace, hint: "use `always`") }
            if event.value.isNull, event.key.dropLast().contains(":") {
                let hint = "is a space missing behind a colon?"
                warn("event-name", "the event is called `\(event.key)` and does nothing", event.keyPlace, hint: hint)
            }
            if event.value.elements?.isEmpty ?? false {
                // No transition, which nevertheless hides the wildcards: one that is never taken.
                let never = Transition(guardCondition: .or([]), place: event.value.place)
                nodes[index].on.append(EventTransition(descriptor: event.key, transition: never))
            }
            for transition in transitions(event.value, from: index, orNone: true) {
                nodes[index].on.append(EventTransition(descriptor: event.key, transition: transition))
            }
        }
        nodes[index].always = transitions(node["always"], from: index)
        for delay in entries(node["after"], "`after` of \(what)") {
            guard let interval = interval(text: delay.key, "`after` of \(what)", delay.keyPlace) else { continue }
            for transition in transitions(delay.value, from: index) {
                let name = delays[delay.key] == nil ? nil : delay.key
                nodes[index].after.append(DelayedTransition(delay: interval, name: name, transition: transition))
            }
        }
        for (position, invocation) in list(node["invoke"]).enumerated() {
            if let read = readInvocation(invocation, position: position, of: index) { nodes[index].invoke.append(read) }
        }
        nodes[index].onDone = transitions(node["onDone"], from: index)
        nodes[index].tags = texts(node["tags"], "`tags` of \(what)")
        nodes[index].output = program(node["output"])
        if case .history = nodes[index].kind { nodes[index].historyDefault = targets(node["target"], from: index) }
        readMeta(node["meta"], of: index)
    }

    private func initial(_ node: DocumentNode, of index: Chart.NodeIndex) -> Transition? {
        let what = "`\(nodes[index].id)`"
        guard nodes[index].kind == .compound else { return nil }
        let keys = nodes[index].children.map { nodes[$0].key }
        guard let initial = node["initial"] else {
            let hint = keys.first.map { "add `initial: \($0)`" }
            error("missing-initial", "\(what) has states and no `initial`", node.place, hint: hint)
            return nil
        }
        if initial.entries != nil {
            checkKeys(initial, "`initial` of \(what)", known: WorkflowKeys.initial)
        }
        let target = initial.entries == nil ? initial : initial["target"]
        guard let target, let key = text(target, "`initial` of \(what)") else { return nil }
        let bare = key.hasPrefix(".") ? key.dropFirst() : key[...]
        guard let child = descendant(bare, of: index) else {
            let hint = Suggestion.hintOrList(for: key, among: keys)
            error("unknown-initial", "\(what) has no state `\(key)` to begin with", target.place, hint: hint)
            return nil
        }
        return Transition(targets: [child], actions: readActions(initial["actions"]), place: initial.place)
    }
}
