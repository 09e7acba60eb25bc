internal import CRdkafka
internal import Orchestration

/// Owns a librdkafka list of partitions and offsets.
final class PartitionList {
    private let pointer: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?

    init(_ entries: [(topic: String, partition: Int32, offset: Int64?)]) {
        pointer = rd_kafka_topic_partition_list_new(Int32(clamping: entries.count))
        for entry in entries {
            let added = rd_kafka_topic_partition_list_add(pointer, entry.topic, entry.partition)
            if let offset = entry.offset { added?.pointee.offset = offset }
        }
    }

    deinit {
        if let pointer { rd_kafka_topic_partition_list_destroy(pointer) }
    }

    /// Lends the list to C; it is destroyed when its owner goes, which can be right after the owner's last use.
    func lend<Result>(_ body: (UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> Result) -> Result {
        withExtendedLifetime(self) { body(pointer) }
    }

    static func partitions(of list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?) -> [TopicPartition] {
        elements(of: list).map(\.topicPartition)
    }

    var elements: [(topicPartition: TopicPartition, offset: Int64)] { lend { Self.elements(of: $0) } }

    private static func elements(
        of list: UnsafeMutablePointer<rd_kafka_topic_partition_list_t>?
    ) -> [(topicPartition: TopicPartition, offset: Int64)] {
        guard let list, let first = list.pointee.elems else { return [] }
        return UnsafeBufferPointer(start: first, count: max(0, Int(list.pointee.cnt))).compactMap { element in
            guard let topic = element.topic else { return nil }
            return (TopicPartition(topic: String(cString: topic), partition: Int(element.partition)), element.offset)
        }
    }
}
