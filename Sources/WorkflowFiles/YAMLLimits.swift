/// How large a workflow file may be; beyond it, it is refused.
package enum YAMLLimits {
    /// Bytes of UTF-8.
    package static let bytesMax = 1_048_576
    /// Lists and objects inside one another, aliases followed.
    package static let depthMax = 64
    /// Values in all, what aliases stand for counted each time.
    package static let nodesMax = 50_000
    /// The largest integer that a number of ours keeps exactly: 2^53 − 1.
    package static let exactIntegerMax: Double = 9_007_199_254_740_991
}
