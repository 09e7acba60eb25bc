/// What happened in a run, counted: so that a run in which nothing happened can be told from one that proves something.
package enum Guards {
    /// Every name in `CheckReport.counts`.
    package static let all: [String] = queries.map(\.name)

    static func count(_ database: CheckDatabase) throws -> [String: Int] {
        let selection = queries.map { "(\($0.sql))" }.joined(separator: ", ")
        let row = try database.rows("SELECT \(selection)").first ?? []
        return Dictionary(
            zip(all, row).map { ($0, $1.flatMap { Int($0) } ?? 0) },
            uniquingKeysWith: { first, _ in first }
        )
    }

    private static func log(_ messages: String...) -> String {
        let list = messages.map(Evidence.quoted).joined(separator: ", ")
        return "SELECT count(*) FROM checker.logs WHERE message IN (\(list))"
    }

    private static func history(_ condition: String) -> String {
        "SELECT count(*) FROM checker.history WHERE \(condition)"
    }

    static let queries: [(name: String, sql: String)] = [
        // What was done.
        ("offered", history("body ->> 'kind' = 'offered'")),
        ("acknowledged", history("body ->> 'kind' = 'acknowledged'")),
        ("answers_seen", history("body ->> 'kind' = 'answered'")),
        ("poison_records", history("body ->> 'kind' = 'poison'")),
        ("faults", history("body ->> 'kind' = 'fault'")),
        ("records", "SELECT count(*) FROM checker.records"),
        ("sessions", "SELECT count(*) FROM genesis_sessions"),
        ("sessions_completed", "SELECT count(*) FROM genesis_sessions WHERE status = 'COMPLETED'"),
        ("sessions_abandoned", "SELECT count(*) FROM genesis_sessions WHERE status = 'ABANDONED'"),
        ("events", "SELECT count(*) FROM domain_events"),
        ("commands_accepted", "SELECT count(*) FROM command_inbox WHERE verdict = 'accepted'"),
        ("commands_refused", "SELECT count(*) FROM command_inbox WHERE status = 'FAILED' AND verdict <> 'accepted'"),
        ("inserted_commands", "SELECT count(*) FROM command_inbox WHERE source = 'table'"),
        ("sent", "SELECT count(*) FROM event_outbox WHERE status = 'SENT'"),
        // What went wrong and was mended.
        ("failpoints_reached", log("failpoint")),
        ("workers_started", log("worker started")),
        ("fenced", log("lost the partition to another worker")),
        ("partition_takeovers", "SELECT coalesce(sum(greatest(owner_epoch - 1, 0)), 0) FROM kafka_positions"),
        ("lane_takeovers", "SELECT coalesce(sum(greatest(epoch - 1, 0)), 0) FROM outbox_lanes"),
        ("conflicts_retried", log("conflict, deciding again")),
        (
            "reconnects",
            log(
                "the database is away, waiting",
                "the relay waits",
                "cannot read the inbox",
                "cannot take partitions yet"
            )
        ),
        ("broker_outages", log("the brokers are away")),
        ("broker_returns", log("the brokers are back")),
        (
            "kafka_notices",
            "SELECT count(*) FROM checker.logs WHERE message LIKE 'Kafka: %' OR message LIKE 'A Kafka broker cannot%'"
        ),
        ("relay_outages", log("the brokers take nothing, waiting")),
        (
            "resent_records",
            """
            SELECT coalesce(sum(times - 1), 0) FROM (
                SELECT count(*) AS times FROM checker.records
                WHERE source = 'genesis-worker' AND topic NOT LIKE '%.dlq' GROUP BY topic, event_id
            ) AS t
            """
        ),
        ("retried_records", "SELECT count(*) FROM event_outbox WHERE retry_count > 0"),
        ("dead_letters", "SELECT count(*) FROM dead_letters"),
        // What was seen before, too early or too late.
        ("duplicates_answered_again", log("duplicate")),
        (
            "duplicate_records",
            """
            SELECT coalesce(sum(times - 1), 0) FROM (
                SELECT count(*) AS times FROM checker.records CROSS JOIN checker.run
                WHERE topic = commands_topic AND checker.message_key(body) IS NOT NULL
                GROUP BY checker.message_key(body)
            ) AS t
            """
        ),
        (
            "early_replies_buffered",
            "SELECT count(*) FROM domain_events WHERE event_type = 'Genesis.Session.ReplyBuffered'"
        ),
        (
            "kept_replies_applied",
            """
            SELECT count(*) FROM domain_events e JOIN command_inbox c ON c.id = e.causation_id
            WHERE e.event_type = 'Genesis.Session.ReplyBuffered' AND c.verdict = 'accepted'
            """
        ),
        (
            "late_replies_refused",
            "SELECT count(*) FROM command_inbox WHERE verdict IN ('superseded', 'expired', 'stale_attempt')"
        ),
        ("reply_wins", "SELECT count(*) FROM flow_resume_handles WHERE status = 'RESUMED'"),
        ("expiry_wins", "SELECT count(*) FROM flow_resume_handles WHERE status = 'EXPIRED'"),
        ("cancelled_waits", "SELECT count(*) FROM flow_resume_handles WHERE status = 'CANCELLED'"),
        ("tasks_completed", "SELECT count(*) FROM async_tasks WHERE status = 'COMPLETED'"),
        ("task_retries", "SELECT count(*) FROM async_tasks WHERE attempt > 1"),
        (
            "operator_commands",
            """
            SELECT count(*) FROM command_inbox
            WHERE verdict = 'accepted' AND command_type LIKE 'Command.Genesis.Session.Task.%' AND payload ? 'task_id'
            """
        ),
        ("pauses", "SELECT count(*) FROM domain_events WHERE event_type = 'Genesis.Session.Paused'"),
    ]
}
