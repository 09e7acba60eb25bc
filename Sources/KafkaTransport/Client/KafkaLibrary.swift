internal import CRdkafka

/// The client library that this process has loaded.
package enum KafkaLibrary {
    /// For example `2.0.2`.
    package static var version: String { rd_kafka_version_str().map { String(cString: $0) } ?? "unknown" }
}
