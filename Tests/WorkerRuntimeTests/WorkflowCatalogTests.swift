import Orchestration
import OrchestrationTesting
import Testing
import WorkflowFiles

@testable import WorkerRuntime

/// Which version a new session takes, and that old ones stay known.
@Suite struct WorkflowCatalogTests {
    static func workflow(_ version: String, note: String = "") throws -> Workflow {
        let text = SmallWorkflow.text().replacing("version: 1.0.0", with: "version: \(version)\(note)")
        return try #require(WorkflowFileReader().read(source: text, file: "small.yaml").workflow)
    }

    @Test func `new sessions take the highest enabled version of the folder, then of the database`() async throws {
        let store = InMemoryStore()
        let (old, new, stored) = (try Self.workflow("1.9.0"), try Self.workflow("1.10.0"), try Self.workflow("3.0.0"))
        try await store.saveDefinition(WorkflowDefinition(stored))
        let catalog = WorkflowCatalog(reader: WorkflowFileReader(), store: store, refreshInterval: .zero)
        try await catalog.adopt([new, old])
        #expect(try await catalog.newest(named: "small")?.version == "1.10.0")
        await store.setDefinition(new.hash, isEnabled: false)
        #expect(try await catalog.newest(named: "small")?.version == "1.9.0")
        await store.setDefinition(old.hash, isEnabled: false)
        #expect(try await catalog.newest(named: "small")?.version == "3.0.0")
        await store.setDefinition(stored.hash, isEnabled: false)
        #expect(try await catalog.newest(named: "small") == nil)
        await store.setDefinition(new.hash, isEnabled: true)
        #expect(try await catalog.newest(named: "small")?.version == "1.10.0")
    }

    @Test func `an event that only a definition of another worker names is known, too`() async throws {
        let store = InMemoryStore()
        let catalog = WorkflowCatalog(reader: WorkflowFileReader(), store: store)
        try await catalog.adopt([try Self.workflow("1.0.0")])
        let event = "Novel.Printed"
        let newer = try #require(
            WorkflowFileReader().read(
                source: SmallWorkflow.text().replacing("version: 1.0.0", with: "version: 2.0.0")
                    .replacing("Command.Genesis.Session.Theme.Request", with: event),
                file: "small.yaml"
            ).workflow
        )
        #expect(newer.chart.names(event))
        try await store.saveDefinition(WorkflowDefinition(newer))
        #expect(try await catalog.names(event))
        #expect(try await !catalog.names("Novel.Burnt"))
    }

    @Test func `of two files with one version the one of the folder is taken, whichever was saved last`() async throws {
        let store = InMemoryStore()
        let (mine, other) = (try Self.workflow("1.0.0"), try Self.workflow("1.0.0", note: " # changed"))
        #expect(mine.hash != other.hash)
        let catalog = WorkflowCatalog(reader: WorkflowFileReader(), store: store, refreshInterval: .zero)
        try await catalog.adopt([mine])
        try await store.saveDefinition(WorkflowDefinition(other))
        #expect(try await catalog.newest(named: "small")?.hash == mine.hash)
        await store.setDefinition(mine.hash, isEnabled: false)
        #expect(try await catalog.newest(named: "small")?.hash == other.hash)
    }

    @Test(arguments: [("1.9.0", "1.10.0"), ("1.0", "1.0.1"), ("1.0.0-a", "1.0.0-b"), ("2", "10")])
    func `numbers in versions are compared as numbers`(_ left: String, _ right: String) {
        #expect(Workflow.isVersion(left, before: right))
        #expect(!Workflow.isVersion(right, before: left))
        #expect(!Workflow.isVersion(left, before: left))
    }
}
