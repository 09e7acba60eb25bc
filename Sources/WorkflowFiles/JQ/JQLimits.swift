internal import Orchestration

/// What a jq program may cost and give, whoever evaluates it.
package enum JQLimits {
    /// The longest program, in bytes.
    package static let programBytesMax = 4_096
    /// A result's levels of lists and objects, its values, and the bytes of its texts.
    static let depthMax = 64
    static let nodesMax = 100_000
    static let textBytesMax = 4 * 1_048_576

    /// CPU time of one program in a helper.
    static let helperMilliseconds = 500
    /// From question to answer, however busy the machine is.
    static let helperWaitMilliseconds: Int32 = 10_000
    /// Memory that a helper may take beyond what it starts with.
    static let helperMemoryBytes = 256 * 1_048_576
    /// Programs that a helper keeps compiled.
    static let helperProgramsMax = 64
    /// The longest question or answer.
    static let frameBytesMax = 32 * 1_048_576

    static let frame = JSONLimits(
        bytesMax: frameBytesMax,
        depthMax: depthMax + 8,
        numberLengthMax: JSONLimits.stored.numberLengthMax,
        exponentMax: JSONLimits.stored.exponentMax,
        refusesInexactIntegers: false
    )

    /// What of a result is left to give.
    struct Allowance {
        private var nodes = 0
        private var textBytes = 0

        /// Why the value is too much; nil when it is not.
        mutating func refusal(of value: JSONValue, depth: Int = 1) -> String? {
            if let refusal = takeNode(depth: depth) { return refusal }
            switch value {
            case .null, .bool, .number: return nil
            case .string(let text): return take(text)
            case .array(let elements):
                for element in elements { if let found = refusal(of: element, depth: depth + 1) { return found } }
            case .object(let members):
                for member in members {
                    if let found = take(member.key) ?? refusal(of: member.value, depth: depth + 1) { return found }
                }
            }
            return nil
        }

        mutating func takeNode(depth: Int) -> String? {
            nodes += 1
            if depth > JQLimits.depthMax { return "the value is nested too deeply" }
            return nodes > JQLimits.nodesMax ? "the value is too large" : nil
        }

        mutating func take(_ text: String) -> String? {
            textBytes += text.utf8.count
            return textBytes > JQLimits.textBytesMax ? "the value's texts are too long" : nil
        }
    }
}
