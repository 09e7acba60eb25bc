internal import Orchestration

extension Round {
    /// The checker's verdict, and the counts that show what the round has met.
    func check(_ report: inout RoundReport) async {
        report.violations += notes.allComplaints
        report.counts.merge(notes.allCounts) { $0 + $1 }
        if let failure = await clients.failure { report.violations.append("a client failed: \(failure)") }
        do {
            for (name, number) in try minimalCheck() { report.violations.append("\(name): \(number) rows") }
            try countRows(&report)
        } catch {
            report.violations.append("the check broke off: \(error)")
        }
        countLogs(&report)
    }

    private func minimalCheck() throws -> [(String, Int)] {
        let queries = [
            (
                "I2 versions",
                """
                SELECT count(*) FROM (SELECT aggregate_id FROM domain_events GROUP BY 1
                HAVING min(aggregate_version) <> 1 OR max(aggregate_version) <> count(*)) AS t
                """
            ),
            (
                "I3 session row",
                """
                SELECT count(*) FROM genesis_sessions s WHERE s.version <>
                (SELECT max(aggregate_version) FROM domain_events e WHERE e.aggregate_id = s.id)
                """
            ),
            (
                "I4 event without outbox row",
                """
                SELECT count(*) FROM domain_events e WHERE NOT EXISTS
                (SELECT 1 FROM event_outbox o WHERE o.event_id = e.event_id)
                """
            ),
            (
                "I8 open in an ended session",
                """
                SELECT count(*) FROM flow_resume_handles h JOIN genesis_sessions s ON s.id = h.session_id
                WHERE s.status IN ('COMPLETED', 'ABANDONED', 'FAILED')
                    AND h.status IN ('PENDING_PAUSE', 'WAITING', 'PAUSED')
                """
            ),
        ]
        return try queries.map { ($0.0, try field.database.number($0.1)) }.filter { $0.1 > 0 }
    }

    private func countRows(_ report: inout RoundReport) throws {
        for (name, sql) in [
            ("events", "SELECT count(*) FROM domain_events"),
            ("commands", "SELECT count(*) FROM command_inbox"),
            (
                "sessions_ended",
                "SELECT count(*) FROM genesis_sessions WHERE status IN ('COMPLETED', 'ABANDONED', 'FAILED')"
            ),
            ("dead_letters", "SELECT count(*) FROM dead_letters"),
            ("resumed", "SELECT count(*) FROM flow_resume_handles WHERE status = 'RESUMED'"),
            ("expired", "SELECT count(*) FROM flow_resume_handles WHERE status = 'EXPIRED'"),
            ("task_retries", "SELECT coalesce(sum(retry_count), 0) FROM async_tasks"),
            ("early_replies", "SELECT count(*) FROM command_inbox WHERE verdict IN ('buffered')"),
            ("outbox_retried", "SELECT count(*) FROM event_outbox WHERE retry_count > 0"),
            ("outbox_dead", "SELECT count(*) FROM event_outbox WHERE status = 'DEAD'"),
        ] { report.counts[name] = try field.database.number(sql) }
        for row in try field.database.rows("SELECT verdict, count(*) FROM command_inbox GROUP BY 1") {
            report.counts["verdict_\(row[0] ?? "none")"] = row[1].flatMap { Int($0) }
        }
        let watermarks = try Watermarks(brokers: field.brokers)
        var published = 0
        for topic in Arena.topics {
            for partition in 0..<field.partitions {
                guard let (low, high) = watermarks.of(topic, partition) else { continue }
                if low != 0 {
                    report.violations.append(
                        "\(topic)[\(partition)] has lost its first \(low) records: the round is too long"
                    )
                }
                if topic.hasSuffix(".tasks") || topic == "genesis.session.events" { published += Int(high) }
            }
        }
        let rows = try field.database.number(
            "SELECT count(*) FROM event_outbox WHERE status = 'SENT' AND topic NOT LIKE '%.dlq'"
        )
        report.counts["published_again"] = max(0, published - rows)
    }

    /// What the workers said.
    private func countLogs(_ report: inout RoundReport) {
        let phrases = [
            ("fenced", "\"lost the partition to another worker\""), ("conflicts", "\"conflict, deciding again\""),
            ("database_away", "\"the database is away, waiting\""), ("duplicates", "\"message\":\"duplicate\""),
            ("relay_waited", "\"the relay waits\""), ("brokers_away", "\"the brokers take nothing, waiting\""),
            ("takes", "\"partitions taken\""),
        ]
        for name in Files.names(in: field.folder) where name.hasSuffix(".log") {
            guard let text = try? Files.read("\(field.folder)/\(name)") else { continue }
            for line in text.split(separator: "\n") {
                for (count, phrase) in phrases where line.contains(phrase) { report.counts[count, default: 0] += 1 }
                if line.contains("Fatal error") || line.contains("Swift runtime failure") {
                    report.violations.append("\(name): \(line.prefix(300))")
                }
                if line.contains("\"message\":\"failpoint\""), let fields = try? JSONText.parse(String(line)),
                    let moment = fields["name"].string
                {
                    report.counts["reached_\(moment)", default: 0] += 1
                }
            }
        }
    }
}
