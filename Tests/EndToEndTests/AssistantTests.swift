import EmbeddedServices
import Foundation
import Orchestration
import OrchestrationTesting
import PostgresStore
import Testing

/// `Workflows/assistant.yaml` as it is delivered, against a server that speaks as OpenAI's chats do, well and badly.
@Suite(.serialized) struct AssistantTests {
    /// What a chat answers with this content.
    private static func chat(_ content: JSONValue, finish: String = "stop") -> String {
        let body: JSONValue = [
            "id": "chatcmpl-1", "object": "chat.completion", "created": 1_764_201_600,
            "model": "gpt-4o-mini-2024-07-18",
            "choices": [
                [
                    "index": 0, "message": ["role": "assistant", "content": content, "refusal": nil], "logprobs": nil,
                    "finish_reason": .string(finish),
                ]
            ],
            "usage": ["prompt_tokens": 60, "completion_tokens": 30, "total_tokens": 90],
        ]
        return "body:" + body.text
    }

    private static func draft(_ title: String) -> JSONValue { ["title": .string(title), "theme": "What light owes."] }
    private static func drafted(_ title: String) -> String { chat(.string(draft(title).text)) }

    /// The fleet, with the file's address and pauses changed and nothing else.
    private func fleet(_ server: HostileServer) async throws -> (Fleet, [String: String]) {
        let file = Fleet.root.appending(path: "Workflows/assistant.yaml")
        let source = try String(contentsOf: file, encoding: .utf8)
            .replacing("https://api.openai.com/", with: "\(server.url)/")
            .replacing("initial: PT2S", with: "initial: PT0.01S").replacing("cap: PT1M", with: "cap: PT0.05S")
        let fleet = try await Fleet(partitions: 1, workflow: source)
        let folder = "\(fleet.folder)/secrets"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try "sk-test\n".write(toFile: folder + "/openai-key", atomically: true, encoding: .utf8)
        return (fleet, ["GENESIS_SECRETS": folder, "GENESIS_HTTP_HOSTS": "127.0.0.1:\(server.port)"])
    }

    private func start(_ fleet: Fleet) async throws -> SessionID {
        let session = Fleet.newSession()
        let input = #"{"workflow":"assistant","seed":"a lighthouse"}"#
        try await fleet.genesis("sessions", "start", "--id", session.description, "--user", "ann", "--input", input)
            .requireSuccess()
        return session
    }

    private func codes(_ session: SessionID, in fleet: Fleet) async throws -> [String?] {
        try await fleet.queries.events(of: session)
            .filter { $0.eventType == "Genesis.Session.TaskRetried" }.map { $0.payload["error"]["code"].string }
    }

    private func reply(_ type: String, _ payload: String = "{}", to session: SessionID, in fleet: Fleet) async throws {
        try await fleet.genesis("sessions", "reply", session.description, type, "--payload", payload, "--user", "ann")
            .requireSuccess()
    }

    @Test func `a session comes through all its stages although the endpoint fails in every way there is`() async throws
    {
        let cut = Self.drafted("Cut in half")
        let server = try HostileServer(script: [
            "status/429/1", "status/500", String(cut.prefix(cut.count / 2)), Self.drafted("The Keeper"),
            // The second draft: talk instead of JSON, an answer that ended too early, one without a theme.
            Self.chat("Sure! Here is your outline."), Self.chat(#"{"title":"Half","the"#, finish: "length"),
            Self.chat(#"{"title":"No theme"}"#), Self.drafted("The Darker Keeper"),
        ])
        let (fleet, variables) = try await fleet(server)
        let worker = try fleet.worker(changing: variables)
        let session = try await start(fleet)
        let first = try #require(try await fleet.wait(of: session))
        #expect(first.draft == 1)
        #expect(try await codes(session, in: fleet) == ["HTTP_429", "HTTP_500", "HTTP_INVALID_RESPONSE"])
        let retried = try #require(
            try await fleet.queries.events(of: session).first { $0.eventType.hasSuffix("TaskRetried") }
        )
        let pause = retried.payload["not_before"].string.flatMap { Instant($0) }.map { $0 - retried.occurredAt }
        #expect(pause == .seconds(1), "the server asked for a second")
        #expect(server.requests.allSatisfy { $0.hasPrefix("POST /v1/chat/completions HTTP/1.1\r\n") })
        #expect(server.requests.allSatisfy { $0.contains("Authorization: Bearer sk-test\r\n") })
        #expect(server.requests.allSatisfy { $0.contains("Content-Type: application/json\r\n") })
        let asked = try JSONText.parse(try #require(server.bodies.last))
        #expect(asked["model"].string == "gpt-4o-mini")
        #expect(asked["response_format"]["type"].string == "json_object")
        #expect(asked["messages"].array?.map { $0["role"].string } == ["system", "user"])
        #expect(asked["messages"].array?.last?["content"].string == "Idea: a lighthouse")

        try await reply("Theme.Revise", #"{"feedback":"darker"}"#, to: session, in: fleet)
        let second = try #require(try await fleet.wait(of: session, after: first.id))
        #expect(second.draft == 2)
        let codes = try await codes(session, in: fleet).suffix(3)
        #expect(codes == ["HTTP_INVALID_RESPONSE", "HTTP_INVALID_RESPONSE", "INVALID_OUTPUT"])
        let again = try JSONText.parse(try #require(server.bodies.last))["messages"].array?.last?["content"].string
        #expect(again?.hasSuffix("\nChange: darker") == true)
        #expect(again?.contains(#""title":"The Keeper""#) == true, "\(again ?? "")")

        // What was said of the first draft does not approve the second.
        let stale = try await fleet.genesis(
            "sessions",
            "reply",
            session.description,
            "Theme.Confirm",
            "--correlation",
            first.correlationID
        )
        #expect(stale.code == 1)
        #expect(stale.output.contains("stale_attempt"), "\(stale.output)")
        try await reply("Theme.Confirm", to: session, in: fleet)
        let row = try #require(try await fleet.queries.session(session))
        #expect(row.status == .completed)
        #expect(row.currentStage == .finished)
        #expect(row.confirmedData["theme"] == Self.draft("The Darker Keeper"))
        #expect(server.requests.count == 8)
        try await fleet.verify(session)
        worker.stop()
    }

    @Test func `a key that is refused and an endpoint that stays broken lead to a person, who has it tried again`()
        async throws
    {
        let server = try HostileServer(
            script: ["status/401"] + Array(repeating: "status/503", count: 4)
                + [Self.chat(nil), Self.drafted("The Keeper")]
        )
        let (fleet, variables) = try await fleet(server)
        let worker = try fleet.worker(changing: variables)
        let session = try await start(fleet)
        let refused = try #require(try await fleet.wait(of: session))
        #expect(refused.taskName == "assistant.STORY_CONCEPTION.needsHelp")
        let denied = try #require(try await fleet.queries.tasks(session: session, limit: 1).first)
        #expect((denied.status, denied.attempt) == (.failed, 1))
        #expect(denied.errorData["code"].string == "HTTP_401")

        try await reply("Task.Retry", to: session, in: fleet)
        let broken = try #require(try await fleet.wait(of: session, after: refused.id))
        #expect(broken.taskName == "assistant.STORY_CONCEPTION.needsHelp")
        let task = try #require(try await fleet.queries.tasks(session: session, limit: 1).first)
        #expect((task.status, task.attempt, task.retryCount) == (.failed, 4, 3))
        #expect(task.errorData["code"].string == "HTTP_503")
        let shown = try await fleet.genesis("sessions", "show", session.description)
        #expect(shown.output.contains("HTTP_503"), "\(shown.output)")
        #expect(shown.output.contains("Task.Retry"), "\(shown.output)")

        // The model declines once: no content at all.
        try await reply("Task.Retry", to: session, in: fleet)
        let drafted = try #require(try await fleet.wait(of: session, after: broken.id))
        #expect(drafted.draft == 1)
        try await reply("Theme.Confirm", to: session, in: fleet)
        #expect(try await fleet.queries.session(session)?.status == .completed)
        #expect(server.requests.count == 7)
        try await fleet.verify(session)
        worker.stop()
    }
}
