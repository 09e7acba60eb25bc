import Testing

@testable import Orchestration

@Suite struct AgentAnswerTests {
    static let task = "0190a000-0000-7000-8000-00000000000c"

    static func envelope(_ type: String, _ payload: JSONValue, beside: JSONObject = [:]) -> Envelope {
        Envelope(
            id: MessageID(high: 1, low: 2),
            type: type,
            sessionID: SessionID(high: 1, low: 3),
            payload: payload,
            extensions: beside
        )
    }

    @Test func `fields are taken from the payload or from beside it`() throws {
        let id = try #require(TaskID(Self.task))
        let beside: JSONObject = ["task_id": .string(Self.task), "attempt": 2, "output": ["a": 1]]
        #expect(
            try AgentAnswer.read(Self.envelope("Outliner.Concept.Generated", [:], beside: beside))
                == AgentAnswer(
                    taskID: id,
                    attempt: 2,
                    kind: .completed(type: "Outliner.Concept.Generated", output: ["a": 1])
                )
        )
        let progress: JSONValue = [
            "task_id": .string(Self.task), "attempt": 1, "progress": .number(33.33), "message": "on",
        ]
        #expect(
            try AgentAnswer.read(Self.envelope("Task.Progressed", progress)).kind
                == .progressed(try #require(Percentage(hundredths: 3333)), message: "on", details: .null)
        )
        let failure: JSONValue = ["task_id": .string(Self.task), "attempt": 1, "code": "E", "retryable": false]
        #expect(
            try AgentAnswer.read(Self.envelope("Task.Failed", failure)).kind
                == .failed(code: "E", message: "", retryable: false, details: .null)
        )
        let start: JSONValue = ["task_id": .string(Self.task), "attempt": 1, "node": "n1"]
        #expect(try AgentAnswer.read(Self.envelope("Task.Started", start)).kind == .started(node: "n1"))
    }

    @Test(arguments: [
        ("Task.Progressed", "progress", JSONValue.number(150), "progress must be a number from 0 to 100, not 150."),
        ("Task.Progressed", "progress", .number(.nan), "progress must be a number from 0 to 100, not nan."),
        ("Task.Progressed", "progress", .number(-1), "progress must be a number from 0 to 100, not -1."),
        ("Task.Progressed", "progress", "50", "progress must be a number from 0 to 100, not \"50\"."),
        ("Task.Progressed", "progress", .null, "progress is missing."),
        ("Task.Progressed", "message", 5, "message must be a string, not number."),
        ("Task.Started", "attempt", .null, "attempt is missing."),
        ("Task.Started", "attempt", 0, "attempt must be an integer from 1, not 0."),
        ("Task.Started", "attempt", .number(1.5), "attempt must be an integer from 1, not 1.5."),
        ("Task.Started", "attempt", 3_000_000_000, "attempt must be an integer from 1, not 3000000000."),
        ("Task.Started", "attempt", "1", "attempt must be an integer from 1, not \"1\"."),
        ("Task.Started", "task_id", .null, "task_id is missing."),
        ("Task.Started", "task_id", "x", "task_id must be a UUID, not “x”."),
        ("Task.Failed", "code", .null, "code is missing."),
        ("Task.Failed", "retryable", "no", "retryable must be true or false, not \"no\"."),
        ("Outliner.Concept.Generated", "output", .null, "output is missing."),
        ("Task.Cancelled", "output", .null, "type is Task.Cancelled, which only the worker sends."),
    ])
    func `a wrong answer names its field`(type: String, field: String, value: JSONValue, sentence: String) {
        var fields: JSONObject = [
            "task_id": .string(Self.task), "attempt": 1, "progress": 5, "code": "E", "output": [:],
        ]
        fields[field] = value
        let fault = #expect(throws: AgentAnswerFault.self) {
            try AgentAnswer.read(Self.envelope(type, .object(fields)))
        }
        #expect(fault?.description == "The answer's field " + sentence)
    }

    @Test func `each command has a type, an event and at most one stage`() {
        #expect(SessionMessages.commands.count == 30)
        #expect(Set(SessionMessages.commands.map(\.type)).count == 30)
        let named = [
            SessionMessages.start, SessionMessages.finish, SessionMessages.fail, SessionMessages.abandon,
            SessionMessages.navigate, SessionMessages.pause, SessionMessages.unpause, SessionMessages.createBranch,
            SessionMessages.retryTask,
        ]
        #expect(named.allSatisfy { SessionMessages.command($0) != nil })
        #expect(
            SessionMessages.command("Command.Genesis.Session.World.Update")?.eventType
                == "Genesis.Session.World.Updated"
        )
        #expect(SessionMessages.command(SessionMessages.parkExpired) == nil)
    }
}
