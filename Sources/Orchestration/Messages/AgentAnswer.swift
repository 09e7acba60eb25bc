/// What an agent says about a task.
package struct AgentAnswer: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case started(node: String?)
        /// Also the sign of life.
        case progressed(Percentage, message: String?, details: JSONValue)
        /// The result's type and the result.
        case completed(type: String, output: JSONValue)
        /// `details.retry_after` in seconds is the pause that the next attempt needs at least.
        case failed(code: String, message: String, retryable: Bool, details: JSONValue)
        /// A worker that stops gives back what it did itself: another attempt, not counted as a retry. Never from outside.
        case handedBack(reason: String)
    }

    package var taskID: TaskID
    /// From 1.
    package var attempt: Int
    package var kind: Kind

    package init(taskID: TaskID, attempt: Int, kind: Kind) {
        self.taskID = taskID
        self.attempt = attempt
        self.kind = kind
    }

    /// The largest attempt a row can hold.
    package static let attemptMax = Int(Int32.max)

    /// Reads an answer; its fields may stand in the payload or beside it.
    package static func read(_ envelope: Envelope) throws(AgentAnswerFault) -> AgentAnswer {
        let fields = AnswerFields(envelope: envelope)
        if envelope.type == SessionMessages.taskCancelled {
            throw AgentAnswerFault("type", "is Task.Cancelled, which only the worker sends")
        }
        guard let taskText = try fields.string("task_id") else { throw AgentAnswerFault("task_id", "is missing") }
        guard let taskID = TaskID(taskText) else {
            throw AgentAnswerFault("task_id", "must be a UUID, not “\(PrintableText.of(taskText))”")
        }
        guard let attemptValue = fields.value("attempt") else { throw AgentAnswerFault("attempt", "is missing") }
        guard let attempt = attemptValue.int, (1...attemptMax).contains(attempt) else {
            throw AgentAnswerFault("attempt", "must be an integer from 1, not \(shown(attemptValue))")
        }
        return AgentAnswer(taskID: taskID, attempt: attempt, kind: try kind(envelope.type, fields))
    }

    private static func kind(_ type: String, _ fields: AnswerFields) throws(AgentAnswerFault) -> Kind {
        switch type {
        case SessionMessages.taskStarted:
            return .started(node: try fields.string("node"))
        case SessionMessages.taskProgressed:
            guard let value = fields.value("progress") else { throw AgentAnswerFault("progress", "is missing") }
            guard let progress = value.number.flatMap({ Percentage($0) }) else {
                throw AgentAnswerFault("progress", "must be a number from 0 to 100, not \(shown(value))")
            }
            return .progressed(
                progress,
                message: try fields.string("message"),
                details: fields.value("details") ?? .null
            )
        case SessionMessages.taskFailed:
            guard let code = try fields.string("code"), !code.isEmpty else {
                throw AgentAnswerFault("code", "is missing")
            }
            guard code.utf8.count <= Envelope.labelBytesMax else {
                throw AgentAnswerFault("code", "is longer than \(Envelope.labelBytesMax) bytes")
            }
            let retryable = fields.value("retryable")
            guard retryable == nil || retryable?.bool != nil else {
                throw AgentAnswerFault("retryable", "must be true or false, not \(shown(retryable ?? .null))")
            }
            return .failed(
                code: code,
                message: try fields.string("message") ?? "",
                retryable: retryable?.bool ?? true,
                details: fields.value("details") ?? .null
            )
        default:
            guard let output = fields.value("output") else { throw AgentAnswerFault("output", "is missing") }
            return .completed(type: type, output: output)
        }
    }

    private static func shown(_ value: JSONValue) -> String {
        if case .number(let number) = value, !number.isFinite { return "\(number)" }
        return PrintableText.of(value.text)
    }
}

/// Which field of an answer is wrong, in one sentence.
package struct AgentAnswerFault: Error, Equatable, Sendable, CustomStringConvertible {
    package let field: String
    package let problem: String

    init(_ field: String, _ problem: String) {
        self.field = field
        self.problem = problem
    }

    package var description: String { "The answer's field \(field) \(problem)." }
}

private struct AnswerFields {
    let envelope: Envelope

    /// The payload's field, else the one beside it; nil where there is none, or `null`.
    func value(_ name: String) -> JSONValue? {
        for place in [envelope.payload.object, envelope.extensions] {
            if let value = place?[name], !value.isNull { return value }
        }
        return nil
    }

    func string(_ name: String) throws(AgentAnswerFault) -> String? {
        guard let value = value(name) else { return nil }
        guard let text = value.string else {
            throw AgentAnswerFault(name, "must be a string, not \(value.typeName)")
        }
        return text
    }
}
