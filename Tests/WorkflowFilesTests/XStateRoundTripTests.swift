import Foundation
import Orchestration
import OrchestrationTesting
import Testing

@testable import WorkflowFiles

/// The exported machine, read again with the file's own `setup`, does what the file does.
@Suite struct XStateRoundTripTests {
    static let steps = 60

    @Test(arguments: [
        "Workflows/genesis.yaml", "Workflows/freeform.yaml", "Tests/WorkflowFilesTests/Planted/double-task.yaml",
    ])
    func `an exported machine behaves as the file it came from`(_ path: String) throws {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let source = try String(contentsOf: root.appending(path: path), encoding: .utf8)
        let exported = try XStateExport.machine(source: source, file: path).replacing("\n", with: " ")
        let head = try #require(source.range(of: "\nmachine:\n"))
        let again = source[..<head.lowerBound] + "\nmachine: " + exported + "\n"
        let original = try #require(WorkflowFileReader().read(source: source, file: path).workflow)
        let (workflow, findings) = WorkflowFileReader().read(source: String(again), file: "again.yaml")
        let copy = try #require(workflow, "\(findings)")
        #expect(copy.chart.nodes.map(\.id) == original.chart.nodes.map(\.id))

        let seed = TestSeed.draw()
        var dice = Dice(state: seed)
        let events = Set(original.chart.nodes.flatMap { $0.on.map(\.descriptor) }).sorted()
        var (one, two) = (
            Simulation(chart: original.chart, expressions: original.expressions),
            Simulation(chart: copy.chart, expressions: copy.expressions)
        )
        #expect(Self.behaviour(one.start()) == Self.behaviour(two.start()))
        for step in 0..<Self.steps {
            let line = Self.line(events, original.chart, &dice)
            let (left, right) = (Self.behaviour(one.line(line)), Self.behaviour(two.line(line)))
            #expect(left == right, "seed \(seed), step \(step): \(line.text)")
            if left != right { return }
        }
    }

    /// All but the effects: the programs of `input` are no part of an exported machine.
    private static func behaviour(_ answer: JSONValue) -> JSONValue {
        var object = answer.object ?? [:]
        object["effects"] = nil
        return .object(object)
    }

    private static func line(_ events: [String], _ chart: Chart, _ dice: inout Dice) -> JSONValue {
        let invocations = chart.nodes.flatMap { $0.invoke.map(\.id) }
        switch Int.random(in: 0..<10, using: &dice) {
        case 0..<4:
            let id = invocations[Int.random(in: 0..<invocations.count, using: &dice)]
            return Bool.random(using: &dice)
                ? ["done": .string(id), "output": ["text": "t"]] : ["error": .string(id), "error_data": [:]]
        case 4: return ["advance": "P1D"]
        default:
            let stages: [JSONValue] = ["CONCEPT_SELECTION", "WORLDVIEW", "PLOT_OUTLINE"]
            let payload: JSONValue = [
                "concept_ids": ["a"], "stage": stages[Int.random(in: 0..<stages.count, using: &dice)],
            ]
            let type = events[Int.random(in: 0..<events.count, using: &dice)]
            return ["type": .string(type), "payload": payload]
        }
    }

    struct Dice: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var word = state
            word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
            word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
            return word ^ (word >> 31)
        }
    }
}
