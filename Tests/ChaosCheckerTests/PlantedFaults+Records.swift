extension PlantedFault {
    static let ofRecords: [PlantedFault] = [
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
    ]

    static let ofClients: [PlantedFault] = [
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
    ]

    static let onTheWay: [PlantedFault] = [
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
            seen(
                "ALTER TABLE async_tasks DISABLE TRIGGER async_tasks_keep_order;; UPDATE async_tasks SET status = 'RUNNING'"
            )
        ),
        PlantedFault(
            "I10 an ended task stays ended",
            "an attempt goes back",
            seen(
                "ALTER TABLE async_tasks DISABLE TRIGGER async_tasks_keep_order;; UPDATE async_tasks SET attempt = 1 WHERE status = 'PENDING'"
            )
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
        PlantedFault(
            "L2 fenced once",
            "it tries on",
            """
            INSERT INTO checker.logs (file, line)
            SELECT 'w0.log', '{"message": "lost the partition to another worker", "partition": "c[0]",
                "reason": "c[0] is at offset 9 of owner w1 epoch 12, expected offset 7 epoch 11"}' FROM generate_series(1, 2)
            """
        ),
    ]
}
