internal import Orchestration

/// Guards: a name of `setup`, or an inline object.
extension Reading {
    func readGuard(_ node: DocumentNode?, from source: Chart.NodeIndex) -> Guard? {
        guard let node, !node.isNull else { return nil }
        if let name = node.string { return namedGuard(name, node.place, from: source) }
        return inlineGuard(node, from: source)
    }

    /// What stands under a name in `setup.guards`: a program, or an inline object.
    func boundGuard(_ node: DocumentNode, from source: Chart.NodeIndex) -> Guard? {
        if node.entries != nil { return inlineGuard(node, from: source) }
        return programText(node, "a guard").map { .program($0) }
    }

    private func namedGuard(_ name: String, _ place: SourcePlace, from source: Chart.NodeIndex) -> Guard? {
        guard let document = guardDocuments[name] else {
            if isLenient { return .always }
            let hint = Suggestion.hintOrList(for: name, among: Array(guardDocuments.keys))
            error("unbound-guard", "`setup.guards` has no `\(name)`", place, hint: hint)
            return nil
        }
        guard guardsBeingRead.insert(name).inserted else {
            error("unbound-guard", "the guard `\(name)` is defined by itself", place)
            return nil
        }
        defer { guardsBeingRead.remove(name) }
        return boundGuard(document, from: source)
    }

    private func inlineGuard(_ node: DocumentNode, from source: Chart.NodeIndex) -> Guard? {
        guard node.entries != nil else {
            wrongType("a guard", expected: "a name or an object", node)
            return nil
        }
        checkKeys(node, "a guard", known: WorkflowKeys.inline)
        guard let type = node["type"] else {
            error("missing-key", "a guard needs a `type`", node.place)
            return nil
        }
        guard let name = text(type, "the type of a guard") else { return nil }
        let params = params(of: node)
        _ = entries(params, "`params`")
        switch name {
        case "jq":
            checkKeys(params, "a `jq` guard", known: ["expr"])
            guard let expression = needed("expr", of: params, "a `jq` guard") else { return nil }
            return programText(expression, "`expr`").map { .program($0) }
        case "and", "or":
            checkKeys(params, "an `\(name)` guard", known: ["guards"])
            guard let guards = needed("guards", of: params, "an `\(name)` guard") else { return nil }
            let parts = list(guards).compactMap { part(of: name, $0, from: source) }
            return name == "and" ? .and(parts) : .or(parts)
        case "not":
            checkKeys(params, "a `not` guard", known: ["guard"])
            guard let inner = needed("guard", of: params, "a `not` guard") else { return nil }
            return readGuard(inner, from: source).map { .not($0) }
        case "stateIn":
            checkKeys(params, "a `stateIn` guard", known: ["stateValue"])
            guard let value = needed("stateValue", of: params, "a `stateIn` guard") else { return nil }
            return stateIn(value).map { .stateIn($0) }
        default:
            return namedGuard(name, type.place, from: source)
        }
    }

    /// One of several guards, where null is none that could be left out.
    private func part(of name: String, _ node: DocumentNode, from source: Chart.NodeIndex) -> Guard? {
        if node.isNull { wrongType("a guard of `\(name)`", expected: "a name or an object", node) }
        return readGuard(node, from: source)
    }

    func needed(_ key: String, of params: DocumentNode, _ what: String) -> DocumentNode? {
        if let value = params[key], !value.isNull { return value }
        if params.entries != nil { error("missing-key", "\(what) needs `\(key)` in its `params`", params.place) }
        return nil
    }

    /// `#id`, a path from the root, or XState's state value.
    private func stateIn(_ value: DocumentNode) -> [Chart.NodeIndex]? {
        if let text = value.string {
            let node = text.hasPrefix("#") ? nodeByID(text.dropFirst()) : descendant(text[...], of: Chart.root)
            if let node { return [node] }
            error("unknown-target", "no state is `\(text)`", value.place, hint: targetHint(text, from: Chart.root))
            return nil
        }
        var found: [Chart.NodeIndex] = []
        func walk(_ value: DocumentNode, _ parent: Chart.NodeIndex) {
            for entry in entries(value, "`stateValue`") {
                guard let child = child(entry.key[...], of: parent) else {
                    error("unknown-target", "`\(nodes[parent].id)` has no state `\(entry.key)`", entry.keyPlace)
                    continue
                }
                found.append(child)
                guard let key = entry.value.string else {
                    walk(entry.value, child)
                    continue
                }
                guard let grandchild = descendant(key[...], of: child) else {
                    error("unknown-target", "`\(nodes[child].id)` has no state `\(key)`", entry.value.place)
                    continue
                }
                found.append(grandchild)
            }
        }
        walk(value, Chart.root)
        return found
    }
}
