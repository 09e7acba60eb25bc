/// The names of the events that the machine sends itself, and how descriptors match.
package enum EventName {
    /// What the names of the machine's own events begin with.
    static let ownPrefix = "xstate."

    package static func doneState(_ nodeID: String) -> String { "xstate.done.state." + nodeID }
    package static func doneActor(_ invokeID: String) -> String { "xstate.done.actor." + invokeID }
    package static func errorActor(_ invokeID: String) -> String { "xstate.error.actor." + invokeID }

    /// The event of a state's `after`.
    package static func after(_ name: String, _ nodeID: String) -> String { "xstate.after." + name + "." + nodeID }

    /// Whole milliseconds, or with decimals when there are any.
    package static func milliseconds(_ delay: Interval) -> String {
        let rest = delay.microseconds % 1_000
        var number = String(delay.milliseconds)
        if rest != 0 {
            let digits = String(rest.magnitude)
            number += "." + String(repeating: "0", count: 3 - digits.utf8.count) + digits
        }
        return number
    }

    /// Whether only the machine and its worker may send an event of this name.
    package static func isReserved(_ type: String) -> Bool {
        type.hasPrefix(ownPrefix) || type == SessionMessages.parkExpired
    }

    static func isWildcard(_ descriptor: String) -> Bool { descriptor == "*" || descriptor.hasSuffix(".*") }

    /// Whether a wildcard descriptor covers the event: `*` every event, `a.*` both `a` and all below it.
    package static func matches(_ type: String, wildcard descriptor: String) -> Bool {
        if descriptor == "*" { return true }
        guard descriptor.hasSuffix(".*") else { return false }
        let stem = descriptor.dropLast(2)
        return type == stem || type.hasPrefix(stem + ".")
    }
}
