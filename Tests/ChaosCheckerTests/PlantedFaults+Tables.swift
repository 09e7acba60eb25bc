extension PlantedFault {
    static let ofCommands: [PlantedFault] = [
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
            "C8 nothing is made up",
            "late progress that nobody sent",
            "DELETE FROM checker.records WHERE topic = 'genesis.outline.events' AND record_offset = 0"
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
    ]

    static let ofSessions: [PlantedFault] = [
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
    ]

    static let ofWaits: [PlantedFault] = [
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
    ]

    static let ofTasks: [PlantedFault] = [
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
    ]
}
