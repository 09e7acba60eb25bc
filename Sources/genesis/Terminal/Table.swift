/// Rows for people: aligned columns that fit the terminal; data cannot smuggle escape sequences in.
struct Table: Sendable {
    struct Column: Sendable {
        var title: String
        var alignsRight = false
        /// May be cut when the terminal is too narrow.
        var isFlexible = false
        /// May be left out when the terminal is too narrow even so.
        var isOptional = false
    }

    /// A flexible column is not cut below this.
    static let flexibleWidthMin = 8
    private static let gap = 2

    var columns: [Column]
    private(set) var rows: [[String]] = []

    init(_ columns: [Column]) { self.columns = columns }

    /// Titles; one that begins with `>` aligns right, one that ends with `…` may be cut, one that ends with `?` (or `…?`)
    /// left out, the first one first.
    init(_ titles: String...) {
        columns = titles.map { title in
            var name = title[...]
            let right = name.hasPrefix(">")
            if right { name.removeFirst() }
            let optional = name.hasSuffix("?")
            if optional { name.removeLast() }
            let flexible = name.hasSuffix("…")
            if flexible { name.removeLast() }
            return Column(title: String(name), alignsRight: right, isFlexible: flexible, isOptional: optional)
        }
    }

    mutating func add(_ cells: String...) { add(cells) }

    mutating func add(_ cells: [String]) {
        let missing = max(0, columns.count - cells.count)
        rows.append(cells.prefix(columns.count).map { Printable.text($0) } + Array(repeating: "", count: missing))
    }

    /// Leaves a column out when all its cells are alike.
    mutating func omitUniform(_ title: String) {
        guard let index = columns.firstIndex(where: { $0.title == title }), Set(rows.map { $0[index] }).count < 2
        else { return }
        remove(index)
    }

    private mutating func remove(_ index: Int) {
        columns.remove(at: index)
        for row in rows.indices { rows[row].remove(at: index) }
    }

    /// The table as text; `width` nil means as wide as the data.
    func text(width: Int?) -> String {
        var widths = columns.indices.map { index in
            rows.map { Printable.width($0[index]) }.reduce(Printable.width(columns[index].title), max)
        }
        if let width, !shrink(&widths, to: width), let index = columns.firstIndex(where: \.isOptional) {
            var narrower = self
            narrower.remove(index)
            return narrower.text(width: width)
        }
        let lines = [columns.map(\.title)] + rows
        return lines.map { cells in
            var line = ""
            for index in columns.indices {
                if index > 0 { line += String(repeating: " ", count: Self.gap) }
                let cell = Printable.fitted(cells[index], to: widths[index])
                line += Printable.padded(cell, to: widths[index], right: columns[index].alignsRight)
            }
            while line.hasSuffix(" ") { line.removeLast() }
            return line + "\n"
        }.joined()
    }

    /// Takes columns from the widest flexible one until the line fits; false when nothing can be taken any more.
    private func shrink(_ widths: inout [Int], to width: Int) -> Bool {
        let flexible = columns.indices.filter { columns[$0].isFlexible }
        while widths.reduce(0, +) + Self.gap * (widths.count - 1) > width {
            guard let widest = flexible.max(by: { widths[$0] < widths[$1] }), widths[widest] > Self.flexibleWidthMin
            else { return false }
            widths[widest] -= 1
        }
        return true
    }
}
