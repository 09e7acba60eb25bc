/// Lets each kind of trouble through once, and again only when it has lasted long or come back.
struct NoticeFilter {
    /// How long the same trouble is not repeated.
    static let repeatMilliseconds = 300_000
    /// How many kinds are told apart; what comes beyond is not told, its like has been.
    static let kindsMax = 200

    private var given: [String: Int] = [:]

    /// True when the operator should hear of it now. Kinds are few: error codes and topics.
    mutating func admits(_ kind: String, at now: Int) -> Bool {
        if let last = given[kind], now - last < Self.repeatMilliseconds { return false }
        if given[kind] == nil, given.count >= Self.kindsMax { return false }
        given[kind] = now
        return true
    }
}
