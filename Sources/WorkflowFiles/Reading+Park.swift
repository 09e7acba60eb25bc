internal import Orchestration

/// `meta`: the state's stage, and whether it waits for a person.
extension Reading {
    func readMeta(_ node: DocumentNode?, of index: Chart.NodeIndex) {
        let isTopLevel = nodes[index].parent == Chart.root
        if isTopLevel, GenesisStage(rawValue: nodes[index].key) != nil { nodes[index].stage = nodes[index].key }
        guard let node, !node.isNull else { return }
        _ = entries(node, "`meta` of `\(nodes[index].id)`")
        nodes[index].meta = node.json
        if let stage = node["stage"], let name = text(stage, "`meta.stage`") {
            if GenesisStage(rawValue: name) == nil {
                let stages = GenesisStage.allCases.map(\.rawValue)
                let hint = Suggestion.hint(for: name, among: stages) ?? "one of " + stages.joined(separator: ", ")
                error("unknown-stage", "`\(name)` is no stage", stage.place, hint: hint)
            }
            nodes[index].stage = name
        }
        if let park = node["park"] { nodes[index].park = readPark(park, of: index) }
    }

    private func readPark(_ node: DocumentNode, of index: Chart.NodeIndex) -> Park? {
        let what = "`park` of `\(nodes[index].id)`"
        guard node.entries != nil else {
            wrongType(what, expected: "an object", node)
            return nil
        }
        switch nodes[index].kind {
        case .final, .history:
            error("wrong-type", "\(what): a final or history state cannot wait", node.place)
        case .atomic, .compound, .parallel: break
        }
        checkKeys(
            node,
            what,
            known: WorkflowKeys.park
        )
        guard let expiry = node["expires"] else {
            let hint = "e.g. `expires: P7D`"
            error("park-expires", "\(what) needs `expires`: no wait is endless", node.place, hint: hint)
            return nil
        }
        guard let expires = positive(expiry, "`expires` of \(what)") else { return nil }
        var park = Park(expires: expires)
        park.reminders = list(node["reminders"]).compactMap { positive($0, "`reminders` of \(what)") }.sorted()
        if let late = park.reminders.last, late >= expires {
            warn("late-reminder", "\(what): the reminder after \(late) is not before the end", node.place)
        }
        park.draft = programText(node["draft"], "`draft` of \(what)")
        park.correlation = programText(node["correlation"], "`correlation` of \(what)")
        park.contextData = programText(node["context"], "`context` of \(what)")
        park.allowedUsers = programText(node["allowed"], "`allowed` of \(what)")
        let replies = entries(documents[index]["on"], "`on`").map(\.key)
        for entry in entries(node["schemas"], "`schemas` of \(what)") {
            if !replies.contains(entry.key) {
                let hint = Suggestion.hint(for: entry.key, among: replies)
                warn("unused-schema", "\(what): no reply is called `\(entry.key)`", entry.keyPlace, hint: hint)
            }
            park.schemas[entry.key] = schema(entry.value, "the schema of `\(entry.key)`")
        }
        return park
    }
}
