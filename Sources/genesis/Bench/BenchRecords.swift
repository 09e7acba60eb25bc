internal import Orchestration

/// Records as clients and agents produce them.
enum BenchRecords {
    static func command(_ type: String, to session: SessionID, _ payload: JSONValue) -> OutgoingRecord {
        let id = FreshIdentifier.make(MessageKind.self)
        let body: JSONObject = [
            "command_id": JSONValue(id), "command_type": .string(SessionMessages.commandPrefix + type),
            "aggregate_id": JSONValue(session), "payload": payload, "user_id": "bench",
        ]
        return OutgoingRecord(
            topic: Topics.commands,
            key: Array(session.description.utf8),
            value: JSONValue.object(body).utf8Bytes
        )
    }

    /// Sends in order; a record that is not taken ends the run, for its figures would be of less than was asked.
    static func send(_ records: [OutgoingRecord], through sink: any RecordSink, batch: Int) async throws {
        var rest = records[...]
        while !rest.isEmpty {
            let results = await sink.send(Array(rest.prefix(batch)))
            rest = rest.dropFirst(batch)
            for result in results where result != .sent {
                throw CommandFailure.unavailable("Kafka did not take a record of the bench: \(result)")
            }
        }
    }
}

extension IncomingRecord {
    /// The text of a header; nil when there is none.
    func header(_ name: String) -> String? {
        headers.first { $0.name == name }?.value.map { String(decoding: $0, as: UTF8.self) }
    }

    var session: SessionID? { key.flatMap { SessionID(String(decoding: $0, as: UTF8.self)) } }
}
