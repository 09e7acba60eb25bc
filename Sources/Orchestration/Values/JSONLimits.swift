/// What the JSON reader takes; beyond it, text is refused with a `JSONFault`.
package struct JSONLimits: Equatable, Sendable {
    /// The longest text, in bytes.
    package var bytesMax: Int
    /// How many arrays and objects may stand inside one another.
    package var depthMax: Int
    /// The longest number, in characters.
    package var numberLengthMax: Int
    /// The largest power of ten a number may be written with, either sign.
    package var exponentMax: Int
    /// Whether an integer beyond ±(2^53 − 1) is refused; otherwise it becomes the nearest double.
    package var refusesInexactIntegers: Bool

    package init(
        bytesMax: Int,
        depthMax: Int,
        numberLengthMax: Int,
        exponentMax: Int,
        refusesInexactIntegers: Bool
    ) {
        self.bytesMax = bytesMax
        self.depthMax = depthMax
        self.numberLengthMax = numberLengthMax
        self.exponentMax = exponentMax
        self.refusesInexactIntegers = refusesInexactIntegers
    }

    /// For what comes from outside: records, command lines.
    package static let record = JSONLimits(
        bytesMax: 1_048_576,
        depthMax: 64,
        numberLengthMax: 32,
        exponentMax: 308,
        refusesInexactIntegers: true
    )

    /// For rows that others inserted: as large as a record may be, with numbers as PostgreSQL writes them.
    package static let inserted = JSONLimits(
        bytesMax: record.bytesMax,
        depthMax: record.depthMax,
        numberLengthMax: stored.numberLengthMax,
        exponentMax: stored.exponentMax,
        refusesInexactIntegers: record.refusesInexactIntegers
    )

    /// For what we wrote ourselves and PostgreSQL has kept as `jsonb`, which writes a number out in full:
    /// `1e300` comes back as 301 digits. Several records may have been gathered in one value.
    package static let stored = JSONLimits(
        bytesMax: 64 * 1_048_576,
        depthMax: 256,
        numberLengthMax: 400,
        exponentMax: 400,
        refusesInexactIntegers: false
    )

    /// The largest integer of which every smaller one is a double too: 2^53 − 1.
    package static let exactIntegerMax = 9_007_199_254_740_991
}
