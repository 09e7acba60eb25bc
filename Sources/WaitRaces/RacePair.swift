/// Two who want one wait to go their way, at the same moment.
package enum RacePair: String, CaseIterable, Sendable {
    case replyReply = "reply-reply"
    case replyDeadline = "reply-deadline"
    case replyAbandon = "reply-abandon"
    case replyNavigate = "reply-navigate"
    /// The reply comes while the draft is being made: whoever is first, the reply ends the wait.
    case earlyReplyPark = "early-park"

    /// What ended the wait, and whether it was the left or the right competitor.
    package enum Winner: String, CaseIterable, Sendable { case left, right }

    package var competitors: (left: String, right: String) {
        switch self {
        case .replyReply: ("Concept.Confirm", "Seed.Request")
        case .replyDeadline: ("Concept.Confirm", "deadline")
        case .replyAbandon: ("Concept.Confirm", "Abandon")
        case .replyNavigate: ("Theme.Confirm", "Navigate")
        case .earlyReplyPark: ("Concept.Confirm, kept until the park", "park, then Concept.Confirm")
        }
    }
}

/// What a number of races of one pair came to.
package struct RaceResult: Sendable {
    package var pair: RacePair
    package var count = 0
    package var winners: [RacePair.Winner: Int] = [:]
    /// Commits that found the session changed since they had been decided, and were decided again.
    package var conflicts = 0
    /// The verdicts of those who did not win, with their numbers.
    package var losers: [String: Int] = [:]
    /// Promises that were broken; must be empty.
    package var faults: [String] = []
    package var seconds = 0.0

    /// Races that never met prove nothing: both must win now and then, and both must have decided the same version.
    package var vacuities: [String] {
        var missing = RacePair.Winner.allCases.filter { winners[$0] == nil }.map { "\($0.rawValue) never won" }
        if conflicts == 0 { missing.append("no two commits ever met") }
        return missing
    }

    package var isProof: Bool { faults.isEmpty && vacuities.isEmpty }

    package var line: String {
        let (left, right) = pair.competitors
        let verdicts = losers.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
        return "\(pair.rawValue): \(count) races in \(Int(seconds.rounded())) s; won by \(left) "
            + "\(winners[.left] ?? 0), by \(right) \(winners[.right] ?? 0); \(conflicts) conflicts; losers: "
            + (verdicts.isEmpty ? "none" : verdicts)
    }
}

/// Reproducible chance (SplitMix64).
struct RaceDice: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
