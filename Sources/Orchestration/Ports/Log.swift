/// Structured logging: a message and fields; the sink prints one JSON object, or one readable line.
package protocol LogSink: Sendable {
    func write(_ level: LogLevel, _ message: String, _ fields: [LogField])
    /// Whether lines of the level are kept; asked before a line is made that there are many of.
    func keeps(_ level: LogLevel) -> Bool
}

package enum LogLevel: String, Sendable, Comparable, CaseIterable {
    case debug, info, warning, error

    package static func < (left: Self, right: Self) -> Bool {
        (allCases.firstIndex(of: left) ?? 0) < (allCases.firstIndex(of: right) ?? 0)
    }
}

/// A field of a log line. The names are the columns' names: `session_id`, `correlation_id`, `message_id`, …
package struct LogField: Equatable, Sendable {
    package var name: String
    package var value: String

    package init(_ name: String, _ value: some CustomStringConvertible) {
        self.name = name
        self.value = value.description
    }
}

extension LogSink {
    package func keeps(_ level: LogLevel) -> Bool { true }
    package func debug(_ message: String, _ fields: LogField...) { write(.debug, message, fields) }
    package func info(_ message: String, _ fields: LogField...) { write(.info, message, fields) }
    package func warning(_ message: String, _ fields: LogField...) { write(.warning, message, fields) }
    package func error(_ message: String, _ fields: LogField...) { write(.error, message, fields) }
}
