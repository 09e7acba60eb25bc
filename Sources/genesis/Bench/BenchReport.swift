internal import KafkaTransport
internal import Orchestration

/// What a scenario found, in the form that `--json` prints. The member names are stable; `schema` counts changes.
struct BenchReport: Sendable {
    static let schema = 1

    var scenario: String
    var startedAt: Instant
    var settings: JSONObject
    /// What was measured; the unit ends each name (`_per_second`, `_ms`).
    var result: JSONObject
    /// What no worker can be faster than, measured in the same run; null when there was no place to measure it.
    var floor: JSONValue
    /// The main figure as a share of the floor's.
    var ratio: Double?

    static var isReleaseBuild: Bool {
        #if DEBUG
            false
        #else
            true
        #endif
    }

    func json(versions: JSONObject) -> JSONValue {
        [
            "schema": .int(Self.schema), "scenario": .string(scenario), "started_at": JSONValue(startedAt),
            "build": Self.isReleaseBuild ? "release" : "debug", "machine": BenchMachine.json,
            "versions": .object(
                versions.merging([
                    "genesis": .string(VersionCommand.version), "librdkafka": .string(KafkaLibrary.version),
                ])
            ),
            "settings": .object(settings), "result": .object(result), "floor": floor,
            "ratio": ratio.map { .number(Self.rounded($0)) } ?? .null,
        ]
    }

    var table: Table {
        if result.contains(where: { $0.value.object != nil }) { return sideBySide }
        var table = Table("WHAT", ">FIGURE", "OF")
        for (of, values) in [("run", result), ("floor", floor.object ?? [:])] {
            for member in values { table.add(member.key, member.value.string ?? member.value.text, of) }
        }
        if let ratio { table.add("ratio", JSONValue.number(Self.rounded(ratio)).text, "run / floor") }
        return table
    }

    /// A column for each case that was measured.
    private var sideBySide: Table {
        let names = result.first { $0.value.object != nil }?.value.object?.map(\.key) ?? []
        let cases = names.sorted { ($0.count, $0) < ($1.count, $1) }
        var table = Table(
            [.init(title: "WHAT")] + (cases + ["RATIO"]).map { Table.Column(title: $0, alignsRight: true) }
        )
        for member in result {
            let figures = cases.map { member.value[$0].text }
            table.add([member.key] + figures + [floor[member.key].number.map { JSONValue.number($0).text } ?? "–"])
        }
        if let ratio { table.add(["worst"] + cases.map { _ in "" } + [JSONValue.number(Self.rounded(ratio)).text]) }
        return table
    }

    /// Three digits after the point: more would pretend.
    static func rounded(_ value: Double) -> Double { (value * 1_000).rounded() / 1_000 }

    static func figure(_ value: Double) -> JSONValue { .number(rounded(value)) }
}

extension Duration {
    /// In seconds; never zero, so that it can divide.
    var seconds: Double {
        let (seconds, attoseconds) = components
        return max(1e-6, Double(seconds) + Double(attoseconds) / 1e18)
    }
}

/// Percentiles of times, by nearest rank.
struct Percentiles: Sendable {
    private let sorted: [Interval]

    init(_ times: [Interval]) { sorted = times.sorted() }

    var count: Int { sorted.count }

    /// In milliseconds; nil when nothing was measured.
    func milliseconds(_ share: Double) -> Double? {
        guard !sorted.isEmpty else { return nil }
        let rank = Int((share * Double(sorted.count)).rounded(.up)) - 1
        return Double(sorted[min(max(0, rank), sorted.count - 1)].microseconds) / 1_000
    }

    var json: JSONObject {
        func figure(_ share: Double) -> JSONValue { milliseconds(share).map(BenchReport.figure) ?? .null }
        return ["samples": .int(count), "p50_ms": figure(0.5), "p99_ms": figure(0.99), "max_ms": figure(1)]
    }
}
