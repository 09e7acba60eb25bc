import Foundation
import Testing

@testable import Orchestration

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
        #expect(drawing.svg.contains(">1 session</text>"))
        #expect(!drawing.mermaid.contains("0 sessions"))
    }

    @Test func `no name can end a label or a line`() {
        var chart = Self.chart
        for index in chart.nodes.indices { chart.nodes[index].key = "zz\"\n; }#\\" }
        let drawing = ChartDrawing(chart)
        #expect(!drawing.mermaid.contains("zz\"") && !drawing.mermaid.contains(";"))
        #expect(drawing.svg.contains("zz&quot; ; }#\\</text>"))
    }

    /// The attribute of each element that has it, in order.
    static func values(_ attribute: String, in svg: String) -> [String] {
        svg.components(separatedBy: " \(attribute)=\"").dropFirst().map { String($0.prefix { $0 != "\"" }) }
    }

    @Test func `the SVG has a box for each state and an arrow for each target, and no box lies upon another`() throws {
        let svg = ChartDrawing(Self.chart, active: ["m.a.y"], path: [["m.a", "m.a.x"], ["m.a.y"]], counts: ["m.p": 2])
            .svg
        #expect(svg.hasPrefix("<svg ") && svg.hasSuffix("</svg>\n"))
        #expect(Self.values("data-state", in: svg) == Self.chart.nodes.map(\.id))
        #expect(Set(Self.values("data-target", in: svg)) == ["m.a.y", "m.p", "m.a.x", "m.f"])
        #expect(svg.contains(">step 2</text>") && svg.contains(">2 sessions</text>"))
        let layout = try #require(ChartLayout(ChartDrawing(Self.chart)))
        var boxes: [ChartLayout.Box] = []
        func collect(_ box: ChartLayout.Box, inside outer: ChartLayout.Box?) {
            if let outer {
                #expect(box.x > outer.x && box.x + box.width < outer.x + outer.width)
                #expect(box.y > outer.y && box.y + box.height < outer.y + outer.height)
            }
            for pair in zip(box.children, box.children.dropFirst()) {
                #expect(pair.0.y + pair.0.height < pair.1.y, "\(pair.0.title) and \(pair.1.title)")
            }
            boxes.append(box)
            for child in box.children { collect(child, inside: box) }
        }
        collect(layout.root, inside: nil)
        #expect(boxes.count == Self.chart.nodes.count)
        let lines = boxes.flatMap { $0.rows.map(\.y) }
        #expect(Set(lines).count == lines.count, "every transition has a line of its own")
        for track in layout.tracks {
            // Arrows run where no state is: right of the column that they belong to, and never two on one place.
            #expect(track.starts.allSatisfy { $0.x < track.x } && track.end.x < track.x)
            let rivals = layout.tracks.filter { $0.x == track.x && $0.target != track.target }
            let span = { (other: ChartLayout.Track) in
                let ys = other.starts.map(\.y) + [other.end.y]
                return (ys.min() ?? 0)...(ys.max() ?? 0)
            }
            #expect(rivals.allSatisfy { !span($0).overlaps(span(track)) })
        }
    }
}
