internal import Glibc
internal import Orchestration

/// The log of a process: one line, one write(2), so that lines of several threads never mix.
struct JSONLinesLog: LogSink {
    enum Format: String, CaseIterable, Sendable { case json, text }

    /// A value longer than this is cut: a payload in a log helps nobody.
    static let valueBytesMax = 1_024

    var level: LogLevel
    var format: Format
    var descriptor: Int32 = STDERR_FILENO
    /// Where the line is from; in JSON as `node`.
    var node: String

    func keeps(_ level: LogLevel) -> Bool { level >= self.level }

    func write(_ level: LogLevel, _ message: String, _ fields: [LogField]) {
        guard keeps(level) else { return }
        Terminal.writeAll(Array(line(level, message, fields, at: Surroundings.now()).utf8), to: descriptor)
    }

    /// The line, with its line break.
    func line(_ level: LogLevel, _ message: String, _ fields: [LogField], at time: Instant) -> String {
        switch format {
        case .json:
            var object: JSONObject = [
                "time": .string(time.description), "level": .string(level.rawValue),
                "message": .string(Self.cut(message)), "node": .string(node),
            ]
            for field in fields where object[field.name] == nil { object[field.name] = .string(Self.cut(field.value)) }
            return JSONValue.object(object).text + "\n"
        case .text:
            let pairs = fields.map { " \($0.name)=\(Self.quoted(Printable.text(Self.cut($0.value))))" }.joined()
            let name = Printable.padded(level.rawValue, to: 7)
            return "\(Phrases.clock(time)) \(name) \(Printable.text(Self.cut(message)))\(pairs)\n"
        }
    }

    private static func cut(_ text: String) -> String {
        guard text.utf8.count > valueBytesMax else { return text }
        // Whole code points only: half of one would not be UTF-8.
        var end = text.utf8.index(text.utf8.startIndex, offsetBy: valueBytesMax)
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        return "\(text[..<end])… (\(text.utf8.count) bytes)"
    }

    private static func quoted(_ text: String) -> String {
        text.isEmpty || text.contains(" ") || text.contains("\"") ? JSONValue.string(text).text : text
    }
}
