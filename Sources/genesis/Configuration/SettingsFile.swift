/// The configuration file: the flat part of YAML, `name: value` on each line, `#` comments, quoted values.
enum SettingsFile {
    static func read(_ text: String, file: String) throws(CommandFailure) -> [(name: String, value: String, line: Int)]
    {
        var entries: [(name: String, value: String, line: Int)] = []
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
        for (index, raw) in lines.enumerated() {
            let line = trimmed(raw)
            if line.isEmpty || line.hasPrefix("#") || line == "---" { continue }
            guard let colon = line.firstIndex(of: ":"), colon != line.startIndex, raw.first != " ", raw.first != "\t"
            else { throw .usage("\(file):\(index + 1): expected `name: value`") }
            let rest = line[line.index(after: colon)...]
            guard rest.isEmpty || rest.first == " " || rest.first == "\t" else {
                throw .usage("\(file):\(index + 1): a space belongs after the colon")
            }
            guard let value = unquoted(trimmed(rest)) else {
                throw .usage("\(file):\(index + 1): the quotation mark is not closed, or something follows it")
            }
            entries.append((String(trimmed(line[..<colon])), value, index + 1))
        }
        return entries
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }

    /// A plain value up to a comment, or the inside of quotation marks; nil when they are not closed.
    private static func unquoted(_ text: Substring) -> String? {
        guard let mark = text.first, mark == "\"" || mark == "'" else {
            var end = text.startIndex
            var previous: Character = " "
            while end < text.endIndex, !(text[end] == "#" && previous == " ") {
                previous = text[end]
                end = text.index(after: end)
            }
            return String(trimmed(text[..<end]))
        }
        let inside = text.dropFirst()
        guard let end = inside.firstIndex(of: mark) else { return nil }
        let rest = trimmed(inside[inside.index(after: end)...])
        return rest.isEmpty || rest.hasPrefix("#") ? String(inside[..<end]) : nil
    }
}
