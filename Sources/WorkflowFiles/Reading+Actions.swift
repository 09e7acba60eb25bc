internal import Orchestration

/// Actions: a name of `setup`, an inline object, or a list of both.
extension Reading {
    private static let builtIn = ["assign", "raise", "emit", "cancel"]
    private static let unsupportedActions = [
        "sendTo": "use `raise` for this machine, `emit` for the outside", "sendParent": "use `emit`",
        "send": "use `raise` for this machine, `emit` for the outside", "forwardTo": "use `emit`",
        "spawnChild": "use `invoke`", "stopChild": "leave the state that invokes it", "escalate": "use `raise`",
        "enqueueActions": "list the actions, or give transitions guards", "log": "use `emit`",
    ]

    func readActions(_ node: DocumentNode?) -> [Action] { list(node).compactMap(readAction) }

    private func readAction(_ node: DocumentNode) -> Action? {
        if let name = node.string { return namedAction(name, node.place) }
        guard node.entries != nil else {
            wrongType("an action", expected: "a name or an object", node)
            return nil
        }
        guard let type = node["type"] else { return boundAction(node, name: nil) }
        guard let name = text(type, "the type of an action") else { return nil }
        checkKeys(node, "an action", known: WorkflowKeys.inline)
        if Self.unsupportedActions[name] != nil || name.hasPrefix("xstate.") {
            // In a file XState binds these to nothing either.
            if isLenient { return .nothing(name: name) }
            let hint = Self.unsupportedActions[name]
            error("unsupported", "the action `\(name)` is not supported", type.place, hint: hint)
            return nil
        }
        guard Self.builtIn.contains(name) else { return namedAction(name, type.place) }
        return typedAction(name, params(of: node))
    }

    private func namedAction(_ name: String, _ place: SourcePlace) -> Action? {
        if let document = actionDocuments[name] { return boundAction(document, name: name) }
        if isLenient { return .nothing(name: name) }
        let hint = Suggestion.hintOrList(for: name, among: Array(actionDocuments.keys))
        error("unbound-action", "`setup.actions` has no `\(name)`", place, hint: hint)
        return nil
    }

    /// `{assign: …}`, `{emit: …, payload}`, `{raise: …, payload, delay, id}`, `{cancel: …}`, `{session: …}`; in
    /// `setup` also `{type, params}`.
    func boundAction(_ node: DocumentNode, name: String?) -> Action? {
        let what = name.map { "the action `\($0)`" } ?? "an action"
        guard node.entries != nil else {
            wrongType(what, expected: "an object", node)
            return nil
        }
        if let assign = node["assign"] {
            checkKeys(node, what, known: ["assign"])
            return programText(assign, "`assign`").map { .assign($0) }
        }
        if let emit = node["emit"] {
            checkKeys(node, what, known: ["emit", "payload"])
            return text(emit, "`emit`").map { .emit(type: $0, payload: program(node["payload"])) }
        }
        if let raise = node["raise"] {
            checkKeys(node, what, known: ["raise", "payload", "delay", "id"])
            return raiseAction(raise, node)
        }
        if let cancel = node["cancel"] {
            checkKeys(node, what, known: ["cancel"])
            return text(cancel, "`cancel`").map { .cancel(id: $0) }
        }
        if let session = node["session"] {
            checkKeys(node, what, known: ["session"])
            switch session.string {
            case "pause": return .pause
            case "unpause": return .unpause
            default:
                error("wrong-type", "`session` must be `pause` or `unpause`", session.place)
                return nil
            }
        }
        if let type = node["type"], let name = type.string, Self.builtIn.contains(name) {
            checkKeys(node, what, known: WorkflowKeys.inline)
            return typedAction(name, params(of: node))
        }
        let known = ["assign", "emit", "raise", "cancel", "session", "type"]
        let first = node.entries?.first
        error(
            "unknown-key",
            "\(what) must have one of \(known.map { "`\($0)`" }.joined(separator: ", "))",
            first?.keyPlace ?? node.place,
            hint: first.flatMap { Suggestion.hint(for: $0.key, among: known) }
        )
        return nil
    }

    /// The `params` of an inline action or guard; empty when there are none.
    func params(of node: DocumentNode) -> DocumentNode {
        guard let params = node["params"], !params.isNull else {
            return DocumentNode(content: .mapping([]), place: node.place)
        }
        return params
    }

    private func typedAction(_ type: String, _ params: DocumentNode) -> Action? {
        _ = entries(params, "`params`")
        let what = "the action `\(type)`"
        switch type {
        case "assign":
            checkKeys(params, what, known: ["expr"])
            return programText(needed("expr", of: params, what), "`expr`").map { .assign($0) }
        case "emit":
            checkKeys(params, what, known: ["event", "payload"])
            guard let event = needed("event", of: params, what) else { return nil }
            return eventName(event).map { .emit(type: $0, payload: program(params["payload"])) }
        case "raise":
            checkKeys(params, what, known: ["event", "payload", "delay", "id"])
            guard let event = needed("event", of: params, what) else { return nil }
            return raiseAction(event, params)
        default:
            checkKeys(params, what, known: ["id", "sendId"])
            guard let id = params["sendId"] ?? needed("id", of: params, what) else { return nil }
            return text(id, "`id`").map { .cancel(id: $0) }
        }
    }

    private func raiseAction(_ event: DocumentNode, _ node: DocumentNode) -> Action? {
        guard let name = eventName(event) else { return nil }
        raised.append((name, event.place))
        return .raise(
            event: name,
            payload: program(node["payload"]),
            delay: interval(node["delay"], "the delay of `\(name)`"),
            id: text(node["id"], "`id`")
        )
    }

    /// A name, or XState's `{type: name}`.
    private func eventName(_ node: DocumentNode) -> String? {
        if node.entries?.count == 1, let type = node["type"] { return text(type, "an event") }
        return text(node, "an event")
    }
}
