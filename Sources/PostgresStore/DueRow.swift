internal import Orchestration

/// The place of an outbox row that is to be published now.
struct DueRow: Sendable {
    var id: EventID
    var position: Int64
    var lane: Int

    /// The first due rows of the lanes by position, `limit` of them if there are so many.
    ///
    /// An even share is asked of each lane. If that is too little, lanes that have more give what the others lack: one
    /// full lane must not make batches small, and a long queue in all of them is not read in whole for each batch.
    static func read(
        _ connection: PostgresConnection,
        _ lanes: [LaneLease],
        limit: Int
    ) throws(StoreError) -> [DueRow] {
        let share = max(RelayStatements.laneRowsMin, perLane(limit, lanes.count))
        let rows = try read(connection, lanes, perLane: share, limit)
        guard rows.count < limit else { return rows }
        let counts = rows.reduce(into: [:]) { counts, row in counts[row.lane, default: 0] += 1 }
        let full = lanes.filter { counts[$0.lane] == share }
        guard !full.isEmpty else { return rows }
        let more = try read(connection, full, perLane: max(share, perLane(limit, full.count)), limit)
        let all = rows.filter { counts[$0.lane] != share } + more
        return Array(all.sorted { $0.position < $1.position }.prefix(limit))
    }

    private static func perLane(_ limit: Int, _ lanes: Int) -> Int { (limit + lanes - 1) / max(1, lanes) }

    private static func read(
        _ connection: PostgresConnection,
        _ lanes: [LaneLease],
        perLane: Int,
        _ limit: Int
    ) throws(StoreError) -> [DueRow] {
        let step = Step(RelayStatements.due) {
            $0.column(lanes) { $0.lane }
            $0.column(lanes) { $0.epoch }
            $0.add(perLane)
            $0.add(limit)
        }
        // A plan from when there were few rows would read all of them for each batch.
        return try connection.rows(step, keepsPlans: true) { row throws(StoreError) in
            DueRow(id: try row.value(), position: try row.value(), lane: try row.value())
        }
    }
}
