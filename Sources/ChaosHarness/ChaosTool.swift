internal import Glibc
internal import Orchestration

/// `chaos SUBCOMMAND [--name value …]`.
package enum ChaosTool {
    static let usage = """
        chaos kills  --kills N --per-round N         random SIGKILL and SIGSTOP
        chaos matrix --repeat N                      each failpoint with each fault
        chaos faults --rounds N                      everything else that can be away, slow, full or doubled
        chaos short                                  a little of everything, as the tests run it
        chaos controls --rounds N --only NAME,…      every planted mistake must be found, and nothing without one
        chaos races  --count N --pair NAME           two who want the same wait, to the microsecond
        All but races take --seed N, --rounds N (to repeat one round: its own seed, 1), --genesis FILE, --root FOLDER,
        --folder FOLDER, --keep yes, --out FILE (one JSON line per round, and the summary).
        """

    /// - Returns: the exit code: 0 when every round was clean, 1 when one was not, 2 for a wrong call.
    package static func run(_ arguments: [String]) async -> Int32 {
        do {
            let call = try ChaosCall(arguments)
            switch call.subcommand {
            case "kills":
                let perRound = try call.number("per-round", default: 400)
                let kills = try call.number("kills", default: 400)
                let rounds = try call.number("rounds", default: (kills + perRound - 1) / max(1, perRound))
                return try await Campaign(call, rounds: rounds).run { seed, _, arena, keeps in
                    try await Kills.round(min(kills, perRound), seed: seed, arena: arena, keepsFolder: keeps)
                }
            case "matrix":
                let rounds = try call.number(
                    "rounds",
                    default: Matrix.rounds(repeating: try call.number("repeat", default: 1))
                )
                // A round shoots with half of the faults; fewer rounds cannot reach every cell.
                let times = rounds * Matrix.faultsPerRound / Fault.allCases.count
                return try await Campaign(call, rounds: rounds).run(
                    mustReach: Matrix.cells,
                    times: times,
                    table: Matrix.table
                ) {
                    seed,
                    _,
                    arena,
                    keeps in
                    try await Matrix.round(seed: seed, arena: arena, keepsFolder: keeps)
                }
            case "short":
                return try await Campaign(call, rounds: try call.number("rounds", default: 1)).run {
                    seed,
                    _,
                    arena,
                    keeps in
                    try await ShortRound.run(seed: seed, arena: arena, keepsFolder: keeps)
                }
            case "controls": return try await Controls.run(call) ? 0 : 1
            case "faults":
                let only = try call.text("only").map { name in
                    guard let scenario = Scenario(rawValue: name) else {
                        throw ChaosFailure(
                            "--only takes one of \(Scenario.allCases.map(\.rawValue).joined(separator: ", "))"
                        )
                    }
                    return [scenario]
                }
                let scenarios = only ?? Scenario.allCases
                let rounds = try call.number("rounds", default: scenarios.count)
                return try await Campaign(call, rounds: rounds).run { seed, number, arena, keeps in
                    try await scenarios[number % scenarios.count].round(seed: seed, arena: arena, keepsFolder: keeps)
                }
            case "races": return try await RacesCommand.run(call) ? 0 : 1
            default: throw ChaosFailure("`\(call.subcommand)` is not a subcommand\n\(usage)")
            }
        } catch {
            say("chaos: \(error)")
            return 2
        }
    }
}

/// Rounds one after another, each with the base seed plus its number.
struct Campaign {
    private let call: ChaosCall
    private let rounds: Int

    init(_ call: ChaosCall, rounds: Int) { (self.call, self.rounds) = (call, rounds) }

    func run(
        settings: [String] = [],
        mustReach: [String] = [],
        times: Int = 1,
        table: (([String: Int]) -> [String])? = nil,
        _ round: @Sendable (_ seed: UInt64, _ number: Int, Arena, _ keeps: Bool) async throws -> RoundReport
    ) async throws -> Int32 {
        let seed = try call.seed()
        let folder = call.text("folder") ?? "/tmp/genesis-chaos-\(getpid())"
        let arena = try Arena(
            folder: folder,
            genesis: call.text("genesis") ?? Self.besideThisProgram("genesis"),
            root: call.text("root") ?? Self.currentFolder(),
            settings: settings
        )
        defer { arena.close() }
        say("chaos \(call.subcommand): seed \(seed), \(rounds) round(s), in \(folder)")
        let out = try call.text("out").map { try Lines(path: $0) }
        var reports: [RoundReport] = []
        let began = MonotonicClock.microseconds()
        for number in 0..<rounds {
            let own = seed &+ UInt64(number)
            let report = try await round(own, number, arena, call.text("keep") != nil)
            reports.append(report)
            out?.write(report.json.text)
            say(Self.line(report, number + 1, rounds))
            if !report.isClean {
                for violation in report.violations { say("  \(violation)") }
                say("  kept: \(report.folder)")
                say("  again: \(repetition(own, report.scenario))")
            }
        }
        let summary = Self.summary(
            reports,
            seconds: Double(MonotonicClock.microseconds() - began) / 1e6,
            seed: seed,
            call
        )
        out?.write(summary.text)
        let counts = Self.total(reports)
        for line in table?(counts) ?? [] { say(line) }
        let missing = mustReach.filter { counts[$0, default: 0] < times }
        for name in missing { say("RED reached \(counts[name, default: 0]) times, not \(times): \(name)") }
        say(summary.text)
        if !missing.isEmpty { return 1 }
        if reports.allSatisfy(\.isClean) {
            arena.close()
            if call.text("keep") == nil { Files.remove(folder) }
            return 0
        }
        return 1
    }

    private func repetition(_ seed: UInt64, _ scenario: String) -> String {
        var words = ["chaos", call.subcommand, "--seed", "\(seed)", "--rounds", "1"]
        if call.subcommand == "faults" { words += ["--only", scenario] }
        for name in ["kills", "per-round", "repeat"] { call.text(name).map { words += ["--\(name)", $0] } }
        return words.joined(separator: " ")
    }

    private static func line(_ report: RoundReport, _ number: Int, _ rounds: Int) -> String {
        let shown = report.counts.sorted { $0.key < $1.key }.filter {
            !$0.key.hasPrefix("reached_") && !$0.key.hasPrefix("cell_") && $0.value > 0
        }
        return "\(report.isClean ? "ok " : "RED") \(number)/\(rounds) \(report.scenario) seed \(report.seed) "
            + "\(Int(report.seconds)) s, drained in \(report.drainMilliseconds) ms: "
            + shown.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }

    private static func summary(_ reports: [RoundReport], seconds: Double, seed: UInt64, _ call: ChaosCall) -> JSONValue
    {
        let counts = total(reports)
        return [
            "summary": .string(call.subcommand), "seed": .string("\(seed)"), "rounds": .int(reports.count),
            "clean": .bool(reports.allSatisfy(\.isClean)), "red": .int(reports.count { !$0.isClean }),
            "seconds": .number(seconds), "drain_ms_max": .int(reports.map(\.drainMilliseconds).max() ?? 0),
            "counts": .object(JSONObject(counts.map { ($0.key, JSONValue.int($0.value)) })),
        ]
    }

    private static func total(_ reports: [RoundReport]) -> [String: Int] {
        reports.reduce(into: [:]) { total, report in
            for (name, number) in report.counts {
                total[name] =
                    name.hasSuffix("_max") ? max(total[name, default: 0], number) : total[name, default: 0] + number
            }
        }
    }

    static func besideThisProgram(_ name: String) -> String {
        var path = [CChar](repeating: 0, count: 4_096)
        readlink("/proc/self/exe", &path, path.count - 1)
        let own = String(decoding: path.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        return own.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/\(name)"
    }

    static func currentFolder() -> String {
        guard let path = getcwd(nil, 0) else { return "." }
        defer { free(path) }
        return String(cString: path)
    }
}

/// A file that grows by lines.
private final class Lines {
    private let descriptor: Int32

    init(path: String) throws {
        descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw ChaosFailure("cannot write \(path)") }
    }

    deinit { close(descriptor) }

    func write(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}
