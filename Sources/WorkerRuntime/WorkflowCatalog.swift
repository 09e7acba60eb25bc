package import Orchestration

/// The workflows this worker knows: the files it was given, and every definition a session is pinned to.
///
/// A new session takes the newest version of its workflow that is enabled: of this worker's files the highest version,
/// and when none of them is enabled, of what the database keeps the highest, of equals the one saved last.
package actor WorkflowCatalog {
    private let reader: any WorkflowReader
    private let store: any Store
    private let refreshInterval: Duration
    private var byHash: [String: Workflow] = [:]
    private var folder: Set<String> = []
    private var versions: [DefinitionVersion] = []
    private var readAt: ContinuousClock.Instant?
    /// When the database was last asked for definitions that this worker does not have.
    private var lookedAt: ContinuousClock.Instant?

    /// - Parameter refreshInterval: how long a version that was enabled or disabled may go unnoticed.
    package init(reader: any WorkflowReader, store: any Store, refreshInterval: Duration = .seconds(1)) {
        self.reader = reader
        self.store = store
        self.refreshInterval = refreshInterval
    }

    /// Takes workflows from files and keeps each under its hash in the database; takes from there what sessions run on.
    package func adopt(_ workflows: [Workflow]) async throws(StoreError) {
        for workflow in workflows {
            try await store.saveDefinition(WorkflowDefinition(workflow))
            byHash[workflow.hash] = workflow
            folder.insert(workflow.hash)
        }
        for hash in try await store.pinnedDefinitions() { _ = try await self.workflow(hash: hash) }
        readAt = nil
    }

    /// What new sessions of that name start with.
    package func newest(named name: String) async throws(StoreError) -> Workflow? {
        if readAt.map({ ContinuousClock.now - $0 >= refreshInterval }) ?? true {
            versions = try await store.definitionVersions()
            readAt = ContinuousClock.now
        }
        let enabled = versions.filter { $0.name == name && $0.isEnabled }
        let mine = enabled.filter { folder.contains($0.hash) }
        guard let newest = DefinitionVersion.newest(of: mine.isEmpty ? enabled : mine) else { return nil }
        return try await workflow(hash: newest.hash)
    }

    /// The definition with the hash, read from the database if no file of this worker has it.
    package func workflow(hash: String) async throws(StoreError) -> Workflow? {
        if let known = byHash[hash] { return known }
        guard let definition = try await store.definition(hash: hash) else { return nil }
        let (workflow, _) = reader.read(source: definition.source, file: "\(definition.name)@\(hash.prefix(12))")
        byHash[hash] = workflow
        return workflow
    }

    /// How long a definition that another worker has saved may go unnoticed by an event that only it names. That worker
    /// takes longer to start a session with it.
    private static let lookInterval = Duration.milliseconds(100)

    /// Whether any workflow names the event, of this worker's or of those that others have saved meanwhile.
    package func names(_ event: String) async throws(StoreError) -> Bool {
        if isNamed(event) { return true }
        if let last = lookedAt, ContinuousClock.now - last < Self.lookInterval { return false }
        let now = ContinuousClock.now
        for version in try await store.definitionVersions() where byHash[version.hash] == nil {
            _ = try await workflow(hash: version.hash)
        }
        lookedAt = now
        return isNamed(event)
    }

    private func isNamed(_ event: String) -> Bool { byHash.values.contains { $0.chart.names(event) } }

    /// How many tasks of a type may have their turn at once, by this worker's files; the smallest number counts.
    var concurrency: [String: Int] {
        let actors = byHash.filter { folder.contains($0.key) }.values.flatMap { $0.actors.values }
        let limits = actors.compactMap { actor in actor.concurrency.map { (actor.name, $0) } }
        return Dictionary(limits, uniquingKeysWith: min)
    }

    /// The tasks that the worker does itself, by the workflows it knows.
    var ownTypes: Set<String> {
        Set(byHash.values.flatMap { $0.actors.values.filter { $0.topics == nil }.map(\.name) })
    }

    /// Where the agents answer: those of this worker's files, and of what sessions run on.
    package var answersTopics: [String] {
        Set(byHash.values.flatMap { $0.actors.values.compactMap { $0.topics?.answers } }).sorted()
    }
}
