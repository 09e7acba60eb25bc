package import Orchestration

/// A value of a YAML or JSON document that knows where it stands; mappings keep their order.
package struct DocumentNode: Sendable, Equatable {
    package enum Content: Sendable, Equatable {
        case scalar(JSONValue)
        case sequence([DocumentNode])
        case mapping([Entry])
    }

    package struct Entry: Sendable, Equatable {
        package var key: String
        package var keyPlace: SourcePlace
        package var value: DocumentNode
    }

    package var content: Content
    package var place: SourcePlace

    /// The entries of a mapping; nil for anything else.
    package var entries: [Entry]? { if case .mapping(let entries) = content { entries } else { nil } }
    /// The elements of a sequence; nil for anything else.
    package var elements: [DocumentNode]? { if case .sequence(let elements) = content { elements } else { nil } }
    package var string: String? { if case .scalar(.string(let text)) = content { text } else { nil } }
    package var isNull: Bool { content == .scalar(.null) }

    /// The value under a key of a mapping.
    package subscript(key: String) -> DocumentNode? { entries?.first { $0.key == key }?.value }

    package var json: JSONValue {
        switch content {
        case .scalar(let value): value
        case .sequence(let elements): .array(elements.map(\.json))
        case .mapping(let entries): .object(JSONObject(entries.map { ($0.key, $0.value.json) }))
        }
    }

    /// What it is, for people: `a string`, `a list`, `an object` …
    package var kindName: String {
        switch content {
        case .scalar(.null): "null"
        case .scalar(.bool): "a boolean"
        case .scalar(.number): "a number"
        case .scalar(.string): "a string"
        case .sequence, .scalar(.array): "a list"
        case .mapping, .scalar(.object): "an object"
        }
    }
}
