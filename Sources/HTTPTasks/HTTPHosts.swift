package import Orchestration

/// Which hosts may be called: all, or those of a list.
package struct HTTPHosts: Equatable, Sendable {
    /// `host` (its usual port) or `host:port`, in lower case; nil for all.
    private let allowed: Set<String>?

    /// - Parameter list: `host[:port],…`; nil or empty allows all.
    package init(_ list: String?) {
        let names = (list ?? "").split(separator: ",").map { Self.trimmed($0).lowercased() }.filter { !$0.isEmpty }
        allowed = names.isEmpty ? nil : Set(names)
    }

    private static func trimmed(_ text: Substring) -> String {
        String(text.drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }

    /// Refuses an address that leads nowhere, or where it may not.
    package func check(_ address: HTTPAddress) throws(HTTPFailure) {
        guard let allowed else { return }
        let name = address.port == address.usualPort ? address.host : "\(address.host):\(address.port)"
        guard !allowed.contains(name), !allowed.contains("\(address.host):\(address.port)") else { return }
        throw HTTPFailure(
            .notAllowed,
            "this worker does not call \(name); the setting `http_hosts` lists whom it may call"
        )
    }
}
