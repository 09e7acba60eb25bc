extension ChartDrawing {
    /// The chart in Graphviz's language, for `dot -Tsvg`.
    package var graphviz: String {
        var lines = [
            "digraph chart {",
            "  compound=true; rankdir=TB; fontname=\"Helvetica\"; fontsize=12; nodesep=0.35; ranksep=0.6;",
            "  node [shape=box style=\"rounded,filled\" fillcolor=white color=\"#666666\" fontname=\"Helvetica\" fontsize=11];",
            "  edge [color=\"#555555\" fontname=\"Helvetica\" fontsize=9 arrowsize=0.7];",
        ]
        if let root = chart.nodes.first { write(inside: root, indent: 1, into: &lines) }
        if arrows.contains(where: { $0.source == nil }) { lines.append("  any [label=\"any state\" style=dashed];") }
        for arrow in arrows { lines.append("  " + edge(arrow)) }
        return (lines + ["}"]).joined(separator: "\n") + "\n"
    }

    private func write(inside node: StateNode, indent: Int, into lines: inout [String]) {
        let space = String(repeating: "  ", count: indent)
        if let target = node.initial?.targets.first {
            lines.append("\(space)i\(node.index) [shape=point width=0.12 label=\"\"];")
            lines.append("\(space)i\(node.index) -> \(Self.name(leaf(of: target)))\(head(target));")
        }
        for child in node.children.map({ chart.nodes[$0] }) {
            let words = (self.lines(child) + innerLines(child)).map(Self.escaped).joined(separator: "\\n")
            let (fill, stroke) = Self.colours[mark(child)] ?? ("#ffffff", "#666666")
            if child.children.isEmpty {
                let shape =
                    if case .history = child.kind { "shape=circle " } else {
                        child.kind == .final ? "peripheries=2 " : ""
                    }
                lines.append(
                    "\(space)\(Self.name(child.index)) [\(shape)label=\"\(words)\" fillcolor=\"\(fill)\" color=\"\(stroke)\"];"
                )
            } else {
                let isRegion = node.kind == .parallel
                lines.append("\(space)subgraph cluster_\(child.index) {")
                lines.append(
                    "\(space)  label=\"\(words)\"; style=\"rounded\(isRegion ? ",dashed" : "")\"; color=\"\(stroke)\";"
                )
                write(inside: child, indent: indent + 1, into: &lines)
                lines.append(space + "}")
            }
        }
    }

    private static let colours: [Mark: (fill: String, stroke: String)] = [
        .wait: ("#fff4d6", "#c98a00"), .task: ("#dcecff", "#2f6fb5"), .incident: ("#ffe0dc", "#b53a2f"),
        .final: ("#e6e6e6", "#666666"), .active: ("#bdf0c2", "#1c7a2b"),
    ]

    /// Arrows of Graphviz join simple states; one at a compound state is cut off at its border.
    private func edge(_ arrow: Arrow) -> String {
        let label = arrow.labels.map(Self.escaped).joined(separator: "\\n")
        let source = arrow.source.map { Self.name(leaf(of: $0)) } ?? "any"
        var tail = ""
        if let from = arrow.source, !chart.nodes[from].children.isEmpty { tail = " ltail=cluster_\(from)" }
        let lead = chart.nodes[arrow.target].children.isEmpty ? "" : " lhead=cluster_\(arrow.target)"
        return "\(source) -> \(Self.name(leaf(of: arrow.target))) [label=\"\(label)\"\(tail)\(lead)];"
    }

    private func head(_ node: Chart.NodeIndex) -> String {
        chart.nodes[node].children.isEmpty ? "" : " [lhead=cluster_\(node)]"
    }

    private func leaf(of node: Chart.NodeIndex) -> Chart.NodeIndex {
        chart.nodes[node].children.first.map { leaf(of: $0) } ?? node
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\"", "\\": result += "\\" + String(character)
            case "\n", "\r", "\t": result += " "
            default: result.append(character)
            }
        }
        return result
    }
}
