import Testing

/// A fault, and the invariant that must see it.
struct PlantedFault: Sendable, CustomTestStringConvertible {
    var invariant: String
    var what: String
    var sql: String
    var testDescription: String { "\(invariant): \(what)" }

    init(_ invariant: String, _ what: String, _ sql: String) {
        (self.invariant, self.what, self.sql) = (invariant, what, sql)
    }

    private static func inbox(_ change: String, _ id: String) -> String {
        "UPDATE command_inbox SET \(change) WHERE id = checker.id('\(id)')"
    }
    private static func event(_ change: String, _ id: String) -> String {
        "UPDATE domain_events SET \(change) WHERE event_id = checker.id('\(id)')"
    }
    private static func handle(_ change: String, _ id: String) -> String {
        "UPDATE flow_resume_handles SET \(change) WHERE id = checker.id('\(id)')"
    }
    private static func ended(_ handle: String, _ status: String) -> String {
        """
        metadata = jsonb_build_object('wait_ended', jsonb_build_object('handle_id', checker.id('\(handle)'),
            'status', '\(status)'))
        """
    }
    private static func record(_ change: String, _ topic: String, _ offset: Int) -> String {
        "UPDATE checker.records SET \(change) WHERE topic = '\(topic)' AND record_offset = \(offset)"
    }

    private static func position(_ change: String, by writer: String = "w9") -> String {
        "SET LOCAL application_name = '\(writer)';; UPDATE kafka_positions SET \(change) WHERE topic = '\(commands)'"
    }
    /// With the witness' triggers, which `planted` keeps silent.
    private static func seen(_ change: String) -> String { "SET LOCAL session_replication_role = origin;; \(change)" }

    static let events = "genesis.session.events"
    static let commands = "genesis.session.commands"

    static let all: [PlantedFault] = [
        PlantedFault("I1 one answer", "a command without verdict", inbox("verdict = NULL", "c1")),
        PlantedFault(
            "I1 one answer",
            "a command that nobody has decided",
            inbox("status = 'RECEIVED', verdict = NULL", "c5")
        ),
        PlantedFault(
            "I1 work goes on",
            "PROCESSING, and its task has ended",
            "UPDATE async_tasks SET status = 'COMPLETED'"
        ),
        PlantedFault("I1 kept for a reason", "a kept reply whose wait is gone", handle("status = 'CANCELLED'", "h3")),
        PlantedFault(
            "I1 accepted has effect",
            "an accepted command without event",
            inbox("verdict = 'accepted', status = 'COMPLETED'", "c5")
        ),
        PlantedFault(
            "I1 refused has none",
            "a refusal over a decision",
            inbox("verdict = 'wrong_stage', status = 'FAILED'", "c2")
        ),
        PlantedFault("I1 decided once", "two steps of one command", event("causation_id = checker.id('c1')", "a3")),
        PlantedFault("I1 decided once", "two decisions of one command", event("causation_id = checker.id('c1')", "a2")),
        PlantedFault(
            "C7 all input is accounted for",
            "a skipped record",
            "DELETE FROM command_inbox WHERE id = checker.id('c5')"
        ),
        PlantedFault(
            "C7 all input is accounted for",
            "an answer skipped",
            "DELETE FROM command_inbox WHERE id = checker.id('r1')"
        ),
        PlantedFault("C7 all input is accounted for", "bytes skipped", "DELETE FROM dead_letters"),
        PlantedFault(
            "C8 nothing is made up",
            "a message that was never sent",
            "DELETE FROM checker.records WHERE record_offset = 5 AND topic = '\(commands)'"
        ),
        PlantedFault(
            "C9 ids are unique",
            "a key twice",
            """
            ALTER TABLE command_inbox DROP CONSTRAINT command_inbox_idempotency_key;;
            \(inbox("idempotency_key = 'key of c2'", "c1"))
            """
        ),
        PlantedFault(
            "I11 positions",
            "a position that stayed behind",
            "UPDATE kafka_positions SET next_offset = next_offset - 1"
        ),
        PlantedFault(
            "I11 positions",
            "a position beyond the end",
            "UPDATE kafka_positions SET next_offset = next_offset + 1"
        ),
        PlantedFault("I13 dead letters", "other bytes", "UPDATE dead_letters SET record_value = 'poison'"),
        PlantedFault("I13 dead letters", "no copy", "DELETE FROM event_outbox WHERE topic LIKE '%.dlq'"),
        PlantedFault("I15 operators", "no operator in the event", event("payload = payload - 'operator'", "b3")),

        PlantedFault("I2 versions", "a gap", event("aggregate_version = 5", "a4")),
        PlantedFault(
            "I3 row is the fold",
            "a row that was changed by hand",
            "UPDATE genesis_sessions SET confirmed_data = '{}'"
        ),
        PlantedFault("I3 row is the fold", "a change that no event has", event("state_change = '{}'", "a4")),
        PlantedFault("I3 row is the fold", "another timer", "UPDATE genesis_sessions SET next_timer_at = '2098-01-01'"),
        PlantedFault(
            "I3 every stream has its row",
            "no row",
            "DELETE FROM genesis_sessions WHERE id = checker.id('b')"
        ),
        PlantedFault(
            "I5 global order",
            "a later version before an earlier",
            """
            ALTER TABLE domain_events ALTER global_position DROP IDENTITY;;
            \(event("global_position = 0", "a4"))
            """
        ),
        PlantedFault("I5 global order", "time goes back", event("occurred_at = '2025-12-31'", "a4")),
        PlantedFault(
            "I8 an ended session is closed",
            "an open task",
            "UPDATE genesis_sessions SET status = 'ABANDONED'"
        ),
        PlantedFault("I12 tenants", "a task of another tenant", "UPDATE async_tasks SET tenant_id = 'other'"),
        PlantedFault("T1 one clock", "an event from the future", event("occurred_at = '2026-01-02'", "a4")),

        PlantedFault(
            "I6 one open wait",
            "two waits of one correlation",
            """
            INSERT INTO flow_resume_handles (session_id, correlation_id, task_name, status)
                VALUES (checker.id('b'), checker.id('w3')::text, 'one', 'WAITING')
            """
        ),
        PlantedFault(
            "I6 one open wait",
            "two waits of one state",
            """
            INSERT INTO flow_resume_handles (session_id, correlation_id, task_name, status)
                VALUES (checker.id('b'), 'x', 'one', 'WAITING'), (checker.id('b'), 'y', 'one', 'PAUSED')
            """
        ),
        PlantedFault("I7 a wait ends once", "it ended twice", event(ended("h1", "RESUMED"), "a4")),
        PlantedFault("I7 a wait ends once", "it ended, and no event says so", event("metadata = '{}'", "a4")),
        PlantedFault("I7 a wait ends once", "it ended otherwise", event(ended("h2", "CANCELLED"), "a4")),
        PlantedFault("I7 a wait ends once", "it is open again", handle("status = 'WAITING'", "h2")),
        PlantedFault(
            "I7 a reply resumes once",
            "one reply, two waits",
            handle("status = 'RESUMED', resumed_by = checker.id('c2')", "h2")
        ),
        PlantedFault(
            "I7 a reply resumes once",
            "a refused reply resumed",
            handle("resumed_by = checker.id('c5')", "h1")
        ),
        PlantedFault("I7 a reply goes where it says", "a reply to another draft", handle("draft = 2", "h1")),
        PlantedFault(
            "I7 a reply goes where it says",
            "a reply to another wait",
            inbox("correlation_id = checker.id('w2')::text", "c2")
        ),
        PlantedFault("I7 deadlines", "expired too early", handle("expires_at = '2026-01-01 00:00:06'", "h2")),
        PlantedFault("I7 deadlines", "answered too late", handle("resumed_at = '2026-01-01 00:00:05'", "h1")),
        PlantedFault(
            "I9 announced waits exist",
            "an announced wait without row",
            "DELETE FROM flow_resume_handles WHERE id = checker.id('h1')"
        ),
        PlantedFault("I9 announced waits exist", "a wait that nobody announced", event("metadata = '{}'", "a2")),
        PlantedFault("C10 nothing is overdue", "a deadline passed by", handle("expires_at = '2026-01-01'", "h3")),
        PlantedFault(
            "C10 nothing is overdue",
            "a timer passed by",
            "UPDATE genesis_sessions SET next_timer_at = '2026-01-01'"
        ),
        PlantedFault("C10 nothing is overdue", "a task passed by", "UPDATE async_tasks SET deadline_at = '2026-01-01'"),
        PlantedFault(
            "C10 nothing is overdue",
            "a row left behind",
            "UPDATE event_outbox SET status = 'PENDING', created_at = '2026-01-01'"
        ),

        PlantedFault("I10 tasks", "retried beyond the limit", "UPDATE async_tasks SET retry_count = 9, attempt = 10"),
        PlantedFault("I10 tasks", "ended without a time", "UPDATE async_tasks SET completed_at = NULL"),
        PlantedFault(
            "I10 one request an attempt",
            "an attempt nobody was asked for",
            "UPDATE async_tasks SET attempt = attempt + 1"
        ),
        PlantedFault(
            "I10 one result a task",
            "two results",
            inbox(
                """
                verdict = 'accepted', command_type = 'Chaos.Work.Generated', payload = jsonb_build_object('task_id', checker.id('t1'))
                """,
                "c5"
            )
        ),

        PlantedFault(
            "I4 every event is to be published",
            "an event without row",
            "DELETE FROM event_outbox WHERE id = checker.id('a2')"
        ),
        PlantedFault(
            "I4 every event is to be published",
            "a row that says something else",
            event("payload = '{}'", "a2")
        ),
        PlantedFault(
            "I4 every event is to be published",
            "a row without event",
            "DELETE FROM domain_events WHERE event_id = checker.id('a2')"
        ),
        PlantedFault(
            "I5 outbox order",
            "a later version before an earlier",
            """
            ALTER TABLE event_outbox ALTER position DROP IDENTITY;;
            UPDATE event_outbox SET position = -1 WHERE id = checker.id('a3')
            """
        ),
        PlantedFault(
            "C1 sent is there",
            "marked and not sent",
            "DELETE FROM checker.records WHERE headers::text LIKE '%' || checker.id('t2/2') || '%'"
        ),
        PlantedFault(
            "C1 sent is there",
            "a dead letter's copy that was not sent",
            "DELETE FROM checker.records WHERE topic LIKE '%.dlq'"
        ),
        PlantedFault(
            "C2 repetitions are the same",
            "repeated with other headers",
            record("headers = headers || '[[\"h\", \"v\"]]'", events, 8)
        ),
        PlantedFault(
            "C2 repetitions are the same",
            "repeated on another partition",
            record("partition = 1", events, 8)
        ),
        PlantedFault(
            "C3 a version is one event",
            "two events of one version",
            record(
                """
                headers = jsonb_build_array(jsonb_build_array('source', 'genesis-worker'), jsonb_build_array('ce_id', checker.id('z')))
                """,
                events,
                8
            )
        ),
        PlantedFault(
            "C4 nothing else is there",
            "an event the database never had",
            "DELETE FROM event_outbox WHERE id = checker.id('a2')"
        ),
        PlantedFault("C4 nothing else is there", "other words", record("value = '{}'", events, 1)),
        PlantedFault("C4 dead letters' copies", "a copy of nothing", "DELETE FROM dead_letters"),
        PlantedFault(
            "C5 order per key",
            "sent in another order",
            """
            \(record("record_offset = 100", events, 1))
            """
        ),
        PlantedFault(
            "C5 order per key",
            "task requests in another order",
            record("record_offset = 100", "genesis.outline.tasks", 1)
        ),
        PlantedFault("C5 versions in order", "sent in another order", record("record_offset = 100", events, 1)),
        PlantedFault("C5 versions in order", "a version left out", record("value = NULL", events, 1)),

        PlantedFault(
            "C7 acknowledged is not lost",
            "an acknowledged command is gone",
            "DELETE FROM command_inbox WHERE id = checker.id('c1')"
        ),
        PlantedFault("C7 poison is set aside", "poison was skipped", "DELETE FROM dead_letters"),
        PlantedFault("C6 what was seen stays", "history was rewritten", event("event_type = 'Other'", "a1")),
        PlantedFault(
            "C6 seen before, decided before",
            "the later command came first",
            """
            UPDATE checker.history SET line = jsonb_set(line::jsonb, '{version}', '3')::text WHERE line LIKE '%answered%'
            """
        ),
        PlantedFault(
            "C6 decided as sent",
            "commands changed places",
            """
            \(record("record_offset = 100", commands, 0));;
            \(record("record_offset = 101", commands, 2))
            """
        ),

        PlantedFault("I11 only the owner moves a position", "another moves it", seen(position("next_offset = 7"))),
        PlantedFault("I11 only the owner moves a position", "back", seen(position("next_offset = 3", by: "w0"))),
        PlantedFault(
            "I11 only the owner moves a position",
            "an older epoch",
            seen(position("owner_epoch = 1, owner_id = 'w0'", by: "w0"))
        ),
        PlantedFault(
            "I11 lanes",
            "a new owner without an epoch",
            seen("UPDATE outbox_lanes SET owner_id = 'w1', epoch = epoch WHERE lane = 3")
        ),
        PlantedFault("I1 an answer is final", "another verdict", seen(inbox("verdict = 'accepted'", "c5"))),
        PlantedFault(
            "I2 sessions go forward",
            "an ended session goes on",
            seen("UPDATE genesis_sessions SET status = 'IN_PROGRESS'")
        ),
        PlantedFault(
            "I2 sessions go forward",
            "an older version",
            seen("UPDATE genesis_sessions SET version = version - 1")
        ),
        PlantedFault(
            "I10 an ended task stays ended",
            "a task runs again",
            seen("UPDATE async_tasks SET status = 'RUNNING'")
        ),
        PlantedFault(
            "I10 an ended task stays ended",
            "an attempt goes back",
            seen("UPDATE async_tasks SET attempt = 1 WHERE status = 'PENDING'")
        ),
        PlantedFault("I7 an ended wait stays ended", "a wait is open again", seen(handle("status = 'WAITING'", "h1"))),
        PlantedFault("C1 sent stays sent", "a row is due again", seen("UPDATE event_outbox SET status = 'PENDING'")),
        PlantedFault(
            "L1 fenced by another",
            "it has fenced itself",
            """
            INSERT INTO checker.logs (file, line) VALUES ('w0.log', '{"message": "lost the partition to another worker",
                "reason": "c[0] is at offset 9 of owner w0 epoch 12, expected offset 7 epoch 12"}')
            """
        ),
    ]
}
