/// Where everything of a drawn chart is, in pixels.
///
/// All states stand below one another, those inside of a state in one column; so each transition has a line of text of
/// its own, and its arrow leaves to the right of that line. Arrows run down the channel to the right of the column that
/// holds both ends, those to one target on one track. Lines can cross, but nothing lies upon anything else.
package struct ChartLayout: Sendable {
    package struct Box: Sendable {
        package var node: Chart.NodeIndex
        package var x = 0, y = 0, width = 0, height = 0
        package var title: String
        package var chips: [String]
        /// The last chips tell of sessions.
        var figures = 0
        package var rows: [Row]
        package var children: [Box] = []
        /// From where on arrows run at the right of the children.
        var channelX = 0
        package var isRegion = false
        package var isInitial = false
    }

    /// One transition: a line of text, and the arrows that leave it.
    package struct Row: Sendable {
        package enum Kind: String, Sendable { case event, done, failure, time, always }
        package var text: String
        package var kind: Kind
        package var y = 0
        package var source: Chart.NodeIndex
        package var targets: [Chart.NodeIndex]
    }

    /// All arrows of a kind in one channel that end at one state.
    package struct Track: Sendable {
        package var x: Int
        package var kind: Row.Kind
        package var target: Chart.NodeIndex
        /// Where the lines come from.
        package var starts: [(x: Int, y: Int)]
        package var end: (x: Int, y: Int)
    }

    package private(set) var root: Box
    package private(set) var tracks: [Track] = []
    private let chart: Chart

    static let rowHeight = 17
    static let titleHeight = 24
    static let padding = 12
    static let gap = 12
    static let trackWidth = 9
    static let leftMargin = 22

    init?(_ drawing: ChartDrawing) {
        guard !drawing.chart.nodes.isEmpty else { return nil }
        chart = drawing.chart
        root = Self.box(Chart.root, drawing)
        let plan = Self.plan(root, chart)
        Self.measure(&root, plan, chart)
        Self.place(&root, x: Self.padding, y: Self.padding)
        route()
    }

    package var width: Int { root.x + root.width + Self.padding }
    package var height: Int { root.y + root.height + Self.padding }

    // MARK: Boxes

    private static func box(_ index: Chart.NodeIndex, _ drawing: ChartDrawing) -> Box {
        let node = drawing.chart.nodes[index]
        var lines = drawing.lines(node)
        let title = lines.removeFirst()
        var box = Box(node: index, title: title, chips: lines, rows: rows(of: node, drawing))
        box.figures = drawing.figures(node).count
        let initial = node.initial?.targets ?? []
        box.children = node.children.map { child in
            var inner = self.box(child, drawing)
            inner.isRegion = node.kind == .parallel
            inner.isInitial = initial.contains(child)
            return inner
        }
        return box
    }

    private static func rows(of node: StateNode, _ drawing: ChartDrawing) -> [Row] {
        var rows: [Row] = []
        func add(_ transition: Transition, _ name: String, _ kind: Row.Kind) {
            rows.append(
                Row(
                    text: drawing.label(name, transition),
                    kind: kind,
                    source: node.index,
                    targets: transition.targets
                )
            )
        }
        for on in node.on {
            let kind: Row.Kind = on.descriptor == SessionMessages.parkExpired ? .time : .event
            add(on.transition, ChartDrawing.short(on.descriptor), kind)
        }
        for always in node.always { add(always, "always", .always) }
        for after in node.after { add(after.transition, "after \(after.delay)", .time) }
        for invocation in node.invoke {
            for done in invocation.onDone { add(done, "done", .done) }
            for error in invocation.onError { add(error, "error", .failure) }
        }
        for done in node.onDone { add(done, "done", .done) }
        if !node.historyDefault.isEmpty {
            rows.append(Row(text: "without a past", kind: .always, source: node.index, targets: node.historyDefault))
        }
        return rows
    }

    // MARK: Tracks

    /// Which tracks each channel needs, by the state that holds it: its arrows by target and kind.
    private struct Key: Hashable {
        var target: Chart.NodeIndex
        var kind: Row.Kind
    }

    private static func plan(_ root: Box, _ chart: Chart) -> [Chart.NodeIndex: [Key]] {
        var plan: [Chart.NodeIndex: [Key]] = [:]
        func visit(_ box: Box) {
            for row in box.rows {
                for target in row.targets {
                    let holder = self.holder(row.source, target, chart)
                    let key = Key(target: target, kind: row.kind)
                    if plan[holder]?.contains(key) != true { plan[holder, default: []].append(key) }
                }
            }
            box.children.forEach(visit)
        }
        visit(root)
        return plan
    }

    /// The state whose channel an arrow runs in: the innermost that holds both ends, or the source itself when the
    /// target lies inside of it.
    private static func holder(_ source: Chart.NodeIndex, _ target: Chart.NodeIndex, _ chart: Chart) -> Chart.NodeIndex
    {
        if source != target, chart.isDescendant(target, of: source) { return source }
        if source != target, chart.isDescendant(source, of: target) {
            return chart.nodes[target].parent ?? Chart.root
        }
        return chart.tree.shape.leastCommonAncestor(of: [source, target]) ?? Chart.root
    }

    // MARK: Sizes and places

    private static func measure(_ box: inout Box, _ plan: [Chart.NodeIndex: [Key]], _ chart: Chart) {
        let words = box.rows.map { TextWidth.of($0.text) + 2 * padding + 24 }
        let chips = box.chips.reduce(0) { $0 + TextWidth.of($1) + 22 }
        var width = max(words.max() ?? 0, chips + padding, TextWidth.ofTitle(box.title) + 3 * padding, 120)
        var height = titleHeight + (box.chips.isEmpty ? 0 : 20) + box.rows.count * rowHeight + 6
        if !box.children.isEmpty {
            for index in box.children.indices { measure(&box.children[index], plan, chart) }
            let column = max(box.children.map(\.width).max() ?? 0, width - 2 * padding)
            for index in box.children.indices { widen(&box.children[index], to: column) }
            let channel = (plan[box.node]?.count ?? 0) * trackWidth + 10
            width = leftMargin + column + channel + padding
            height += box.children.reduce(0) { $0 + $1.height + gap } + padding - gap + 4
            box.channelX = leftMargin + column
        } else {
            box.channelX = width
        }
        (box.width, box.height) = (width, height)
    }

    /// All boxes of a column are of one width; what is inside grows with them, so that arrows need not pass a gap.
    private static func widen(_ box: inout Box, to width: Int) {
        let more = width - box.width
        guard more > 0 else { return }
        box.width = width
        box.channelX += more
        for index in box.children.indices { widen(&box.children[index], to: box.children[index].width + more) }
    }

    private static func place(_ box: inout Box, x: Int, y: Int) {
        (box.x, box.y) = (x, y)
        box.channelX += x
        var next = y + titleHeight + (box.chips.isEmpty ? 0 : 20)
        for index in box.rows.indices {
            box.rows[index].y = next + rowHeight / 2
            next += rowHeight
        }
        next += 8
        for index in box.children.indices {
            place(&box.children[index], x: x + leftMargin, y: next)
            next += box.children[index].height + gap
        }
    }

    private mutating func route() {
        var boxes: [Chart.NodeIndex: Box] = [:]
        func collect(_ box: Box) {
            boxes[box.node] = box
            box.children.forEach(collect)
        }
        collect(root)
        var found: [Chart.NodeIndex: [Key: Track]] = [:]
        for box in boxes.values.sorted(by: { $0.node < $1.node }) {
            for row in box.rows {
                for target in row.targets {
                    guard let end = boxes[target] else { continue }
                    let holder = Self.holder(row.source, target, chart)
                    let key = Key(target: target, kind: row.kind)
                    let start = (x: box.children.isEmpty ? box.x + box.width : box.channelX, y: row.y)
                    let stop = (x: end.x + end.width, y: end.y + Self.titleHeight / 2)
                    let track = Track(x: 0, kind: row.kind, target: target, starts: [], end: stop)
                    found[holder, default: [:]][key, default: track].starts.append(start)
                }
            }
        }
        for (holder, group) in found.sorted(by: { $0.key < $1.key }) {
            guard let box = boxes[holder] else { continue }
            // Short arrows inside, long ones outside: fewer crossings.
            let ordered = group.values.sorted { left, right in
                (Self.span(left), left.target, left.kind.rawValue) < (
                    Self.span(right), right.target, right.kind.rawValue
                )
            }
            for (place, var track) in ordered.enumerated() {
                track.x = box.channelX + 8 + place * Self.trackWidth
                tracks.append(track)
            }
        }
    }

    private static func span(_ track: Track) -> Int {
        let ys = track.starts.map(\.y) + [track.end.y]
        return (ys.max() ?? 0) - (ys.min() ?? 0)
    }
}

/// How wide a text is drawn, guessed from above: fonts differ from machine to machine.
enum TextWidth {
    static func of(_ text: String) -> Int { width(text, narrow: 4, usual: 7, wide: 10) }
    static func ofTitle(_ text: String) -> Int { width(text, narrow: 5, usual: 9, wide: 11) }

    private static func width(_ text: String, narrow: Int, usual: Int, wide: Int) -> Int {
        text.reduce(0) { sum, character in
            if "iljtfr.,:;'|!()[] ".contains(character) { return sum + narrow }
            if "mwMW@%→…".contains(character) || !character.isASCII { return sum + wide }
            return sum + usual + (character.isUppercase ? 1 : 0)
        }
    }
}
