import Foundation
import Orchestration
import Testing

@testable import WorkflowFiles

/// The examples of `Workflows/README.md` are what they say.
@Suite struct ReferencePageTests {
    static func examples() throws -> [String] {
        try XStateExportTests.sample("README.md").components(separatedBy: "```yaml\n").dropFirst().map {
            $0.components(separatedBy: "```")[0]
        }
    }

    @Test func `every example is a machine that the reader takes as it stands`() throws {
        let examples = try Self.examples()
        #expect(examples.count >= 9)
        for example in examples {
            let (workflow, findings) = WorkflowFileReader().read(source: example, file: "README.md")
            #expect(workflow != nil, "\(findings.map(\.description))\n\(example)")
        }
    }

    @Test func `every example runs: it starts, and answers what it is told`() throws {
        for example in try Self.examples() {
            let workflow = try #require(WorkflowFileReader().read(source: example, file: "README.md").workflow)
            var simulation = Simulation(chart: workflow.chart, expressions: workflow.expressions)
            #expect(simulation.start()["status"] != "error", "\(example)")
            let names = Set(workflow.chart.nodes.flatMap { $0.on.map(\.descriptor) }).sorted()
            for name in names where !name.hasPrefix("xstate.") && !name.hasSuffix("*") {
                let answer = simulation.line([
                    "type": .string(name), "payload": ["sum": 1, "sure": true, "ids": ["a"]],
                ])
                #expect(answer["status"] != "error", "\(name): \(answer.text)\n\(example)")
            }
        }
    }

    @Test func `the whole file has no findings`() throws {
        let first = try #require(try Self.examples().first)
        #expect(WorkflowFileReader().read(source: first, file: "README.md").findings == [])
    }

    @Test func `every key that the reader knows is named on the page`() throws {
        let page = try XStateExportTests.sample("README.md")
        let keys = [
            WorkflowKeys.file, WorkflowKeys.setup, WorkflowKeys.actor, WorkflowKeys.timeouts, WorkflowKeys.retry,
            WorkflowKeys.state, WorkflowKeys.machine, WorkflowKeys.transition, WorkflowKeys.invocation,
            WorkflowKeys.park, WorkflowKeys.request, WorkflowKeys.secret,
        ]
        for key in keys.flatMap(\.self) {
            #expect(page.contains("\(key):") || page.contains("`\(key)`"), "\(key)")
        }
    }
}
