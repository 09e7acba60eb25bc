internal import Foundation

/// What the run has left, gathered in the schema `checker`.
enum Evidence {
    static func open(_ run: CheckedRun) throws -> CheckDatabase {
        let database = try CheckDatabase(run.databaseURL)
        try database.script(schema + Witness.schema)
        let drained = run.drainedAt.map { "to_timestamp(\($0.timeIntervalSince1970))" } ?? "clock_timestamp()"
        try database.script(
            """
            INSERT INTO checker.run (commands_topic, events_topic, overdue_before) VALUES (
                \(quoted(run.commandsTopic)), \(quoted(run.eventsTopic)),
                \(drained) - interval '\(run.overdueSecondsMax) seconds'
            )
            """
        )
        if let path = run.historyPath { try database.copy(into: "checker.history (line)", try lines(path)) }
        if let folder = run.logFolder {
            let names = try FileManager.default.contentsOfDirectory(atPath: folder)
            for name in names.sorted() where name.hasSuffix(".log") {
                let lines = try lines("\(folder)/\(name)").lazy.map { [name] + $0 }
                try database.copy(into: "checker.logs (file, line)", lines)
            }
        }
        return database
    }

    static func add(_ records: [TopicRecord], to database: CheckDatabase) throws {
        try database.copy(
            into: "checker.records (topic, partition, record_offset, key, value, headers)",
            records.lazy.map { record in
                [
                    record.topic, String(record.partition), String(record.offset), record.key.map(hex),
                    record.value.map(hex), headers(record),
                ]
            }
        )
    }

    /// Takes the loaded lines and records apart.
    static func prepare(_ database: CheckDatabase) throws {
        try database.script(
            """
            UPDATE checker.records SET body = checker.json(value), source = checker.header(headers, 'source'),
                event_id = checker.uuid(checker.header(headers, 'ce_id'));
            UPDATE checker.history SET body = checker.json(convert_to(line, 'UTF8'));
            UPDATE checker.logs SET body = checker.json(convert_to(line, 'UTF8'));
            UPDATE checker.logs SET message = body ->> 'message';
            CREATE INDEX ON checker.records (event_id, topic);
            CREATE INDEX ON checker.records (lower(checker.message_key(body)));
            CREATE INDEX ON checker.records ((body -> 'payload' ->> 'task_id'));
            CREATE TABLE checker.requests AS
                SELECT (payload ->> 'task_id')::uuid AS task_id, (payload ->> 'attempt')::integer AS attempt,
                    payload ->> 'task_type' AS task_type
                FROM event_outbox WHERE raw_value IS NULL AND payload ? 'task_id' AND payload ? 'input';
            CREATE INDEX ON checker.requests (task_id);
            ANALYZE;
            """
        )
    }

    /// Complete lines of a file; the last may have been cut by a kill.
    private static func lines(_ path: String) throws -> [[String?]] {
        guard let data = FileManager.default.contents(atPath: path) else { throw CheckFailure("cannot read \(path)") }
        // No NUL can stand in a text of PostgreSQL.
        return data.split(separator: UInt8(ascii: "\n")).map {
            [String(decoding: $0, as: UTF8.self).replacing("\0", with: "\u{FFFD}")]
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        var text = Array("\\x".utf8)
        text.reserveCapacity(2 + bytes.count * 2)
        for byte in bytes { text += [digits[Int(byte >> 4)], digits[Int(byte & 15)]] }
        return String(decoding: text, as: UTF8.self)
    }

    /// As an array of pairs, since a name may occur twice; bytes that are no text in hex.
    private static func headers(_ record: TopicRecord) -> String {
        let pairs: [[Any]] = record.headers.map { header in
            guard let value = header.value else { return [header.name, NSNull()] }
            let text = String(validating: value, as: UTF8.self)
            return [header.name, text.flatMap { $0.contains("\0") ? nil : $0 } ?? hex(value)]
        }
        guard let data = try? JSONSerialization.data(withJSONObject: pairs) else { return "[]" }
        return String(decoding: data, as: UTF8.self)
    }

    static func quoted(_ text: String) -> String { "'" + text.replacing("'", with: "''") + "'" }
}
