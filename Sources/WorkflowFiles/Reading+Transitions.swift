internal import Orchestration

/// Transitions and what is invoked.
extension Reading {
    private static let unsupportedTransitionKeys = [
        "cond": "use `guard`", "internal": "use `reenter`", "in": "use a `stateIn` guard", "delay": "use `after`",
    ]

    /// A target, an object, or a list of them. `orNone`: null forbids the event, as a transition that does nothing.
    func transitions(_ node: DocumentNode?, from source: Chart.NodeIndex, orNone: Bool = false) -> [Transition] {
        guard let node else { return [] }
        if node.isNull { return orNone ? [Transition(place: node.place)] : [] }
        return list(node).compactMap { transition($0, from: source) }
    }

    private func transition(_ node: DocumentNode, from source: Chart.NodeIndex) -> Transition? {
        if node.string != nil { return Transition(targets: targets(node, from: source), place: node.place) }
        guard node.entries != nil else {
            wrongType("a transition", expected: "a target or an object", node)
            return nil
        }
        checkKeys(node, "a transition", known: WorkflowKeys.transition, unsupported: Self.unsupportedTransitionKeys)
        var reenter = false
        if let flag = node["reenter"] {
            if let value = flag.json.bool {
                reenter = value
            } else {
                wrongType("`reenter`", expected: "a boolean", flag)
            }
        }
        return Transition(
            guardCondition: readGuard(node["guard"], from: source),
            targets: targets(node["target"], from: source),
            actions: readActions(node["actions"]),
            reenter: reenter,
            place: node.place
        )
    }

    func readInvocation(_ node: DocumentNode, position: Int, of index: Chart.NodeIndex) -> Invocation? {
        let what = "`invoke` of `\(nodes[index].id)`"
        guard node.entries != nil else {
            wrongType(what, expected: "an object", node)
            return nil
        }
        checkKeys(
            node,
            what,
            known: WorkflowKeys.invocation,
            unsupported: [
                "onSnapshot": "an agent's task has no snapshots", "systemId": "use `id`",
                "autoForward": "agents take no events", "data": "use `input`",
            ]
        )
        guard let sourceNode = node["src"] else {
            error("missing-key", "\(what) needs `src`, an actor of `setup.actors`", node.place)
            return nil
        }
        guard let name = text(sourceNode, "`src`") else { return nil }
        if !isLenient, !isBare, actors[name] == nil {
            let hint = Suggestion.hintOrList(for: name, among: Array(actors.keys))
            error("unbound-actor", "`setup.actors` has no `\(name)`", sourceNode.place, hint: hint)
        }
        let id = text(node["id"], "`id` of \(what)") ?? "\(position).\(nodes[index].id)"
        if let first = invocationIDs[id] {
            let message = "two invocations have the id `\(id)`; first in line \(first.line)"
            // In a machine alone the second takes the place of the first, as in XState; a task's id is for one task.
            if isLenient || isBare {
                warn("duplicate-id", message, node.place)
            } else {
                error("duplicate-id", message, node.place)
            }
        }
        invocationIDs[id] = node.place
        var invocation = Invocation(id: id, src: name, input: program(node["input"]))
        invocation.onDone = transitions(node["onDone"], from: index)
        invocation.onError = transitions(node["onError"], from: index)
        return invocation
    }
}
