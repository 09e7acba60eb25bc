internal import Orchestration

/// JSON Schemas of replies and results.
extension Reading {
    /// The schema; a finding at its own place for everything that cannot be checked.
    func schema(_ node: DocumentNode, _ what: String) -> SchemaDocument {
        let document = SchemaDocument(node.json)
        for fault in document.ownFaults {
            let hint = fault.pointer.hasSuffix("/pattern") ? "`enum`, `minLength` or a guard may do" : nil
            error("schema", "\(what): \(fault)", node.place(of: fault.pointer), hint: hint)
        }
        return document
    }
}

extension DocumentNode {
    /// Where the value of a JSON Pointer stands: its key if it has one, else as near as there is something.
    func place(of pointer: String) -> SourcePlace {
        var node = self
        var place = self.place
        for component in pointer.pointerComponents {
            if let entry = node.entries?.first(where: { $0.key == component }) {
                node = entry.value
                place = entry.keyPlace
            } else if let elements = node.elements, let index = Int(component), elements.indices.contains(index) {
                node = elements[index]
                place = node.place
            } else {
                return place
            }
        }
        return place
    }
}
