extension ChartDrawing {
    /// The chart as an SVG picture of its own making, for any browser.
    package var svg: String {
        guard let layout = ChartLayout(self) else { return "" }
        let size =
            "width=\"\(layout.width)\" height=\"\(layout.height)\" viewBox=\"0 0 \(layout.width) \(layout.height)\""
        var lines = [
            "<svg xmlns=\"http://www.w3.org/2000/svg\" \(size) font-family=\"Helvetica, Arial, 'DejaVu Sans', sans-serif\">",
            "<title>\(Self.xml(chart.id))</title>",
            "<defs>",
        ]
        for (kind, colour) in Self.lineColours.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            lines.append(
                "<marker id=\"head-\(kind.rawValue)\" viewBox=\"0 0 8 8\" refX=\"7\" refY=\"4\" markerWidth=\"8\" "
                    + "markerHeight=\"8\" markerUnits=\"userSpaceOnUse\" orient=\"auto\">"
                    + "<path d=\"M0 0 L8 4 L0 8 z\" fill=\"\(colour)\"/></marker>"
            )
        }
        lines.append("</defs>")
        lines.append("<rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>")
        write(layout.root, depth: 0, into: &lines)
        for track in layout.tracks { write(track, into: &lines) }
        lines.append("</svg>")
        return lines.joined(separator: "\n") + "\n"
    }

    private static let lineColours: [ChartLayout.Row.Kind: String] = [
        .event: "#475569", .done: "#15803d", .failure: "#b91c1c", .time: "#b45309", .always: "#6d28d9",
    ]
    private static let boxColours: [Mark: (fill: String, stroke: String)] = [
        .plain: ("#ffffff", "#94a3b8"), .wait: ("#fff7e0", "#d19a1b"), .task: ("#e8f2ff", "#4a86c8"),
        .incident: ("#ffeae7", "#c4574b"), .final: ("#eef0f3", "#64748b"), .active: ("#b6ecbf", "#1c7a2b"),
    ]
    /// What holds an active state is only framed, so that the eye finds the state itself.
    private static let aroundActive = "#f3fbf4"
    /// Steps and counts stand out from what the file says.
    private static let figureColour = "#1e293b"

    private func write(_ box: ChartLayout.Box, depth: Int, into lines: inout [String]) {
        let node = chart.nodes[box.node]
        let (colour, stroke) = Self.boxColours[mark(node)] ?? ("#ffffff", "#94a3b8")
        let open = mark(node) == .active ? Self.aroundActive : depth % 2 == 0 ? "#f8fafc" : "#ffffff"
        let fill = box.children.isEmpty ? colour : open
        let dash = box.isRegion ? " stroke-dasharray=\"5 4\"" : ""
        let weight = mark(node) == .active ? "2.5" : "1.2"
        lines.append("<g class=\"state \(mark(node).rawValue)\" data-state=\"\(Self.xml(node.id))\">")
        lines.append(
            "<rect x=\"\(box.x)\" y=\"\(box.y)\" width=\"\(box.width)\" height=\"\(box.height)\" rx=\"8\" "
                + "fill=\"\(fill)\" stroke=\"\(stroke)\" stroke-width=\"\(weight)\"\(dash)/>"
        )
        if node.kind == .final {
            lines.append(
                "<rect x=\"\(box.x + 3)\" y=\"\(box.y + 3)\" width=\"\(box.width - 6)\" height=\"\(box.height - 6)\" "
                    + "rx=\"6\" fill=\"none\" stroke=\"\(stroke)\"/>"
            )
        }
        if box.isInitial {
            let y = box.y + ChartLayout.titleHeight / 2
            lines.append("<circle cx=\"\(box.x - 14)\" cy=\"\(y)\" r=\"4\" fill=\"#0f172a\"/>")
            lines.append(Self.arrow("M\(box.x - 10) \(y) H\(box.x - 1)", .event))
        }
        lines.append(
            "<text x=\"\(box.x + 12)\" y=\"\(box.y + 17)\" font-size=\"13\" font-weight=\"bold\" fill=\"#0f172a\">"
                + "\(Self.xml(box.title))</text>"
        )
        var x = box.x + 12
        for (place, chip) in box.chips.enumerated() {
            let width = TextWidth.of(chip) + 14
            let isFigure = place >= box.chips.count - box.figures
            let (paper, ink) = isFigure ? (Self.figureColour, "#ffffff") : ("#ffffff", "#334155")
            lines.append(
                "<rect x=\"\(x)\" y=\"\(box.y + 24)\" width=\"\(width)\" height=\"16\" rx=\"8\" fill=\"\(paper)\" "
                    + "stroke=\"\(stroke)\" stroke-width=\"0.8\"/>"
            )
            lines.append(
                "<text x=\"\(x + 7)\" y=\"\(box.y + 36)\" font-size=\"11\" fill=\"\(ink)\">\(Self.xml(chip))</text>"
            )
            x += width + 6
        }
        for row in box.rows {
            let colour = Self.lineColours[row.kind] ?? "#475569"
            lines.append(
                "<text x=\"\(box.x + 14)\" y=\"\(row.y + 4)\" font-size=\"12\" fill=\"\(colour)\">\(Self.xml(row.text))</text>"
            )
        }
        lines.append("</g>")
        for child in box.children { write(child, depth: depth + 1, into: &lines) }
    }

    private func write(_ track: ChartLayout.Track, into lines: inout [String]) {
        let from = track.starts.map { Self.xml(String($0.y)) }.joined(separator: " ")
        lines.append(
            "<g class=\"transition\" data-target=\"\(Self.xml(chart.nodes[track.target].id))\" data-from=\"\(from)\">"
        )
        for start in track.starts {
            let way = "M\(start.x) \(start.y) H\(track.x) V\(track.end.y)"
            lines.append(
                "<path d=\"\(way)\" fill=\"none\" stroke=\"\(Self.lineColours[track.kind] ?? "")\" stroke-width=\"1.3\" "
                    + "stroke-linejoin=\"round\"/>"
            )
            lines.append(
                "<circle cx=\"\(start.x)\" cy=\"\(start.y)\" r=\"2.2\" fill=\"\(Self.lineColours[track.kind] ?? "")\"/>"
            )
        }
        lines.append(Self.arrow("M\(track.x) \(track.end.y) H\(track.end.x + 1)", track.kind))
        lines.append("</g>")
    }

    private static func arrow(_ path: String, _ kind: ChartLayout.Row.Kind) -> String {
        "<path d=\"\(path)\" fill=\"none\" stroke=\"\(lineColours[kind] ?? "")\" stroke-width=\"1.3\" "
            + "marker-end=\"url(#head-\(kind.rawValue))\"/>"
    }

    private static func xml(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case let control where control.value < 0x20: result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
