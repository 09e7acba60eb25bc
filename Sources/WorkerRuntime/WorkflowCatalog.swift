package import Orchestration

/// The workflows this worker knows: the files it was given, and every definition a session is pinned to.
package actor WorkflowCatalog {
    private let reader: any WorkflowReader
    private let store: any Store
    private var byHash: [String: Workflow] = [:]
    private var newest: [String: Workflow] = [:]

    package init(reader: any WorkflowReader, store: any Store) {
        self.reader = reader
        self.store = store
    }

    /// Takes workflows from files and keeps each under its hash in the database.
    package func adopt(_ workflows: [Workflow]) async throws(StoreError) {
        for workflow in workflows {
            try await store.saveDefinition(
                WorkflowDefinition(
                    hash: workflow.hash,
                    name: workflow.name,
                    version: workflow.version,
                    source: workflow.source,
                    createdAt: Instant(microseconds: 0)
                )
            )
            byHash[workflow.hash] = workflow
            newest[workflow.name] = workflow
        }
    }

    /// What new sessions of that name start with.
    package func newest(named name: String) -> Workflow? { newest[name] }

    /// The definition with the hash, read from the database if no file of this worker has it.
    package func workflow(hash: String) async throws(StoreError) -> Workflow? {
        if let known = byHash[hash] { return known }
        guard let definition = try await store.definition(hash: hash) else { return nil }
        let (workflow, _) = reader.read(source: definition.source, file: "\(definition.name)@\(hash.prefix(12))")
        byHash[hash] = workflow
        return workflow
    }

    /// Whether any workflow of this worker names the event.
    package func names(_ event: String) -> Bool { byHash.values.contains { $0.chart.names(event) } }

    /// How many tasks of a type may have their turn at once, by the newest workflows; the smallest number counts.
    var concurrency: [String: Int] {
        let actors = newest.values.flatMap { $0.actors.values }
        let limits = actors.compactMap { actor in actor.concurrency.map { (actor.name, $0) } }
        return Dictionary(limits, uniquingKeysWith: min)
    }

    /// The tasks that the worker does itself, by the workflows it knows.
    var ownTypes: Set<String> {
        Set(byHash.values.flatMap { $0.actors.values.filter { $0.topics == nil }.map(\.name) })
    }

    /// Where the agents of all workflows answer.
    package var answersTopics: [String] {
        Set(newest.values.flatMap { $0.actors.values.compactMap { $0.topics?.answers } }).sorted()
    }
}
