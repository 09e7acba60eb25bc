/// A topic's name and how many partitions it has.
package struct KafkaTopic: Hashable, Sendable {
    package var name: String
    package var partitions: Int

    package init(_ name: String, partitions: Int) {
        self.name = name
        self.partitions = partitions
    }
}
