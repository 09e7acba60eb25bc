import Orchestration
import Testing

@testable import genesis

@Suite struct TerminalTests {
    @Test func `columns are aligned and as wide as their widest cell`() {
        var table = Table("NAME", ">COUNT")
        table.add("a", "1")
        table.add("long name", "1000")
        #expect(table.text(width: nil) == "NAME       COUNT\na              1\nlong name   1000\n")
    }

    @Test func `a flexible column is cut to fit, never below its minimum`() {
        var table = Table("ID", "TEXT…")
        table.add("1", String(repeating: "x", count: 40))
        #expect(table.text(width: 20).split(separator: "\n")[1] == "1   " + String(repeating: "x", count: 15) + "…")
        #expect(table.text(width: 3).split(separator: "\n")[1] == "1   " + String(repeating: "x", count: 7) + "…")
    }

    @Test func `an optional column is left out where the line does not fit otherwise, the first one first`() {
        var table = Table("ID", "WHOSE?", "TEXT…", "AGE?")
        table.add("1", "somebody's", String(repeating: "x", count: 12), "3h")
        #expect(table.text(width: nil).hasPrefix("ID  WHOSE       TEXT          AGE\n"))
        #expect(table.text(width: 29).hasPrefix("ID  WHOSE       TEXT      AGE\n1   somebody's  xxxxxxx…  3h\n"))
        #expect(table.text(width: 28).hasPrefix("ID  TEXT          AGE\n"))
        #expect(table.text(width: 16) == "ID  TEXT\n1   xxxxxxxxxxxx\n")
    }

    @Test(arguments: [
        ("\u{1B}[31mred\u{1B}[0m", "red"), ("\u{1B}]0;title\u{07}text", "text"), ("\u{1B}]8;;x\u{1B}\\link", "link"),
        ("a\nb\tc", "a b c"), ("\u{202E}evil", "evil"), ("\u{9B}2Jx", "x"), ("\u{1B}", ""), ("\u{1B}[", ""),
        ("é…漢", "é…漢"),
    ])
    func `data cannot move the cursor or change colours`(text: String, shown: String) {
        #expect(Printable.text(text) == shown)
        var table = Table("A")
        table.add(text)
        #expect(!table.text(width: nil).unicodeScalars.contains { $0.value == 0x1B })
    }

    @Test func `wide characters take two columns`() {
        #expect(Printable.width("漢字") == 4)
        #expect(Printable.fitted("漢字漢字", to: 5) == "漢字…")
        #expect(Printable.width("e\u{301}") == 1)
    }

    @Test func `ages are relative and short`() {
        let now = Instant(microseconds: 1_000_000_000_000)
        #expect(Phrases.relative(now + .seconds(-5), to: now) == "5s ago")
        #expect(Phrases.relative(now + .seconds(7 * 86_400), to: now) == "in 7d")
        #expect(Phrases.relative(now + .seconds(7_100), to: now) == "in 118m")
        // A deadline a week away is not six days away a moment later.
        #expect(Phrases.relative(now + .seconds(7 * 86_400 - 1), to: now) == "in 7d")
        #expect(Phrases.relative(now + .seconds(-7 * 86_400 + 1), to: now) == "6d ago")
        #expect(Phrases.relative(now, to: now) == "now")
        #expect(Phrases.relative(nil, to: now) == "–")
        #expect(Phrases.relative(Instant(microseconds: .min), to: now).hasSuffix("d ago"))
    }

    @Test func `a progress bar is full only at the end`() {
        #expect(Phrases.bar(.zero, cells: 4) == "░░░░   0 %")
        #expect(Phrases.bar(Percentage(hundredths: 9_999) ?? .zero, cells: 4) == "███▉  99 %")
        #expect(Phrases.bar(Percentage(hundredths: 3_333) ?? .zero, cells: 4) == "█▎░░  33 %")
        #expect(Phrases.bar(.full, cells: 4) == "████ 100 %")
    }

    @Test func `a log line is one line of JSON with its values cut`() throws {
        let log = JSONLinesLog(level: .info, format: .json, node: "n")
        let long = "x" + String(repeating: "ä", count: 2_000)
        let line = log.line(.error, "went\nwrong", [LogField("x", "\u{1B}[2J\n"), LogField("y", long)], at: .epoch)
        #expect(line.filter { $0 == "\n" }.count == 1 && line.hasSuffix("\n"))
        #expect(!line.unicodeScalars.contains { $0.value == 0x1B })
        let value = try JSONText.parse(line)
        #expect(value["message"].string == "went\nwrong")
        #expect(value["level"].string == "error")
        #expect(value["y"].string == "x" + String(repeating: "ä", count: 511) + "… (4001 bytes)")
    }

    @Test func `a readable log line holds no control characters`() {
        let log = JSONLinesLog(level: .info, format: .text, node: "n")
        let line = log.line(.info, "hello", [LogField("a", "x y"), LogField("b", "z\u{07}")], at: .epoch)
        #expect(line == "00:00:00.000 info    hello a=\"x y\" b=z\n")
    }
}

extension Instant {
    static let epoch = Instant(microseconds: 0)
}
