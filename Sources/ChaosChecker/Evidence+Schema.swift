extension Evidence {
    /// The checker's own tables, and the few functions that the invariants share.
    static let schema = """
        DROP SCHEMA IF EXISTS checker CASCADE;
        CREATE SCHEMA checker;

        CREATE TABLE checker.run (commands_topic text, events_topic text, overdue_before timestamptz);
        CREATE TABLE checker.records (
            topic text, partition integer, record_offset bigint, key bytea, value bytea, headers jsonb,
            body jsonb, source text, event_id uuid,
            PRIMARY KEY (topic, partition, record_offset)
        );
        CREATE TABLE checker.history (number bigint GENERATED ALWAYS AS IDENTITY, line text, body jsonb);
        CREATE TABLE checker.logs (file text, line text, body jsonb, message text);

        -- NULL for what is no JSON, or not JSON as PostgreSQL takes it.
        CREATE FUNCTION checker.json(bytes bytea) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
        BEGIN
            RETURN convert_from(bytes, 'UTF8')::jsonb;
        EXCEPTION WHEN OTHERS THEN RETURN NULL;
        END
        $$;
        CREATE FUNCTION checker.uuid(text) RETURNS uuid LANGUAGE sql IMMUTABLE AS $$
            SELECT CASE WHEN $1 ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' THEN $1::uuid END
        $$;
        CREATE FUNCTION checker.header(headers jsonb, name text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
            SELECT pair ->> 1 FROM jsonb_array_elements(headers) AS pair WHERE pair ->> 0 = name LIMIT 1
        $$;

        -- By what a message is remembered: its idempotency key, or its id; an enveloped command has its own.
        CREATE FUNCTION checker.message_key(body jsonb) RETURNS text LANGUAGE sql IMMUTABLE AS $$
            SELECT CASE
                WHEN jsonb_typeof(body) IS DISTINCT FROM 'object' THEN NULL
                WHEN body ->> 'event_type' = 'Genesis.Session.Command.Received' THEN coalesce(
                    body -> 'payload' ->> 'idempotency_key', body -> 'payload' ->> 'command_id',
                    body ->> 'idempotency_key', body ->> 'event_id'
                )
                WHEN body ? 'specversion' THEN coalesce(
                    body ->> 'idempotency_key', body ->> 'idempotencykey', checker.uuid(body ->> 'id')::text,
                    (body ->> 'source') || '/' || (body ->> 'id')
                )
                ELSE coalesce(body ->> 'idempotency_key', body ->> 'command_id', body ->> 'event_id')
            END
        $$;

        -- The fold of `state_change`: `{"s": value}` set, `{"d": null}` deleted, `{"p": {...}}` changed within.
        CREATE FUNCTION checker.applied(image jsonb, change jsonb) RETURNS jsonb LANGUAGE plpgsql IMMUTABLE AS $$
        DECLARE
            name text;
            step jsonb;
        BEGIN
            FOR name, step IN SELECT * FROM jsonb_each(change) LOOP
                image := CASE
                    WHEN step ? 's' THEN image || jsonb_build_object(name, step -> 's')
                    WHEN step ? 'p' THEN image
                        || jsonb_build_object(name, checker.applied(coalesce(image -> name, '{}'), step -> 'p'))
                    WHEN step ? 'd' THEN image - name
                    ELSE image
                END;
            END LOOP;
            RETURN image;
        END
        $$;
        CREATE AGGREGATE checker.fold(jsonb) (SFUNC = checker.applied, STYPE = jsonb, INITCOND = '{}');
        """
}
