internal import Glibc

/// What a test throws its dice with.
package enum TestSeed {
    /// The variable that repeats a run.
    package static let variable = "GENESIS_TEST_SEED"

    /// The variable's number, or else any; printed, so that a red run can be repeated.
    package static func draw(_ test: String = #function) -> UInt64 {
        let given = getenv(variable).flatMap { UInt64(String(cString: $0)) }
        let seed = given ?? UInt64(UInt32.random(in: 1 ... .max))
        print("\(test): seed \(seed)")
        return seed
    }
}
