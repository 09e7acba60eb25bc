import Orchestration
import OrchestrationTesting
import Testing
import WorkflowFiles

/// From a task to a request, and from a response to an answer, as a workflow file says.
@Suite struct HTTPRecipeTests {
    private static func workflow(_ actor: String) throws -> Workflow {
        let source = """
            workflow: w
            version: 1.0.0
            setup:
              actors:
                A.Generation: { executor: http, timeouts: {}, \(actor) }
            machine:
              id: m
              initial: WORLDVIEW
              states:
                WORLDVIEW: { invoke: { src: A.Generation, input: .context.input, onDone: DONE, onError: DONE } }
                DONE: { type: final }
            """
        let (workflow, findings) = WorkflowFileReader().read(source: source, file: "w.yaml")
        return try #require(workflow, "\(findings.map(\.description))")
    }

    private static func parts(
        _ actor: String,
        _ input: JSONValue = ["a": 1]
    ) throws -> (AsyncTask, Orchestration.Actor, HTTPRecipe, Workflow) {
        let workflow = try workflow(actor)
        var session = SessionSpecification(workflow)
        session.command("Start", input)
        let task = try #require(session.tasks.last)
        let found = try #require(workflow.actors["A.Generation"])
        guard case .http(let recipe) = found.executor else { throw Missing() }
        return (task, found, recipe, workflow)
    }
    private struct Missing: Error {}

    private static func request(_ actor: String, _ input: JSONValue = ["a": 1]) throws -> HTTPRequest {
        let (task, found, recipe, workflow) = try parts(actor, input)
        return try recipe.request(for: task, timeout: found.timeouts.attempt, expressions: workflow.expressions) {
            name throws(HTTPFailure) in
            if name == "none" { throw HTTPFailure(.secret, "no file") }
            return "hidden"
        }
    }

    private static func answer(
        _ actor: String,
        _ outcome: Result<HTTPResponse, HTTPFailure>,
        hiding secrets: [String] = []
    ) throws -> AgentAnswer.Kind {
        let (task, found, recipe, workflow) = try parts(actor)
        return recipe.answer(outcome, of: task, actor: found, expressions: workflow.expressions, hiding: secrets).kind
    }

    private typealias Outcome = Result<HTTPResponse, HTTPFailure>

    private static func response(_ status: Int, _ body: String, after seconds: Double? = nil) -> Outcome {
        .success(HTTPResponse(status: status, retryAfter: seconds, body: Array(body.utf8)))
    }

    private static let url = "request: { url: 'https://x.org/' }"

    @Test func `the request is what the file says, with the secret where it belongs`() throws {
        let plain = try Self.request(Self.url)
        #expect((plain.method, plain.body) == ("POST", Array(#"{"a":1}"#.utf8)))
        #expect(plain.timeout == .seconds(600))
        let full = try Self.request(
            "request: { url: 'https://x.org/', method: PUT, body: '{ n: .input.a, t: .task.attempt }', "
                + "headers: { Authorization: { file: key, prefix: 'Bearer ' }, Accept: text/x } }"
        )
        #expect((full.method, full.body) == ("PUT", Array(#"{"n":1,"t":1}"#.utf8)))
        #expect(full.headers.contains { $0 == ("Authorization", "Bearer hidden") })
        #expect(full.headers.count { $0.name == "Accept" } == 1)
        #expect(full.headers.contains { $0 == ("Content-Type", "application/json") })
        #expect(try Self.request("request: { url: 'https://x.org/', method: GET }").body == nil)
        let constant = try Self.request("request: { url: 'https://x.org/', body: { k: [1] } }")
        #expect(constant.body == Array(#"{"k":[1]}"#.utf8))
    }

    @Test func `what cannot be sent fails with its own code`() {
        func code(_ actor: String, _ input: JSONValue = ["a": 1]) -> HTTPFailure.Code? {
            do {
                _ = try Self.request(actor, input)
                return nil
            } catch {
                return (error as? HTTPFailure)?.code
            }
        }
        #expect(code("request: { url: 'https://x.org/', headers: { X: { file: none } } }") == .secret)
        #expect(code("request: { url: 'https://x.org/', body: '.input.a.b' }") == .body)
        let large: JSONValue = ["a": .string(String(repeating: "x", count: 250_000))]
        let five = "request: { url: 'https://x.org/', body: '[.input.a, .input.a, .input.a, .input.a, .input.a]' }"
        #expect(code(five, large) == .requestTooLarge)
    }

    @Test func `a response is a result or a failure, with the pause that the server asks for`() throws {
        let whole = try Self.answer(Self.url, Self.response(200, #"{"x":[1]}"#))
        #expect(whole == .completed(type: "A.Generated", output: ["x": [1]]))
        let mapped = Self.url + ", response: '{ v: .body.x[0], s: .status }'"
        let part = try Self.answer(mapped, Self.response(201, #"{"x":[1]}"#))
        #expect(part == .completed(type: "A.Generated", output: ["v": 1, "s": 201]))
        func failure(_ actor: String, _ outcome: Outcome) throws -> (String, Bool, JSONValue)? {
            let kind = try Self.answer(actor, outcome, hiding: ["hush"])
            guard case .failed(let code, _, let isRetryable, let details) = kind else { return nil }
            return (code, isRetryable, details)
        }
        let busy = try #require(try failure(Self.url, Self.response(429, "hush, slow down", after: 9)))
        #expect((busy.0, busy.1) == ("HTTP_429", true))
        #expect(busy.2["retry_after"] == 9)
        #expect(busy.2["body"] == "(secret), slow down")
        let wrong = try #require(try failure(Self.url, Self.response(400, "{}")))
        #expect((wrong.0, wrong.1) == ("HTTP_400", false))
        let chosen = try #require(try failure(Self.url + ", retry: { statuses: [400] }", Self.response(400, "{}")))
        #expect((chosen.0, chosen.1) == ("HTTP_400", true))
        for body in ["<html>", #"{"x":"#, #"{"x":5}"#] {
            let odd = try #require(try failure(Self.url + ", response: '.body.x.y'", Self.response(200, body)))
            #expect((odd.0, odd.1) == ("HTTP_INVALID_RESPONSE", true), "\(body)")
        }
        let away = try #require(try failure(Self.url, .failure(HTTPFailure(.notAllowed, "no"))))
        #expect((away.0, away.1) == ("HTTP_NOT_ALLOWED", false))
    }
}
