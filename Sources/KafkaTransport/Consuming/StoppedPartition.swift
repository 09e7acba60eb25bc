internal import Orchestration

/// Why a partition stands still, each with what to do about it.
enum StoppedPartition {
    static func outOfRange(_ partition: TopicPartition, _ offset: Int64?) -> String {
        let place = offset.map { "offset \($0)" } ?? "the place to start"
        return "\(partition) has stopped: \(place), where it should go on, does not exist on the brokers: records were "
            + "deleted before they were read, or the topic is not the one it was. \(advice(partition))"
    }

    static func shorter(_ partition: TopicPartition, _ offset: Int64, end: Int64) -> String {
        "\(partition) has stopped: it should go on at offset \(offset), but the topic ends at \(end): it was made anew, "
            + "or has lost records. \(advice(partition))"
    }

    static func evicted(_ partition: TopicPartition, _ offset: Int64, beginning: Int64) -> String {
        "\(partition) has stopped: it should go on at offset \(offset), but the topic begins at \(beginning): "
            + "\(beginning - offset) records were deleted before they were read. \(advice(partition))"
    }

    static func otherRecord(_ partition: TopicPartition, _ offset: Int64) -> String {
        "\(partition) has stopped: the record at offset \(offset) is not the one that was processed: the topic was made "
            + "anew. \(advice(partition))"
    }

    private static func advice(_ partition: TopicPartition) -> String {
        "To go on with the topic as it is now: genesis topics reset-position \(partition.topic) "
            + "\(partition.partition) --to beginning (or --to OFFSET)"
    }
}
