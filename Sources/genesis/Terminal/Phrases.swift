internal import Orchestration

/// Times and shares in words short enough for a table.
enum Phrases {
    /// `12s`, `5m`, `3h`, `2d`: the largest unit alone; `0s` for less than a second.
    static func length(_ interval: Interval) -> String {
        let seconds = interval.microseconds.magnitude / 1_000_000
        switch seconds {
        case 0..<120: return "\(seconds)s"
        case 120..<7_200: return "\(seconds / 60)m"
        case 7_200..<172_800: return "\(seconds / 3_600)h"
        default: return "\(seconds / 86_400)d"
        }
    }

    /// The largest unit alone, to the nearest: what is a week from now is so a second later too.
    private static func nearest(_ interval: Interval) -> String {
        let seconds = Int64(clamping: interval.microseconds.magnitude / 1_000_000)
        let unit: Int64 = seconds < 120 ? 1 : seconds < 7_200 ? 60 : seconds < 172_800 ? 3_600 : 86_400
        return length(.seconds((seconds + unit / 2) / unit * unit))
    }

    /// `5m ago`, `in 7d`, `now`; `–` for no time.
    static func relative(_ instant: Instant?, to now: Instant) -> String {
        guard let instant else { return "–" }
        let difference = instant - now
        if difference.microseconds.magnitude < 1_000_000 { return "now" }
        return difference > .zero ? "in \(nearest(difference))" : "\(length(difference)) ago"
    }

    /// When a wait ends, `in 7d`; `paused, 26s left` while its session's clock stands; `–` when it ended another way.
    static func deadline(_ handle: ResumeHandle, now: Instant) -> String {
        switch handle.status {
        case .pendingPause, .waiting, .paused:
            handle.timeLeft.map { "paused, \(nearest($0)) left" } ?? relative(handle.expiresAt, to: now)
        case .expired: relative(handle.expiresAt, to: now)
        case .resumed, .cancelled: "–"
        }
    }

    /// `1 record`, `3 records`.
    static func records(_ count: Int) -> String { count == 1 ? "1 record" : "\(count) records" }

    /// What a bar has beside its cells: a space and the share.
    static let barShareWidth = 6
    static let barCellsMin = 6

    /// How many cells a bar may have where a line of this width has so much else; `width` nil gives all that are wanted.
    static func barCells(_ wanted: Int, beside others: Int, width: Int?) -> Int {
        width.map { max(barCellsMin, min(wanted, $0 - others - barShareWidth)) } ?? wanted
    }

    /// `██████▌░░░  65 %`: eighths of a cell, so that a bar moves when little has been done.
    static func bar(_ progress: Percentage, cells: Int = 20) -> String {
        let eighths = progress.hundredths * cells * 8 / 10_000
        let part = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8]
        let filled = eighths / 8
        let share = String(progress.hundredths / 100)
        return String(repeating: "█", count: filled) + part
            + String(repeating: "░", count: cells - filled - (part.isEmpty ? 0 : 1))
            + " " + Printable.padded(share, to: 3, right: true) + " %"
    }

    /// The time of day of an instant, UTC: `03:00:00.250`.
    static func clock(_ instant: Instant) -> String {
        String(instant.description.dropFirst(11).prefix(12))
    }

    /// `Command.Genesis.Session.Concept.Confirm` → `Concept.Confirm`; `Genesis.Session.Started` → `Started`.
    static func shortType(_ type: String) -> String {
        for prefix in ["Command.Genesis.Session.", "Genesis.Session."] where type.hasPrefix(prefix) {
            return String(type.dropFirst(prefix.count))
        }
        return type
    }

    static func cut(_ text: String, to length: Int) -> String { Printable.fitted(Printable.text(text), to: length) }
}
