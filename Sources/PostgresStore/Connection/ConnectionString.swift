internal import CLibpq
internal import Orchestration

/// The keywords of a connection string, with our defaults for what it leaves open.
struct ConnectionString {
    let keywords: [(name: String, value: String)]

    /// So that a dead host is noticed in seconds, not in the kernel's two hours. Seconds, and milliseconds for the last.
    static let defaults: [(name: String, value: String)] = [
        ("connect_timeout", "5"), ("keepalives", "1"), ("keepalives_idle", "30"), ("keepalives_interval", "5"),
        ("keepalives_count", "3"), ("tcp_user_timeout", "10000"), ("application_name", "genesis"),
    ]

    init(_ text: String) throws(StoreError) {
        // libpq's own message repeats parts of the text, and a part may be the password.
        guard let options = PQconninfoParse(text, nil) else {
            throw .broken(
                reason: "the connection string cannot be read: postgresql://USER@HOST:PORT/DATABASE or "
                    + "`host=… dbname=…` is expected, with a password that has special characters quoted"
            )
        }
        defer { PQconninfoFree(options) }
        var given: [(name: String, value: String)] = []
        var next = options
        while let keyword = next.pointee.keyword {
            if let value = next.pointee.val { given.append((String(cString: keyword), String(cString: value))) }
            next += 1
        }
        let names = Set(given.map(\.name))
        // Of several servers the one that takes writes, wherever that is after a failover.
        let isSeveral = given.contains { $0.name.hasPrefix("host") && $0.value.contains(",") }
        let role = isSeveral ? [(name: "target_session_attrs", value: "read-write")] : []
        keywords =
            (Self.defaults + role).filter { !names.contains($0.name) } + given + [("client_encoding", "UTF8")]
    }
}

extension String {
    /// libpq ends its messages with a line feed.
    var trimmedLine: String {
        var text = self
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
