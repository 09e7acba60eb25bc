import EmbeddedServices
import Foundation
import Orchestration
import Testing

/// The scenarios on real parts, small: what they print, not how fast they are.
@Suite(.serialized) struct BenchTests {
    private func bench(_ arguments: String...) async throws -> (code: Int32, output: String, json: JSONValue?) {
        let base = "/tmp/genesis-e2e-bench-\(UUID().uuidString.prefix(8))"
        let script = #""$0" bench "$@" >\#(base).json"#
        let process = try ChildProcess(
            ["/bin/sh", "-c", script, Fleet.executable] + arguments,
            environment: [
                "PATH": "/usr/bin:/bin", "GENESIS_WORKFLOWS": Fleet.root.appending(path: "Workflows").path,
                "GENESIS_MIGRATIONS": Fleet.root.appending(path: "Migrations").path,
            ],
            logFile: "\(base).log"
        )
        try await eventually("the bench ends", seconds: 240) { process.exitCode != nil }
        let json = (try? String(contentsOfFile: "\(base).json", encoding: .utf8)) ?? ""
        let log = (try? String(contentsOfFile: "\(base).log", encoding: .utf8)) ?? ""
        for end in ["json", "log"] { try? FileManager.default.removeItem(atPath: "\(base).\(end)") }
        let text = json.trimmingCharacters(in: .whitespacesAndNewlines)
        return (process.exitCode ?? -1, log, try? JSONText.parse(text))
    }

    private func check(_ report: JSONValue, _ scenario: String, positive names: [String]) {
        #expect(report["schema"].int == 1)
        #expect(report["scenario"].string == scenario)
        #expect(["release", "debug"].contains(report["build"].string))
        #expect(report["machine"]["cpus"].int ?? 0 > 0)
        #expect(report["versions"]["postgresql"].string?.isEmpty == false)
        #expect(report["settings"]["postgresql"]["fsync"].string == "on")
        #expect(report["settings"]["postgresql"]["synchronous_commit"].string == "on")
        for name in names { #expect(report["result"][name].number ?? 0 > 0, "\(name) in \(report.text)") }
        #expect(report["ratio"].number ?? 0 > 0, "\(report.text)")
    }

    @Test func `a scenario that does not exist and a debug build are refused with a sentence`() async throws {
        let unknown = try await bench("speed")
        #expect(unknown.code == 2)
        #expect(unknown.output.contains("intake, turns, relay, latency, parked"))
        #if DEBUG
            let refused = try await bench("intake")
            #expect(refused.code == 2)
            #expect(refused.output.contains("swift build -c release"))
        #endif
    }

    @Test func `intake takes all commands in and writes the same rows again for its floor`() async throws {
        let run = try await bench("intake", "--events", "1200", "--debug-build", "--json")
        #expect(run.code == 0, "\(run.output)")
        let report = try #require(run.json)
        check(report, "intake", positive: ["commands_per_second", "rows_per_second", "domain_events_per_second"])
        // Each Start leaves an inbox row, a session, an event, a task, and two records to publish.
        #expect(report["floor"]["rows"].int == 1_200 * 6)
    }

    @Test func `relay publishes every row once`() async throws {
        let run = try await bench("relay", "--events", "1200", "--debug-build", "--json")
        #expect(run.code == 0, "\(run.output)")
        let report = try #require(run.json)
        check(report, "relay", positive: ["rows_per_second", "seconds"])
        #expect(report["result"]["rows"].int == 1_200)
        #expect(report["floor"]["read_produce_and_mark_rows_per_second"].number ?? 0 > 0)
    }

    @Test func `turns and latency go round with every session`() async throws {
        let turns = try await bench("turns", "--sessions", "8", "--seconds", "2", "--debug-build", "--json")
        #expect(turns.code == 0, "\(turns.output)")
        check(try #require(turns.json), "turns", positive: ["turns_per_second", "commits_per_turn", "p50_ms"])
        let latency = try await bench(
            "latency",
            "--sessions",
            "20",
            "--rate",
            "20",
            "--seconds",
            "2",
            "--debug-build",
            "--json"
        )
        #expect(latency.code == 0, "\(latency.output)")
        check(try #require(latency.json), "latency", positive: ["p50_ms", "p99_ms", "samples"])
    }

    @Test func `parked measures the same with few and with more sessions that wait`() async throws {
        let wrong = try await bench("parked", "--waiting", "900,300")
        #expect(wrong.code == 2)
        #expect(wrong.output.contains("rising numbers"))
        let run = try await bench(
            "parked",
            "--waiting",
            "300,900",
            "--rounds",
            "1",
            "--sessions",
            "4",
            "--rate",
            "20",
            "--seconds",
            "1",
            "--debug-build",
            "--json"
        )
        #expect(run.code == 0, "\(run.output)")
        let report = try #require(run.json)
        #expect(report["scenario"].string == "parked")
        #expect(report["ratio"].number ?? 0 > 0, "\(report.text)")
        for name in ["resume_p50_ms", "idle_sweep_p50_ms", "due_sweep_p50_ms", "worker_memory_kib", "connections"] {
            for size in ["300", "900"] {
                #expect(report["result"][name][size].number ?? 0 > 0, "\(name) in \(report.text)")
            }
        }
    }
}
