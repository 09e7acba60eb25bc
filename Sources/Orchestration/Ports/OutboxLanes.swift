/// A row of `outbox_lanes` that this owner holds.
package struct LaneLease: Hashable, Sendable {
    package var lane: Int
    package var epoch: Int64

    package init(lane: Int, epoch: Int64) {
        self.lane = lane
        self.epoch = epoch
    }
}

/// What became of one outbox row. The database sets the times.
package struct OutboxOutcome: Equatable, Sendable {
    package enum Result: Equatable, Sendable {
        case sent
        /// Tried and not taken; due again after the delay, or DEAD once `retry_count` would pass `max_retries`.
        case failed(error: String, retryAfter: Interval)
        /// Not taken through no fault of its own, for its topic has no brokers just now: FAILED and due again after the
        /// delay; no try is counted.
        case delayed(error: String, retryAfter: Interval)
        /// Can never be taken: DEAD at once.
        case dead(error: String)
    }

    package var id: EventID
    package var lane: Int
    package var result: Result

    package init(id: EventID, lane: Int, result: Result) {
        self.id = id
        self.lane = lane
        self.result = result
    }
}
