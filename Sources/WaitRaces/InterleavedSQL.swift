internal import Orchestration

/// The parts of an isolation specification that are the same for each pair.
enum InterleavedSQL {
    /// Makes the base state anew, lets the loser decide again, and says what came of it.
    static func common(_ plan: InterleavedPlan) -> String {
        """
        CREATE FUNCTION wait_reset() RETURNS void LANGUAGE plpgsql AS $body$
        BEGIN
            -- Events cannot be deleted otherwise.
            SET LOCAL session_replication_role = replica;
            DELETE FROM event_outbox;
            DELETE FROM domain_events;
            DELETE FROM async_tasks;
            DELETE FROM flow_resume_handles;
            DELETE FROM command_inbox;
            DELETE FROM genesis_sessions;
            SET LOCAL session_replication_role = origin;
            PERFORM wait_base();
        END
        $body$;
        CREATE FUNCTION wait_left_wrote() RETURNS boolean LANGUAGE sql AS $body$
            SELECT EXISTS (SELECT FROM domain_events WHERE causation_id = '\(plan.leftMessage.id)')
        $body$;
        CREATE FUNCTION wait_right_wrote() RETURNS boolean LANGUAGE sql AS $body$
            SELECT EXISTS (SELECT FROM domain_events WHERE causation_id = '\(plan.rightMessage.id)')
        $body$;
        CREATE FUNCTION wait_verdict() RETURNS text LANGUAGE plpgsql AS $body$
        DECLARE
            wait flow_resume_handles;
            ends bigint;
            winner text;
        BEGIN
            IF wait_left_wrote() AND wait_right_wrote() THEN RETURN 'BAD: both committed'; END IF;
            IF wait_left_wrote() THEN
                winner := 'left';
                PERFORM wait_right_again();
            ELSIF wait_right_wrote() THEN
                winner := 'right';
                PERFORM wait_left_again();
            ELSE
                RETURN 'BAD: nobody committed';
            END IF;
            SELECT * INTO wait FROM flow_resume_handles
                WHERE correlation_id = '\(plan.correlation)' ORDER BY created_at DESC LIMIT 1;
            SELECT count(*) INTO ends FROM domain_events
                WHERE metadata -> 'wait_ended' ->> 'handle_id' = wait.id::text
                    AND metadata -> 'wait_ended' ->> 'status' = wait.status::text;
            IF ends IS DISTINCT FROM 1 THEN RETURN format('BAD: %s with %s ends', wait.status, ends); END IF;
            IF EXISTS (SELECT FROM command_inbox WHERE verdict IS NULL) THEN RETURN 'BAD: no verdict'; END IF;
            IF NOT EXISTS (SELECT FROM command_inbox WHERE id = '\(plan.leftMessage.id)') THEN
                RETURN 'BAD: the reply left no trace';
            END IF;
            IF (SELECT version FROM genesis_sessions) <> (SELECT count(*) FROM domain_events) THEN
                RETURN 'BAD: version and events differ';
            END IF;
            RETURN 'GOOD: ' || winner;
        END
        $body$;

        """
    }

    /// What else stands in the way of a second winner.
    static let withoutUniqueVersions = """
        ALTER TABLE domain_events DROP CONSTRAINT domain_events_event_id_key CASCADE;
        ALTER TABLE domain_events DROP CONSTRAINT domain_events_stream_key;

        """

    static func specification(_ steps: [[String]], _ orders: [[String]]) -> String {
        var text = "setup { SELECT wait_reset(); }\n\n"
        for (session, names) in zip(["left", "right"], steps) {
            text += "session \(session)\n"
            for name in names {
                let sql =
                    if name.hasSuffix("_begin") {
                        "BEGIN; SET LOCAL client_min_messages = error;"
                    } else if name.hasSuffix("_commit") {
                        "COMMIT;"
                    } else {
                        "SELECT \(name)();"
                    }
                text += "step \(name) { \(sql) }\n"
            }
            text += "\n"
        }
        text += "session judge\nstep verdict { SELECT wait_verdict(); }\n\n"
        for order in orders { text += "permutation \((order + ["verdict"]).joined(separator: " "))\n" }
        return text
    }
}
