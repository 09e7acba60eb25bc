internal import Orchestration

/// Where the topics have been read to, and how a partition that has stopped goes on.
enum PositionsCommand {
    static let list = CommandSpecification(
        name: "positions",
        summary: "List how far each partition has been processed, and which have stopped and why.",
        examples: ["genesis topics positions", "genesis topics positions --json"],
        options: [.json],
        run: { invocation in
            let rows = try await invocation.withQueries { try await $0.positions() }
            let now = invocation.surroundings.now
            var table = Table("TOPIC", ">PARTITION", ">NEXT", "OWNER", "CHANGED", "STATE…")
            for row in rows {
                table.add(
                    row.topic,
                    String(row.partition),
                    row.nextOffset.map(String.init) ?? "beginning",
                    row.ownerID,
                    Phrases.relative(row.updatedAt, to: now),
                    row.stopReason ?? "read"
                )
            }
            invocation.print(rows: rows.map(json), orText: table, whenEmpty: "No partition has been read yet.")
        }
    )

    static let reset = CommandSpecification(
        name: "reset-position",
        summary: "Let a partition that has stopped go on with the topic as it is now.",
        details: """
            A partition stops when the record it processed last is not the one at that place any more: the topic was made \
            anew, or records were deleted before they were read. What is read again that was processed before has no \
            second effect, because messages are known by their keys. Only a partition that has stopped can be set; its \
            worker takes it up within seconds. Who did it, when, and from where stays with the position.
            """,
        examples: [
            "genesis topics reset-position genesis.session.commands 0 --to beginning",
            "genesis topics reset-position genesis.session.commands 3 --to 1042",
        ],
        positionals: [
            .init(name: "TOPIC", summary: "The topic."), .init(name: "PARTITION", summary: "The partition's number."),
        ],
        options: [
            .init(
                name: "to",
                valueName: "OFFSET",
                summary: "`beginning`, or the offset of the next record to process."
            ),
            .init(
                name: "cluster",
                valueName: "ID",
                summary: "The cluster's id, where the partition exists in several."
            ),
            .yes, .json,
        ],
        run: run
    )

    @Sendable private static func run(_ invocation: Invocation) async throws {
        guard let topic = invocation.argument("TOPIC"),
            let partition = invocation.argument("PARTITION").flatMap({ Int32($0) }), partition >= 0
        else { throw CommandFailure.usage("PARTITION is a number from 0") }
        let place = invocation.value("to")
        let offset = place.flatMap { Int64($0) }
        guard place == "beginning" || offset.map({ $0 >= 0 }) == true else {
            throw CommandFailure.usage("--to takes `beginning` or an offset from 0")
        }
        let wanted = TopicPartition(topic: topic, partition: Int(partition))
        let name = try invocation.person
        let cluster = invocation.value("cluster")
        try invocation.confirm("Let \(wanted) go on at \(place ?? "")?")
        let before = try await invocation.withQueries { queries in
            let rows = try await queries.positions().filter {
                $0.topicPartition == wanted && (cluster == nil || $0.clusterID == cluster)
            }
            let candidates = rows.count > 1 ? rows.filter { $0.stopReason != nil } : rows
            guard let row = candidates.first ?? rows.first else {
                throw CommandFailure.notSo("\(wanted) has no position; see `genesis topics positions`")
            }
            guard candidates.count <= 1 else {
                throw CommandFailure.usage("\(wanted) has stopped in several clusters; name one with --cluster")
            }
            return try await queries.resetPosition(
                cluster: row.clusterID,
                partition: wanted,
                to: offset,
                by: name
            )
        }
        guard let before, before.stopReason != nil else {
            throw CommandFailure.notSo("\(wanted) has not stopped; nothing was changed")
        }
        invocation.print(count: 1, "reset", "\(wanted) goes on at \(place ?? "").")
    }

    private static func json(_ row: OwnedPosition) -> JSONValue {
        [
            "cluster_id": .string(row.clusterID), "topic": .string(row.topic), "partition": .int(row.partition),
            "next_offset": row.nextOffset.map { .int(Int($0)) } ?? .null, "owner_id": .string(row.ownerID),
            "owner_epoch": .int(Int(row.ownerEpoch)), "stop_reason": JSONValue(row.stopReason),
            "reset_note": JSONValue(row.resetNote), "updated_at": JSONValue(row.updatedAt),
        ]
    }
}
