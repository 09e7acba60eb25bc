package import Orchestration

/// The machine of a workflow file as XState's own tools read it: JSON, in the order of the file.
///
/// Bindings are left out: `setup`, and the programs of `input` and `output`. Guards and actions stand by name, with
/// `params` where they have any; durations of `after` become milliseconds.
package enum XStateExport {
    /// - Throws: what makes the text no YAML; whether it is a sound workflow is for the reader to say.
    package static func machine(source: String, file: String) throws(WorkflowFinding) -> String {
        let document = try YAMLReader.read(source, file: file)
        var text = ""
        write(state(document["machine"] ?? document), indent: 0, into: &text)
        return text
    }

    private static func state(_ node: DocumentNode) -> DocumentNode {
        mapped(node) { key, value in
            switch key {
            case "output", "$schema": nil
            case "states": (key, mapped(value) { ($0, state($1)) })
            case "on": (key, mapped(value) { ($0, transitions($1)) })
            case "after": (key, mapped(value) { (milliseconds($0), transitions($1)) })
            case "always", "onDone": (key, transitions(value))
            case "entry", "exit": (key, each(value, action))
            case "invoke": (key, each(value, invocation))
            case "initial": (key, transition(value))
            default: (key, value)
            }
        }
    }

    private static func invocation(_ node: DocumentNode) -> DocumentNode {
        mapped(node) { key, value in
            switch key {
            case "input": nil
            case "onDone", "onError": (key, transitions(value))
            default: (key, value)
            }
        }
    }

    private static func transitions(_ node: DocumentNode) -> DocumentNode { each(node, transition) }

    private static func transition(_ node: DocumentNode) -> DocumentNode {
        mapped(node) { key, value in key == "actions" ? (key, each(value, action)) : (key, value) }
    }

    /// `{emit: X, payload: …}` is ours; XState wants `{type: emit, params: {event: X, payload: …}}`.
    private static func action(_ node: DocumentNode) -> DocumentNode {
        guard let entries = node.entries, node["type"] == nil, let first = entries.first else { return node }
        let inner = ["assign": "expr", "cancel": "id", "session": "to"][first.key] ?? "event"
        var params = entries
        params[0].key = inner
        let type = DocumentNode(content: .scalar(.string(first.key)), place: node.place)
        return DocumentNode(
            content: .mapping([
                .init(key: "type", keyPlace: node.place, value: type),
                .init(
                    key: "params",
                    keyPlace: node.place,
                    value: DocumentNode(content: .mapping(params), place: node.place)
                ),
            ]),
            place: node.place
        )
    }

    /// A duration as XState counts it; the name of a delay stays.
    private static func milliseconds(_ key: String) -> String {
        guard CoreSchema.value(ofPlain: key)?.number == nil, let interval = Interval(key) else { return key }
        return String(interval.milliseconds)
    }

    private static func mapped(
        _ node: DocumentNode,
        _ change: (String, DocumentNode) -> (String, DocumentNode)?
    ) -> DocumentNode {
        guard let entries = node.entries else { return node }
        let changed = entries.compactMap { entry -> DocumentNode.Entry? in
            guard let (key, value) = change(entry.key, entry.value) else { return nil }
            return DocumentNode.Entry(key: key, keyPlace: entry.keyPlace, value: value)
        }
        return DocumentNode(content: .mapping(changed), place: node.place)
    }

    private static func each(_ node: DocumentNode, _ change: (DocumentNode) -> DocumentNode) -> DocumentNode {
        guard let elements = node.elements else { return change(node) }
        return DocumentNode(content: .sequence(elements.map(change)), place: node.place)
    }

    // MARK: JSON

    /// A document as JSON text, its keys in their order.
    static func text(of node: DocumentNode) -> String {
        var text = ""
        write(node, indent: 0, into: &text)
        return text
    }

    /// Indented JSON; unlike `JSONValue`, which sorts, it keeps the order of keys.
    private static func write(_ node: DocumentNode, indent: Int, into text: inout String) {
        let inside = String(repeating: "  ", count: indent + 1)
        let outside = String(repeating: "  ", count: indent)
        switch node.content {
        case .scalar(let value): text += value.text
        case .sequence(let elements):
            if elements.isEmpty { return text += "[]" }
            for (position, element) in elements.enumerated() {
                text += (position == 0 ? "[\n" : ",\n") + inside
                write(element, indent: indent + 1, into: &text)
            }
            text += "\n\(outside)]"
        case .mapping(let entries):
            if entries.isEmpty { return text += "{}" }
            for (position, entry) in entries.enumerated() {
                text += (position == 0 ? "{\n" : ",\n") + inside + JSONValue.string(entry.key).text + ": "
                write(entry.value, indent: indent + 1, into: &text)
            }
            text += "\n\(outside)}"
        }
    }
}
