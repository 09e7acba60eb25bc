/// A row of `workflow_definitions`.
package struct WorkflowDefinition: Equatable, Sendable {
    /// SHA-256 of the source, hexadecimal.
    package var hash: String
    package var name: String
    package var version: String
    package var source: String
    /// Whether new sessions may start with it; those that have are not concerned.
    package var isEnabled: Bool
    package var createdAt: Instant

    package init(
        hash: String,
        name: String,
        version: String,
        source: String,
        isEnabled: Bool = true,
        createdAt: Instant
    ) {
        self.hash = hash
        self.name = name
        self.version = version
        self.source = source
        self.isEnabled = isEnabled
        self.createdAt = createdAt
    }
}

/// What is known of a stored definition without reading it.
package struct DefinitionVersion: Equatable, Sendable {
    package var hash: String
    package var name: String
    package var version: String
    package var isEnabled: Bool
    package var createdAt: Instant

    package init(hash: String, name: String, version: String, isEnabled: Bool, createdAt: Instant) {
        self.hash = hash
        self.name = name
        self.version = version
        self.isEnabled = isEnabled
        self.createdAt = createdAt
    }
}

extension WorkflowDefinition {
    /// What is kept of a workflow; the store gives it its time.
    package init(_ workflow: Workflow, isEnabled: Bool = true) {
        self.init(
            hash: workflow.hash,
            name: workflow.name,
            version: workflow.version,
            source: workflow.source,
            isEnabled: isEnabled,
            createdAt: Instant(microseconds: 0)
        )
    }
}

extension DefinitionVersion {
    /// The highest version; of equals the one saved last.
    package static func newest(of versions: some Sequence<DefinitionVersion>) -> DefinitionVersion? {
        versions.max { left, right in
            if left.version == right.version { return left.createdAt < right.createdAt }
            return Workflow.isVersion(left.version, before: right.version)
        }
    }
}
