// Results: what an agent delivers must be what its actor promises, and not more than a row should hold.

extension Turn {
    static let invalidOutput = "INVALID_OUTPUT"
    static let outputTooLarge = "OUTPUT_TOO_LARGE"

    /// The answer, or for a result that cannot be taken: a failure of the attempt, repeated as the policy says.
    static func fitting(_ answer: AgentAnswer, _ actor: Actor) -> AgentAnswer {
        guard case .completed(_, let output) = answer.kind else { return answer }
        guard let (code, message, faults) = fault(of: output, actor) else { return answer }
        var failed = answer
        failed.kind = .failed(
            code: code,
            message: message,
            retryable: true,
            details: [
                "faults": .array(faults.map { ["pointer": .string($0.pointer), "message": .string($0.message)] })
            ]
        )
        return failed
    }

    /// What is wrong with a result: the error code, a sentence, and every fault of its schema.
    static func fault(of output: JSONValue, _ actor: Actor) -> (String, String, [JSONSchema.Fault])? {
        if let bytes = output.textBytes(over: resultBytesMax) {
            return (outputTooLarge, "the result has \(bytes) bytes, the limit is \(resultBytesMax)", [])
        }
        guard let faults = actor.output?.faults(of: output), !faults.isEmpty else { return nil }
        return (invalidOutput, "the result does not fit the output of \(actor.name): \(listed(faults))", faults)
    }
}
