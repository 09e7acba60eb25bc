internal import ChaosChecker
internal import Orchestration

extension Round {
    /// The checker's verdict, and the counts that show what the round has met.
    func check(_ report: inout RoundReport) async {
        report.violations += notes.allComplaints
        report.counts.merge(notes.allCounts) { $0 + $1 }
        if let failure = await clients.failure { report.violations.append("a client failed: \(failure)") }
        do {
            let verdict = try await ChaosChecker.check(
                CheckedRun(
                    databaseURL: field.databaseURL,
                    brokers: field.brokers,
                    historyPath: history.path,
                    logFolder: field.folder
                )
            )
            report.violations += verdict.violations.map(\.description)
            report.counts.merge(verdict.counts) { $1 }
            try countRows(&report)
        } catch {
            report.violations.append("the check broke off: \(error)")
        }
        lookForCrashes(&report)
    }

    private func countRows(_ report: inout RoundReport) throws {
        report.counts["outbox_dead"] = try field.database.number(
            "SELECT count(*) FROM event_outbox WHERE status = 'DEAD'"
        )
        for row in try field.database.rows("SELECT verdict, count(*) FROM command_inbox GROUP BY 1") {
            report.counts["verdict_\(row[0] ?? "none")"] = row[1].flatMap { Int($0) }
        }
        let watermarks = try Watermarks(brokers: field.brokers)
        for topic in Arena.topics {
            for partition in 0..<field.partitions {
                guard let (low, _) = watermarks.of(topic, partition), low != 0 else { continue }
                report.violations.append(
                    "\(topic)[\(partition)] has lost its first \(low) records: the round is too long"
                )
            }
        }
    }

    /// A worker may die of us, never of itself.
    private func lookForCrashes(_ report: inout RoundReport) {
        for name in Files.names(in: field.folder) where name.hasSuffix(".log") {
            guard let text = try? Files.read("\(field.folder)/\(name)") else { continue }
            for line in text.split(separator: "\n")
            where line.contains("Fatal error") || line.contains("Swift runtime failure") {
                report.violations.append("\(name): \(line.prefix(300))")
            }
        }
    }
}
