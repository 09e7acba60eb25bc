import Foundation
import Orchestration
import Testing

@testable import WorkflowFiles

@Suite struct GenesisFileTests {
    static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("Workflows").path

    @Test func `the shipped workflows have no findings`() throws {
        let entries = WorkflowFolder.read(Self.folder)
        #expect(entries.flatMap(\.findings).map(\.description) == [])
        let genesis = try #require(entries.first { $0.workflow?.name == "genesis" }?.workflow)
        #expect(Set(genesis.chart.nodes.compactMap(\.stage)) == Set(GenesisStage.allCases.map(\.rawValue)))
        #expect(genesis.actors["Outliner.Concept.Generation"]?.resultType == "Outliner.Concept.Generated")
        #expect(genesis.actors["Outliner.Concept.Generation"]?.topics?.answers == "genesis.outline.events")
        let invocations = genesis.chart.nodes.flatMap { $0.invoke.map(\.id) }
        #expect(invocations.first == "0.genesis.CONCEPT_SELECTION.generating")
    }

    @Test func `a folder that is not there is a finding`() {
        let entries = WorkflowFolder.read("/nonexistent/folder")
        #expect(entries.flatMap(\.findings).map(\.rule) == ["unreadable"])
    }
}
