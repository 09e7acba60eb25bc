/// A point in time: microseconds since 1970-01-01T00:00:00Z, PostgreSQL's own resolution.
///
/// The ground floor never asks what time it is; instants come in as arguments.
package struct Instant: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }

    /// Reads ISO 8601 with a zone (`2026-11-21T03:00:00.25+01:00`, `…Z`), years 1 to 9999.
    ///
    /// A leap second (`:60`) and a time without a zone are refused: neither names one instant everywhere.
    package init?(_ text: String) {
        var reader = DigitReader(text.utf8)
        guard let year = reader.number(digits: 4), reader.take("-"), year >= 1,
            let month = reader.number(digits: 2), reader.take("-"), (1...12).contains(month),
            let day = reader.number(digits: 2), (1...Self.daysIn(month: month, of: year)).contains(day),
            reader.take("T") || reader.take("t") || reader.take(" "),
            let hour = reader.number(digits: 2), reader.take(":"), hour < 24,
            let minute = reader.number(digits: 2), reader.take(":"), minute < 60,
            let second = reader.number(digits: 2), second < 60
        else { return nil }
        var fraction: Int64 = 0
        if reader.take(".") {
            guard let digits = reader.fraction(digitsMax: 9) else { return nil }
            fraction = digits / 1_000
        }
        var offset: Int64 = 0
        if !(reader.take("Z") || reader.take("z")) {
            let sign: Int64
            if reader.take("+") { sign = 1 } else if reader.take("-") { sign = -1 } else { return nil }
            guard let hours = reader.number(digits: 2), hours < 24 else { return nil }
            _ = reader.take(":")
            guard let minutes = reader.isAtEnd ? 0 : reader.number(digits: 2), minutes < 60 else { return nil }
            offset = sign * (hours * 3_600 + minutes * 60)
        }
        guard reader.isAtEnd else { return nil }
        let seconds = Self.days(year: year, month: month, day: day) * 86_400 + hour * 3_600 + minute * 60 + second
        self.init(microseconds: (seconds - offset) * 1_000_000 + fraction)
    }

    /// `2026-11-21T03:00:00.000000Z`; always UTC, always six decimals, so that text order is time order.
    package var description: String {
        let seconds = microseconds.floorDivided(by: 1_000_000)
        let fraction = microseconds - seconds * 1_000_000
        let dayNumber = seconds.floorDivided(by: 86_400)
        let rest = seconds - dayNumber * 86_400
        let (year, month, day) = Self.date(ofDay: dayNumber)
        func padded(_ value: Int64, _ width: Int) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.utf8.count)) + digits
        }
        return "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))T\(padded(rest / 3_600, 2)):"
            + "\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2)).\(padded(fraction, 6))Z"
    }

    package static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }

    /// Saturates instead of trapping: a limit of a million years is far, not fatal.
    package static func + (left: Self, right: Interval) -> Self {
        let (sum, overflow) = left.microseconds.addingReportingOverflow(right.microseconds)
        return Instant(microseconds: overflow ? (right.microseconds > 0 ? .max : .min) : sum)
    }

    package static func - (left: Self, right: Self) -> Interval {
        let (difference, overflow) = left.microseconds.subtractingReportingOverflow(right.microseconds)
        return Interval(microseconds: overflow ? (left > right ? .max : .min) : difference)
    }

    // Howard Hinnant's published civil-calendar arithmetic: days since 1970-01-01, proleptic Gregorian.
    private static func days(year: Int64, month: Int64, day: Int64) -> Int64 {
        let shifted = month <= 2 ? year - 1 : year
        let era = shifted.floorDivided(by: 400)
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func date(ofDay day: Int64) -> (Int64, Int64, Int64) {
        let shifted = day + 719_468
        let era = shifted.floorDivided(by: 146_097)
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let civilMonth = month < 10 ? month + 3 : month - 9
        return (yearOfEra + era * 400 + (civilMonth <= 2 ? 1 : 0), civilMonth, dayOfYear - (153 * month + 2) / 5 + 1)
    }

    private static func daysIn(month: Int64, of year: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}

/// A length of time in microseconds; may be negative.
package struct Interval: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let microseconds: Int64

    package init(microseconds: Int64) { self.microseconds = microseconds }
    package static func milliseconds(_ count: Int64) -> Interval {
        let (product, overflow) = count.multipliedReportingOverflow(by: 1_000)
        return Interval(microseconds: overflow ? (count > 0 ? .max : .min) : product)
    }
    package static func seconds(_ count: Int64) -> Interval {
        let (product, overflow) = count.multipliedReportingOverflow(by: 1_000_000)
        return Interval(microseconds: overflow ? (count > 0 ? .max : .min) : product)
    }
    package static let zero = Interval(microseconds: 0)

    package var milliseconds: Int64 { microseconds / 1_000 }

    /// Reads an ISO 8601 duration of fixed length: `P7D`, `PT5M`, `P1DT2H`, `PT0.5S`, `P2W`.
    ///
    /// Years and months have no fixed length and are refused; so are signs, empty parts and more than a century.
    package init?(_ text: String) {
        var reader = DigitReader(text.utf8)
        guard reader.take("P") else { return nil }
        var total: Int64 = 0
        var parts = 0
        var inTime = false
        var lastRank = -1
        while !reader.isAtEnd {
            if !inTime, reader.take("T") {
                inTime = true
                guard !reader.isAtEnd else { return nil }
                continue
            }
            guard let whole = reader.number(digitsMax: 10) else { return nil }
            var fraction: Int64 = 0
            var isFraction = false
            if reader.take(".") {
                guard let digits = reader.fraction(digitsMax: 9) else { return nil }
                fraction = digits
                isFraction = true
            }
            let (rank, unit): (Int, Int64)
            if !inTime, reader.take("W") {
                (rank, unit) = (0, 604_800)
            } else if !inTime, reader.take("D") {
                (rank, unit) = (1, 86_400)
            } else if inTime, reader.take("H") {
                (rank, unit) = (2, 3_600)
            } else if inTime, reader.take("M") {
                (rank, unit) = (3, 60)
            } else if inTime, reader.take("S") {
                (rank, unit) = (4, 1)
            } else {
                return nil
            }
            guard rank > lastRank, !isFraction || rank == 4 else { return nil }
            lastRank = rank
            parts += 1
            guard whole <= Self.secondsMax / unit else { return nil }
            total += whole * unit * 1_000_000 + fraction / 1_000
        }
        guard parts > 0, total <= Self.secondsMax * 1_000_000 else { return nil }
        self.init(microseconds: total)
    }

    /// ISO 8601 in days, hours, minutes and seconds.
    package var description: String {
        guard microseconds != 0 else { return "PT0S" }
        var rest = microseconds.magnitude
        var text = microseconds < 0 ? "-P" : "P"
        func take(_ unit: UInt64, _ letter: String) -> String {
            let count = rest / unit
            rest %= unit
            return count > 0 ? "\(count)\(letter)" : ""
        }
        text += take(86_400_000_000, "D")
        guard rest > 0 else { return text }
        text += "T" + take(3_600_000_000, "H") + take(60_000_000, "M")
        guard rest > 0 else { return text }
        var digits = String(rest % 1_000_000)
        digits = String(repeating: "0", count: 6 - digits.utf8.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return text + "\(rest / 1_000_000)" + (digits.isEmpty ? "" : ".\(digits)") + "S"
    }

    package static func < (left: Self, right: Self) -> Bool { left.microseconds < right.microseconds }

    private static let secondsMax: Int64 = 3_155_760_000
}

extension Int64 {
    fileprivate func floorDivided(by divisor: Int64) -> Int64 {
        self >= 0 ? self / divisor : -((-self + divisor - 1) / divisor)
    }
}

/// Reads fixed-width numbers from ASCII without Foundation.
private struct DigitReader {
    private var rest: ArraySlice<UInt8>

    init(_ text: String.UTF8View) { self.rest = Array(text)[...] }

    var isAtEnd: Bool { rest.isEmpty }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard let first = rest.first, UInt32(first) == character.value else { return false }
        rest.removeFirst()
        return true
    }

    mutating func number(digits: Int) -> Int64? {
        var value: Int64 = 0
        for _ in 0..<digits {
            guard let digit = takeDigit() else { return nil }
            value = value * 10 + digit
        }
        return value
    }

    mutating func number(digitsMax: Int) -> Int64? {
        guard var value = takeDigit() else { return nil }
        var count = 1
        while let digit = takeDigit() {
            count += 1
            if count > digitsMax { return nil }
            value = value * 10 + digit
        }
        return value
    }

    /// Decimals after a point, as billionths.
    mutating func fraction(digitsMax: Int) -> Int64? {
        var value: Int64 = 0
        var count = 0
        while let digit = takeDigit() {
            count += 1
            if count > digitsMax { return nil }
            value = value * 10 + digit
        }
        guard count > 0 else { return nil }
        for _ in count..<9 { value *= 10 }
        return value
    }

    private mutating func takeDigit() -> Int64? {
        guard let first = rest.first, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else { return nil }
        rest.removeFirst()
        return Int64(first - UInt8(ascii: "0"))
    }
}
