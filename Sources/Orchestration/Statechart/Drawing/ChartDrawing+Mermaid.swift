extension ChartDrawing {
    /// The text of a Mermaid `stateDiagram-v2`.
    package var mermaid: String {
        var lines = ["stateDiagram-v2"]
        guard let root = chart.nodes.first else { return lines[0] + "\n" }
        write(inside: root, indent: 1, into: &lines)
        if arrows.contains(where: { $0.source == nil }) { lines.append("    state \"any state\" as any") }
        for arrow in arrows {
            let source = arrow.source.map(Self.name) ?? "any"
            let labels = arrow.labels.map(Self.label).joined(separator: "<br/>")
            lines.append("    \(source) --> \(Self.name(arrow.target)) : \(labels)")
        }
        for node in chart.nodes where node.index != Chart.root && !innerLines(node).isEmpty {
            lines.append("    note right of \(Self.name(node.index))")
            lines += innerLines(node).map { "        " + Self.label($0) }
            lines.append("    end note")
        }
        for mark in Mark.allCases where mark != .plain {
            // Mermaid gives classes to simple states only.
            let names = chart.nodes.filter { $0.children.isEmpty && self.mark($0) == mark }.map { Self.name($0.index) }
            guard !names.isEmpty, let style = Self.styles[mark] else { continue }
            lines.append("    classDef \(mark.rawValue)State \(style)")
            lines.append("    class \(names.joined(separator: ",")) \(mark.rawValue)State")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static let styles: [Mark: String] = [
        .wait: "fill:#fff4d6,stroke:#c98a00", .task: "fill:#dcecff,stroke:#2f6fb5",
        .incident: "fill:#ffe0dc,stroke:#b53a2f", .final: "fill:#e6e6e6,stroke:#666666",
        .active: "fill:#bdf0c2,stroke:#1c7a2b,stroke-width:3px",
    ]

    private func write(inside node: StateNode, indent: Int, into lines: inout [String]) {
        let space = String(repeating: "    ", count: indent)
        // Mermaid divides a state into regions, but not the whole diagram.
        let isDivided = node.kind == .parallel && node.index != Chart.root
        for target in node.initial?.targets ?? [] where chart.nodes[target].parent == node.index {
            lines.append("\(space)[*] --> \(Self.name(target))")
        }
        var isFirst = true
        for child in node.children.map({ chart.nodes[$0] }) {
            if isDivided, !chart.isHistory(child.index) {
                if !isFirst { lines.append(space + "--") }
                isFirst = false
            }
            let words = self.lines(child).map(Self.label).joined(separator: "<br/>")
            let name = Self.name(child.index)
            if child.children.isEmpty {
                lines.append("\(space)state \"\(words)\" as \(name)")
                if child.kind == .final { lines.append("\(space)\(name) --> [*]") }
            } else {
                lines.append("\(space)state \"\(words)\" as \(name) {")
                write(inside: child, indent: indent + 1, into: &lines)
                lines.append(space + "}")
            }
        }
    }

    /// States are numbered, so that no key can be taken for Mermaid's own words.
    static func name(_ node: Chart.NodeIndex) -> String { "s\(node)" }

    /// Without what would end or change a label.
    private static func label(_ text: String) -> String {
        let replaced: [Character: String] = [
            "\"": "'", "\n": " ", "\r": " ", "\t": " ", ";": ",", "#": "", "<": "‹", ">": "›", "{": "(", "}": ")",
            "`": "'", "\\": "/",
        ]
        var result = ""
        for character in text where character != ":" || result.last != ":" {
            result += replaced[character] ?? String(character)
        }
        return result
    }
}
