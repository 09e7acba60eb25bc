import Foundation
import Orchestration
import Testing

/// `genesis workflow simulate` as the program itself: a machine, lines in, one line out at the start and for each.
@Suite struct SimulateTests {
    @Test(arguments: SimulateCase.structure + SimulateCase.transitions + SimulateCase.events + SimulateCase.programs)
    func `a machine answers each line as the format says`(_ sample: SimulateCase) throws {
        let run = try SimulateRun(sample.machine, flags: sample.flags)
        for (position, step) in sample.steps.enumerated() {
            if !step.input.isEmpty { run.send(SimulateCase.line(step.input)) }
            let answer = try #require(run.answer(), "no answer to step \(position): \(run.errors())")
            #expect(Set(answer.object?.keys ?? []) == SimulateCase.keys)
            for member in try JSONText.parse(step.output).object ?? [:] {
                #expect(answer[member.key] == member.value, "step \(position) (\(step.input)): `\(member.key)`")
            }
        }
        #expect(run.end() == 0)
    }

    @Test(arguments: [
        ("initial: b\nstates: { a: {} }", "no state `b` to begin with"),
        ("initial: a\nstates: { a: { on: { E: nowhere } } }", "no target `nowhere`"),
        (
            "initial: a\nstates: { a: { on: { E: { target: [b, b.y] } } }, b: { initial: y, states: { y: {} } } }",
            "together"
        ),
        ("initial: a\nstates: { a: { on: { E: { guard: g } } } }", "`setup.guards` has no `g`"),
        ("initial: a\nstates: { a: { entry: x } }", "`setup.actions` has no `x`"),
        ("initial: a\nstates: { a: { entry: { type: spawnChild } } }", "`spawnChild` is not supported"),
        ("initial: a\nstates: { a: { on: { '': b } }, b: {} }", "use `always`"),
        ("initial: a\nstates: { a: { states: { b: {} } } }", "add `initial: b`"),
        ("initial: a\nstates: { a: { initial: h, states: { h: { type: history }, b: {} } } }", "leads to itself"),
    ])
    func `a machine that cannot run is refused with a sentence that names the fault`(machine: String, part: String)
        throws
    {
        let run = try SimulateRun(machine, flags: [])
        #expect(run.answer() == nil)
        #expect(run.end() == 1)
        #expect(run.errors().contains(part), "\(run.errors())")
    }

    @Test func `a file that is no UTF-8 text is refused with the line where that begins`() throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "genesis-\(UUID().uuidString).yaml")
        try Data("workflow: a\nversion: caf".utf8 + [0xE9, 0x0A]).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let process = Process()
        let problems = Pipe()
        process.executableURL = URL(filePath: Fleet.executable)
        process.arguments = ["workflow", "check", file.path]
        process.standardError = problems
        try process.run()
        let text = String(decoding: problems.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 2)
        #expect(text.contains("\(file.path) is not UTF-8 text, from line 2 on"), "\(text)")
    }

    @Test func `a machine without states is one state, whatever its initial says`() throws {
        let run = try SimulateRun("initial: a", flags: [])
        #expect(try #require(run.answer())["configuration"] == ["(machine)"])
        #expect(run.end() == 0)
    }

    @Test(arguments: ["", "   ", "{", "null", "[]", #"{"typ":"E"}"#, #"{"advance":-1}"#, #"{"advance":NaN}"#])
    func `a line that says nothing is answered and rejected, and changes nothing`(line: String) throws {
        let run = try SimulateRun("initial: a\nstates: { a: { on: { E: b } }, b: {} }", flags: [])
        let before = try #require(run.answer())
        run.send(line)
        let answer = try #require(run.answer())
        #expect(answer["rejected"].string != nil)
        #expect(answer["value"] == before["value"] && answer["status"] == "active")
        run.send(#"{"type":"E"}"#)
        #expect(run.answer()?["value"] == "b")
        #expect(run.end() == 0)
    }

    @Test func `of a line without end only the beginning is held, and the next line is answered`() throws {
        let run = try SimulateRun("initial: a\nstates: { a: { on: { E: b } }, b: {} }", flags: [])
        _ = try #require(run.answer())
        let part = String(repeating: "x", count: 1 << 20)
        for _ in 0..<128 { run.send(part, ending: "") }
        run.send("")
        let answer = try #require(run.answer())
        #expect(answer["rejected"].string?.contains("longer than") == true, "\(answer["rejected"])")
        #expect(try #require(run.peakMemoryKilobytes()) < 100 << 10)
        run.send(#"{"type":"E"}"#)
        #expect(try #require(run.answer())["configuration"] == ["(machine).b"])
        #expect(run.end() == 0)
    }

    @Test func `each answer comes before the next line is sent`() throws {
        let run = try SimulateRun("initial: a\nstates: { a: { on: { E: b } }, b: { on: { E: a } } }", flags: [])
        _ = run.answer()
        for round in 0..<20 {
            run.send(#"{"type":"E"}"#)
            #expect(run.answer()?["value"] == (round.isMultiple(of: 2) ? "b" : "a"))
        }
        #expect(run.end() == 0)
    }
}

/// One machine and what it must answer.
struct SimulateCase: CustomTestStringConvertible {
    /// Which rule the case checks.
    var rule: String
    var machine: String
    var flags: [String] = []
    /// Inputs in short (see `line`; the first is empty: the line at the start) and the members that must come out.
    var steps: [(input: String, output: String)]

    init(_ rule: String, _ machine: String, flags: [String] = [], _ steps: [(String, String)]) {
        self.rule = rule
        self.machine = machine
        self.flags = flags
        self.steps = steps.map { (input: $0.0, output: $0.1) }
    }

    var testDescription: String { rule }

    static let keys: Set<String> = [
        "value", "configuration", "context", "tags", "effects", "status", "rejected",
    ]

    /// `E` or `E {…}` is an event, `+1000` or `+PT1S` an advance, `!done ID …` and `!error ID …` results.
    static func line(_ short: String) -> String {
        if short.hasPrefix("raw ") { return String(short.dropFirst(4)) }
        if short.hasPrefix("+") {
            let length = short.dropFirst()
            return #"{"advance":\#(Int(length) == nil ? "\"\(length)\"" : String(length))}"#
        }
        let words = short.split(separator: " ", maxSplits: 2).map(String.init)
        if words[0] == "!done" { return #"{"done":"\#(words[1])","output":\#(words.count > 2 ? words[2] : "null")}"# }
        if words[0] == "!error" {
            return #"{"error":"\#(words[1])","error_data":\#(words.count > 2 ? words[2] : "null")}"#
        }
        let payload = words.dropFirst().joined(separator: " ")
        return #"{"type":"\#(words[0])"\#(payload.isEmpty ? "" : ",\"payload\":" + payload)}"#
    }
}

/// The running program.
final class SimulateRun {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private let problems = Pipe()
    private let file: URL
    private var buffer: [UInt8] = []

    init(_ machine: String, flags: [String]) throws {
        let isJSON = machine.hasPrefix("{\"")
        file = URL(filePath: "/tmp/genesis-simulate-\(UUID().uuidString).\(isJSON ? "json" : "yaml")")
        try machine.write(to: file, atomically: true, encoding: .utf8)
        process.executableURL = URL(filePath: Fleet.executable)
        process.arguments = ["workflow", "simulate", file.path] + flags
        process.standardInput = input
        process.standardOutput = output
        process.standardError = problems
        try process.run()
    }

    func send(_ line: String, ending: String = "\n") {
        try? input.fileHandleForWriting.write(contentsOf: Data((line + ending).utf8))
    }

    /// The most memory that the program has held.
    func peakMemoryKilobytes() -> Int? {
        let status = try? String(contentsOfFile: "/proc/\(process.processIdentifier)/status", encoding: .utf8)
        let line = status?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
        return line?.split(separator: " ").dropLast().last.flatMap { Int($0) }
    }

    /// The next line; nil when the program has ended without one.
    func answer() -> JSONValue? {
        while true {
            if let end = buffer.firstIndex(of: 0x0A) {
                let line = Array(buffer[..<end])
                buffer.removeSubrange(...end)
                return try? JSONText.parse(line, limits: .stored)
            }
            let data = output.fileHandleForReading.availableData
            if data.isEmpty { return nil }
            buffer += data
        }
    }

    /// Ends the input, and gives the exit code.
    func end() -> Int32 {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: file)
        return process.terminationStatus
    }

    private var problemText: String?
    func errors() -> String {
        if let problemText { return problemText }
        try? input.fileHandleForWriting.close()
        let text = String(decoding: problems.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        problemText = text
        return text
    }
}
