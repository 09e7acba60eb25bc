internal import Orchestration

/// Finds the states that targets name.
extension Reading {
    func child(_ key: Substring, of parent: Chart.NodeIndex) -> Chart.NodeIndex? {
        nodes[parent].children.first { nodes[$0].key == key }
    }

    /// The state at the end of a path of keys joined by dots.
    ///
    /// Keys may have dots themselves, written as they are or, as in XState, behind a backslash.
    func descendant(_ path: Substring, of parent: Chart.NodeIndex) -> Chart.NodeIndex? {
        if path.contains("\\") { return escaped(path, of: parent) }
        if let whole = child(path, of: parent) { return whole }
        for dot in path.indices where path[dot] == "." {
            if let next = child(path[..<dot], of: parent),
                let found = descendant(path[path.index(after: dot)...], of: next)
            {
                return found
            }
        }
        return nil
    }

    private func escaped(_ path: Substring, of parent: Chart.NodeIndex) -> Chart.NodeIndex? {
        node(at: unescapedKeys(path)[...], from: parent)
    }

    private func node(at keys: ArraySlice<String>, from start: Chart.NodeIndex?) -> Chart.NodeIndex? {
        keys.reduce(start) { above, key in above.flatMap { child(key[...], of: $0) } }
    }

    private func unescapedKeys(_ path: Substring) -> [String] {
        var keys = [""]
        var isEscaped = false
        for character in path {
            if !isEscaped, character == "\\" {
                isEscaped = true
            } else if !isEscaped, character == "." {
                keys.append("")
            } else {
                keys[keys.count - 1].append(character)
                isEscaped = false
            }
        }
        return keys
    }

    /// `id`, or `id.child.path`; dots of the id's own may stand behind a backslash too.
    func nodeByID(_ text: Substring) -> Chart.NodeIndex? {
        if let whole = nodesByID[String(text)] { return whole }
        if text.contains("\\") {
            let keys = unescapedKeys(text)
            if let found = node(at: keys.dropFirst(), from: nodesByID[keys[0]]) { return found }
        }
        for dot in text.indices.reversed() where text[dot] == "." {
            if let start = nodesByID[String(text[..<dot])],
                let found = descendant(text[text.index(after: dot)...], of: start)
            {
                return found
            }
        }
        return nil
    }

    func target(_ node: DocumentNode, from source: Chart.NodeIndex) -> Chart.NodeIndex? {
        guard let text = text(node, "a target") else { return nil }
        let found: Chart.NodeIndex?
        if text.hasPrefix("#") {
            found = nodeByID(text.dropFirst())
        } else if text.hasPrefix(".") {
            found = descendant(text.dropFirst(), of: source)
        } else if let parent = nodes[source].parent {
            found = descendant(text[...], of: parent)
        } else {
            found = nil
        }
        if let found { return found }
        let hint = targetHint(text, from: source)
        error("unknown-target", "`\(nodes[source].id)` has no target `\(text)`", node.place, hint: hint)
        return nil
    }

    func targetHint(_ text: String, from source: Chart.NodeIndex) -> String? {
        let isRoot = nodes[source].parent == nil
        if isRoot, !text.hasPrefix("."), !text.hasPrefix("#"), descendant(text[...], of: source) != nil {
            return "did you mean `.\(text)`?"
        }
        let siblings = nodes[source].parent.map { nodes[$0].children } ?? []
        let names =
            siblings.map { nodes[$0].key } + nodes[source].children.map { "." + nodes[$0].key }
            + nodes.map { "#" + $0.id }
        if let near = Suggestion.hint(for: text, among: names) { return near }
        let bare = text.drop { $0 == "." || $0 == "#" }
        if let same = nodes.first(where: { $0.key == bare }) { return "did you mean `#\(same.id)`?" }
        return Suggestion.hintOrList(for: text, among: siblings.map { nodes[$0].key })
    }

    func targets(_ node: DocumentNode?, from source: Chart.NodeIndex) -> [Chart.NodeIndex] {
        // To XState no text at all is no target.
        if node?.string == "" { return [] }
        var found: [Chart.NodeIndex] = []
        for target in list(node).compactMap({ target($0, from: source) }) where !found.contains(target) {
            found.append(target)
        }
        if let node, found.count > 1, let (first, second) = conflict(found) {
            error(
                "conflicting-targets",
                "`\(nodes[first].id)` and `\(nodes[second].id)` cannot be active together",
                node.place
            )
        }
        return found
    }

    /// Two targets that are not in different regions of a parallel state.
    private func conflict(_ targets: [Chart.NodeIndex]) -> (Chart.NodeIndex, Chart.NodeIndex)? {
        func path(_ node: Chart.NodeIndex) -> [Chart.NodeIndex] {
            var path = [node]
            while let last = path.last, let parent = nodes[last].parent { path.append(parent) }
            return path.reversed()
        }
        for (position, first) in targets.enumerated() {
            for second in targets.dropFirst(position + 1) {
                let (left, right) = (path(first), path(second))
                let common = zip(left, right).prefix { $0 == $1 }.count
                let isBelow = common == left.count || common == right.count
                if isBelow || nodes[left[common - 1]].kind != .parallel { return (first, second) }
            }
        }
        return nil
    }
}
