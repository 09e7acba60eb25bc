// What changed between two JSON values, exact and small, for the `state_change` of domain events.
//
// Form: an object with one member for each changed member of the old object:
// `{"s": value}` set, `{"d": null}` deleted, `{"p": {…}}` changed within. It is never ambiguous about null.

extension JSONObject {
    /// What turns this object into `other`; empty when they are equal.
    package func difference(to other: JSONObject) -> JSONObject {
        var changes = JSONObject()
        for member in self where other[member.key] == nil { changes[member.key] = ["d": nil] }
        for member in other {
            guard let old = self[member.key] else {
                changes[member.key] = ["s": member.value]
                continue
            }
            if old == member.value { continue }
            if case .object(let before) = old, case .object(let after) = member.value {
                changes[member.key] = ["p": .object(before.difference(to: after))]
            } else {
                changes[member.key] = ["s": member.value]
            }
        }
        return changes
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
