// What changed between two JSON values, exact and small, for the `state_change` of domain events.
//
// Form: an object with one member for each changed member of the old object:
// `{"s": value}` set, `{"d": null}` deleted, `{"p": {…}}` changed within. It is never ambiguous about null.

extension JSONObject {
    /// What turns this object into `other`; empty when they are equal.
    package func difference(to other: JSONObject) -> JSONObject {
        let (before, after) = (members, other.members)
        var changes: [Member] = []
        var (old, new) = (0, 0)
        // Both are sorted by key, so one walk sees what only one of them has.
        while old < before.count || new < after.count {
            if new == after.count || (old < before.count && before[old].key.precedesInBytes(after[new].key)) {
                changes.append(Member(key: before[old].key, value: ["d": nil]))
                old += 1
            } else if old == before.count || !before[old].key.hasBytes(of: after[new].key) {
                changes.append(Member(key: after[new].key, value: ["s": after[new].value]))
                new += 1
            } else {
                if let change = before[old].value.change(to: after[new].value) {
                    changes.append(Member(key: after[new].key, value: change))
                }
                (old, new) = (old + 1, new + 1)
            }
        }
        return JSONObject(alreadySorted: changes)
    }

    /// This object with the changes made. What is no change is passed over: applying never fails.
    package func applying(_ changes: JSONObject) -> JSONObject {
        var result = self
        for change in changes {
            guard let step = change.value.object else { continue }
            if let value = step["s"] {
                result[change.key] = value
            } else if let inner = step["p"]?.object {
                result[change.key] = .object((result[change.key]?.object ?? [:]).applying(inner))
            } else if step["d"] != nil {
                result[change.key] = nil
            }
        }
        return result
    }
}

extension JSONValue {
    fileprivate func change(to other: JSONValue) -> JSONValue? {
        if self == other { return nil }
        guard case .object(let before) = self, case .object(let after) = other else { return ["s": other] }
        return ["p": .object(before.difference(to: after))]
    }
}
