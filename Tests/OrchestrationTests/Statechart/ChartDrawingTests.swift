import Orchestration
import Testing

@Suite struct ChartDrawingTests {
    static let chart = ChartNotation.chart([
        "initial": "a",
        "states": [
            "a": [
                "initial": "x",
                "on": ["OUT": "p", "IN": ".x"],
                "states": [
                    "x": ["park": 5000, "on": ["Command.Genesis.Session.Go": ["target": "y", "guard": "true"]]],
                    "y": ["invoke": ["src": "Work", "onDone": "x"], "tags": ["b"]],
                ],
            ],
            "f": ["type": "final"],
            "p": [
                "type": "parallel", "onDone": "f",
                "states": ["l": [:], "r": ["initial": "q", "states": ["q": ["tags": ["incident"]]]]],
            ],
        ],
        "on": ["END": ".f"],
    ])

    func number(_ id: String) -> String { "s\(Self.chart.nodes.first { $0.id == id }?.index ?? -1)" }

    @Test func `the Mermaid text nests states, divides regions and names events with their guards`() {
        let text = ChartDrawing(Self.chart).mermaid
        let lines = text.split(separator: "\n").map { $0.drop { $0 == " " } }
        #expect(lines.first == "stateDiagram-v2")
        #expect(lines.contains("state \"a\" as \(number("m.a")) {"))
        #expect(lines.contains("[*] --> \(number("m.a.x"))"))
        #expect(lines.contains("\(number("m.a.x")) --> \(number("m.a.y")) : Go [true]"))
        #expect(lines.contains("\(number("m.a")) --> \(number("m.p")) : OUT"))
        #expect(lines.contains("any --> \(number("m.f")) : END"))
        #expect(lines.contains("\(number("m.f")) --> [*]"))
        #expect(lines.filter { $0 == "--" }.count == 1)
        #expect(lines.filter { $0.hasSuffix("{") }.count == lines.filter { $0 == "}" }.count)
        // An arrow from a state into itself is what Mermaid cannot lay out.
        #expect(lines.contains("IN → x"))
    }

    @Test func `waits, tasks, incidents, ends and where a session is have classes of their own`() {
        let text = ChartDrawing(Self.chart, active: ["m", "m.a", "m.a.y", "gone"]).mermaid
        #expect(text.contains("class \(number("m.a.x")) waitState"))
        #expect(text.contains("class \(number("m.a.y")) activeState"))
        #expect(text.contains("class \(number("m.p.r.q")) incidentState"))
        #expect(text.contains("class \(number("m.f")) finalState"))
        #expect(!text.contains("taskState"))
    }

    @Test func `the number of sessions stands in the state`() {
        let drawing = ChartDrawing(Self.chart, counts: ["m.a.x": 12, "m.p": 1, "m.f": 0])
        #expect(drawing.mermaid.contains("<br/>12 sessions\" as \(number("m.a.x"))"))
        #expect(drawing.graphviz.contains("\\n1 session\""))
        #expect(!drawing.mermaid.contains("0 sessions"))
    }

    @Test func `no name can end a label or a line`() {
        var chart = Self.chart
        for index in chart.nodes.indices { chart.nodes[index].key = "zz\"\n; }#\\" }
        let drawing = ChartDrawing(chart)
        #expect(!drawing.mermaid.contains("zz\"") && !drawing.mermaid.contains(";"))
        #expect(drawing.graphviz.contains("zz\\\" ; }#\\\\"))
    }

    @Test func `the Graphviz text has a cluster for each state with states inside`() {
        let text = ChartDrawing(Self.chart).graphviz
        #expect(text.hasPrefix("digraph chart {") && text.hasSuffix("}\n"))
        for id in ["m.a", "m.p", "m.p.r"] {
            #expect(text.contains("subgraph cluster_\(number(id).dropFirst()) {"))
        }
        let index = number("m.a").dropFirst()
        #expect(text.contains("ltail=cluster_\(index) lhead=cluster_\(number("m.p").dropFirst())"))
    }
}
