import Foundation
import Orchestration
import Testing

@testable import WorkflowFiles

@Suite struct XStateExportTests {
    static func sample(_ name: String) throws -> String {
        let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        return try String(contentsOf: root.appending(path: "Workflows/\(name)"), encoding: .utf8)
    }

    @Test func `bindings are left out, names and the order of keys stay`() throws {
        let source = """
            workflow: w
            version: 1.0.0
            setup: { guards: { g: 'true' } }
            machine:
              id: w
              initial: z
              states:
                z:
                  entry: { emit: Said, payload: .context }
                  invoke: { src: S, input: '{ a: 1 }', onDone: { target: a, guard: g, actions: [k, { assign: '{ x: 1 }' }] } }
                  after: { PT1.5S: a, 20: a, soon: a }
                a: { type: final, output: '1', tags: [completed] }
            """
        let text = try XStateExport.machine(source: source, file: "w.yaml")
        let compact = text.filter { !$0.isWhitespace }
        let expected = """
            {"id":"w","initial":"z","states":{"z":{"entry":{"type":"emit","params":{"event":"Said","payload":".context"}},
            "invoke":{"src":"S","onDone":{"target":"a","guard":"g","actions":["k",{"type":"assign","params":{"expr":"{x:1}"}}]}},
            "after":{"1500":"a","20":"a","soon":"a"}},"a":{"type":"final","tags":["completed"]}}}
            """
        #expect(compact == expected.filter { !$0.isWhitespace })
    }

    @Test func `the exported machine has the states and targets of the file`() throws {
        let source = try Self.sample("genesis.yaml")
        let exported = try XStateExport.machine(source: source, file: "genesis.yaml")
        let original = try #require(WorkflowFileReader().read(source: source, file: "genesis.yaml").workflow).chart
        let (workflow, findings) = WorkflowFileReader(lenient: true).read(source: exported, file: "genesis.json")
        // Names of `setup` mean nothing here, but for the delays of waits.
        #expect(findings.allSatisfy { $0.rule == "unbound-delay" || $0.severity == .warning }, "\(findings)")
        #expect(workflow == nil || workflow?.chart.nodes.map(\.id) == original.nodes.map(\.id))
        let machine = try JSONText.parse(exported, limits: .stored)
        #expect(machine["states"].object?.count == original.nodes[Chart.root].children.count)
        #expect(machine["setup"].isNull && machine["id"] == "genesis")
    }

    @Test func `a text that is no YAML is refused with its place`() {
        #expect(throws: WorkflowFinding.self) { try XStateExport.machine(source: "a: [", file: "x") }
    }
}
