package import Foundation

/// A run to be judged: where its rows, its records, its history and its logs are.
package struct CheckedRun: Sendable {
    /// A libpq connection string. The checker makes a schema `checker` of its own there and leaves it for whoever
    /// wants to look into a violation. `ChaosChecker.watch` was called before the run, or changes on the way are not seen.
    package var databaseURL: String
    /// Kafka's bootstrap servers.
    package var brokers: String
    /// The topics to read; empty: all that the brokers name.
    package var topics: [String]
    /// The topic that commands are offered on; each of its records must be accounted for.
    package var commandsTopic = "genesis.session.commands"
    package var eventsTopic = "genesis.session.events"
    /// JSON lines written by the clients; nil: there are none, and what they saw is not checked.
    package var historyPath: String?
    /// The folder with the workers' logs as JSON lines (`*.log`); nil: there are none, and nothing is counted from them.
    package var logFolder: String?
    /// When the run was quiet: what was due long before must be done by now. Nil: the moment of the check.
    package var drainedAt: Date?
    /// How long before `drainedAt` something may have become due and still be open.
    package var overdueSecondsMax = 10

    package init(
        databaseURL: String,
        brokers: String,
        topics: [String] = [],
        historyPath: String? = nil,
        logFolder: String? = nil
    ) {
        self.databaseURL = databaseURL
        self.brokers = brokers
        self.topics = topics
        self.historyPath = historyPath
        self.logFolder = logFolder
    }
}

/// An invariant that does not hold.
package struct Violation: Sendable, CustomStringConvertible {
    /// Its name, e.g. `I2 versions`.
    package var invariant: String
    /// What should be the case, in one sentence.
    package var says: String
    /// Up to `CheckReport.rowsMax` rows that show it, as JSON.
    package var rows: [String]

    package var description: String { ["\(invariant): \(says)"].appending(rows.map { "    \($0)" }) }
}

package struct CheckReport: Sendable {
    package static let rowsMax = 20

    package var violations: [Violation]
    /// What happened in the run, by name (`Guards.all`); for vacuity guards and for reports.
    package var counts: [String: Int]

    package var isClean: Bool { violations.isEmpty }

    /// The guards that count nothing: what they stand for never happened, so the run has proved nothing about it.
    package func missing(_ guards: [String]) -> [String] { guards.filter { counts[$0, default: 0] == 0 } }
}

/// The run cannot be judged at all.
package struct CheckFailure: Error, CustomStringConvertible {
    package let description: String
    init(_ description: String) { self.description = description }
}

extension [String] {
    fileprivate func appending(_ lines: [String]) -> String { (self + lines).joined(separator: "\n") }
}
