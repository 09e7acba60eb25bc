import Orchestration
import Testing

@Suite struct TimeTests {
    @Test(arguments: [
        ("1970-01-01T00:00:00Z", 0), ("2000-02-29T12:00:00.5Z", 951_825_600_500_000),
        ("2026-11-21T04:00:00+01:00", 1_795_230_000_000_000), ("1969-12-31T23:59:59.999999Z", -1),
        ("2024-12-31 23:59:59-0530", 1_735_709_399_000_000),
    ])
    func `an instant is read to the microsecond`(_ text: String, _ microseconds: Int64) {
        #expect(Instant(text)?.microseconds == microseconds)
    }

    @Test(arguments: [
        "2026-11-21", "2026-11-21T04:00:00", "2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-11-21T24:00:00Z",
        "2026-11-21T23:59:60Z", "2026-11-21T04:00:00.Z", "infinity", "2026-11-21T04:00:00Zx", "",
    ])
    func `what names no single instant is refused`(_ text: String) {
        #expect(Instant(text) == nil)
    }

    @Test func `every printed instant is read back, and text order is time order`() {
        var generator = SystemRandomNumberGenerator()
        let instants = (0..<2_000).map { _ in
            Instant(
                microseconds: Int64.random(in: -60_000_000_000_000_000...250_000_000_000_000_000, using: &generator)
            )
        }
        for instant in instants { #expect(Instant(instant.description) == instant) }
        #expect(instants.map(\.description).sorted() == instants.sorted().map(\.description))
    }

    @Test func `adding saturates instead of trapping`() {
        #expect(Instant(microseconds: .max) + .seconds(1) == Instant(microseconds: .max))
        #expect(Instant(microseconds: .min) - Instant(microseconds: .max) == Interval(microseconds: .min))
        #expect(Interval.seconds(.max) == Interval(microseconds: .max))
    }

    @Test(arguments: [
        ("P7D", 604_800_000_000), ("PT5M", 300_000_000), ("P1DT2H3M4.5S", 93_784_500_000), ("P2W", 1_209_600_000_000),
        ("PT0S", 0), ("PT0.000001S", 1),
    ])
    func `a duration of fixed length is read`(_ text: String, _ microseconds: Int64) {
        #expect(Interval(text)?.microseconds == microseconds)
    }

    @Test(arguments: [
        "", "P", "PT", "7D", "P1Y", "P1M", "-P1D", "PT5", "P1DT", "PT1S1M", "PT1.5M", "P99999999999D", "P1D2D",
    ])
    func `a duration of no fixed length is refused`(_ text: String) {
        #expect(Interval(text) == nil)
    }

    @Test(arguments: ["P7D", "PT5M", "P1DT2H3M4.5S", "PT0S", "PT0.000001S"])
    func `a duration is printed as it was read`(_ text: String) {
        #expect(Interval(text)?.description == text)
    }

    @Test func `a percentage keeps two decimals exactly`() {
        #expect(Percentage("33.33")?.description == "33.33")
        #expect(Percentage("7.5")?.description == "7.50")
        #expect(Percentage(33.333)?.description == "33.33")
        #expect(Percentage(100)?.description == "100.00")
        for text in ["", "100.01", "-1", "1.234", "1.", ".5", "1e2", "０"] {
            #expect(Percentage(text) == nil, "\(text)")
        }
        #expect(Percentage(Double.nan) == nil)
        #expect(Percentage(150) == nil)
    }
}
