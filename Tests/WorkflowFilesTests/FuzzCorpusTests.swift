import Foundation
import FuzzTargets
import Orchestration
import OrchestrationTesting
import Testing

@testable import WorkflowFiles

/// The corpus of `make fuzz`, and files that are nearly workflows.
@Suite struct FuzzCorpusTests {
    /// Mutated files of one test run.
    static let mutations = 500

    static func corpus(_ target: FuzzTarget) throws -> [(name: String, bytes: [UInt8])] {
        let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Corpus/\(target.rawValue)")
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .sorted { $0.path < $1.path }.map { ($0.lastPathComponent, [UInt8](try Data(contentsOf: $0))) }
    }

    @Test(arguments: FuzzTarget.allCases)
    func `what fuzzing began with and what it found is read soundly`(_ target: FuzzTarget) throws {
        let files = try Self.corpus(target)
        #expect(files.count >= 4)
        for file in files {
            let fault = target.fault(file.bytes)
            #expect(fault == nil, "\(file.name)")
        }
    }

    @Test func `a garbled workflow is read or refused, and its states run whether refused or not`() async throws {
        let seed = TestSeed.draw()
        var random = SplitMix(seed: seed)
        let texts = try Self.corpus(.chart).filter { $0.bytes.count < 3_000 }.map {
            String(decoding: $0.bytes, as: UTF8.self)
        }
        var refused = 0
        var accepted = 0
        for _ in 0..<Self.mutations {
            await Task.yield()
            let text = Self.garbled(texts[random.next(below: texts.count)], &random)
            guard let root = try? YAMLReader.read(text, file: "f") else { continue }
            let machine = root["machine"] ?? root
            guard machine.entries != nil else { continue }
            let reading = Reading(file: "f", isLenient: random.next(below: 2) == 0)
            reading.readSetup(root["setup"])
            reading.numberStates(machine, key: "m", parent: nil, path: "m")
            for index in reading.nodes.indices { reading.readState(index) }
            if reading.hasErrors { refused += 1 } else { accepted += 1 }
            guard !reading.nodes.isEmpty else { continue }
            let chart = Chart(id: "m", nodes: reading.nodes, context: [:])
            var simulation = Simulation(chart: chart, expressions: Yes(), microstepsMax: 30)
            _ = simulation.start()
            for event in ["E", "GO", "NEXT", "REST", "RETURN", "SOON", "order.placed", "BOTH", "DRAFTED", "READ", "ID"]
            {
                _ = simulation.line(["type": .string(event)])
                _ = simulation.line(["done": "job"])
            }
            _ = simulation.line(["advance": "P100Y"])
            _ = ChartDrawing(chart).mermaid
        }
        // About a tenth each get this far; a seed with half as many would be one in millions.
        #expect(
            refused > Self.mutations / 20 && accepted > Self.mutations / 20,
            "\(refused) refused, \(accepted) accepted"
        )
    }

    /// Cuts, doubles or exchanges some words and lines.
    private static func garbled(_ text: String, _ random: inout SplitMix) -> String {
        var words = text.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        for _ in 0..<(1 + random.next(below: 3)) {
            let (one, other) = (random.next(below: words.count), random.next(below: words.count))
            switch random.next(below: 5) {
            case 0: words.remove(at: one)
            case 1: words.insert(words[other], at: one)
            case 2: words.swapAt(one, other)
            case 3:
                words[one] =
                    ["a", "b", "final", "history", "parallel", "null", "1", "{", "[]", "x:", "'#m'", ".a"][
                        random.next(below: 12)
                    ]
            default: words[one] = String(words[one].reversed())
            }
            if words.isEmpty { return "" }
        }
        return words.joined(separator: " ")
    }

    private struct Yes: ExpressionEvaluator {
        func evaluate(_ program: Program, on input: JSONValue) throws(ExpressionFailure) -> JSONValue {
            program.source.utf8.count % 2 == 0 ? true : ["n": 1]
        }
    }
}
