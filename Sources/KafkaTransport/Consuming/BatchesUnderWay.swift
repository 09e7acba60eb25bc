internal import Orchestration

/// Which partitions have a batch that is not done, and how much there is of them all.
///
/// A partition has one at most, also across rebalances: while the handler still holds the batch of an assignment that
/// has ended, the next one is not drained. librdkafka goes on fetching up to its own limit, and nothing is paused: that
/// would throw away what it has fetched.
struct BatchesUnderWay {
    /// Above these no further partition is drained; those that hold a batch may pass them by that one.
    static let recordsMax = 2_000
    static let bytesMax = 16 << 20

    private var batches: [TopicPartition: (generation: Int, records: Int, bytes: Int)] = [:]
    private var records = 0
    private var bytes = 0

    func hasRoom(for partition: TopicPartition) -> Bool {
        batches[partition] == nil && records < Self.recordsMax && bytes < Self.bytesMax
    }

    mutating func begin(_ partition: TopicPartition, _ generation: Int, _ batch: [IncomingRecord]) {
        let size = batch.reduce(0) { $0 + $1.bytes }
        batches[partition] = (generation, batch.count, size)
        records += batch.count
        bytes += size
    }

    /// The batch is done; said twice, or of another assignment, it changes nothing.
    mutating func end(_ partition: TopicPartition, _ generation: Int) {
        guard let batch = batches[partition], batch.generation == generation else { return }
        batches[partition] = nil
        records -= batch.records
        bytes -= batch.bytes
    }
}
