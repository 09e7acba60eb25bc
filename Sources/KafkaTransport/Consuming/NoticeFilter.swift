/// Lets each kind of trouble through once, and again only when it has lasted long or come back.
struct NoticeFilter {
    /// How long the same trouble is not repeated.
    static let repeatMilliseconds = 300_000
    /// How many kinds are told apart; what comes beyond is not told, its like has been.
    static let kindsMax = 200

    private var given: [String: Int] = [:]
    private(set) var isAway = false

    /// True when the operator should hear of it now. Kinds are few: error codes and topics.
    mutating func admits(_ kind: String, at now: Int, isOutage: Bool = false) -> Bool {
        if isOutage { isAway = true }
        if let last = given[kind], now - last < Self.repeatMilliseconds { return false }
        if given[kind] == nil, given.count >= Self.kindsMax { return false }
        given[kind] = now
        return true
    }

    /// The brokers answer: the next outage is news again. True when there was one.
    mutating func recover() -> Bool {
        guard isAway else { return false }
        isAway = false
        given = [:]
        return true
    }
}
