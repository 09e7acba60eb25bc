import Orchestration
import Testing

@testable import WorkflowFiles

/// Actors with `executor: http`, read and refused.
@Suite struct HTTPActorTests {
    private static func read(_ actor: String) -> (workflow: Workflow?, findings: [WorkflowFinding]) {
        let source = """
            workflow: w
            version: 1.0.0
            setup:
              actors:
                A.Generation:
                  timeouts: {}
                  \(actor.replacing("\n", with: "\n      "))
            machine: { id: m, initial: a, states: { a: { type: final } } }
            """
        return WorkflowFileReader().read(source: source, file: "w.yaml")
    }

    @Test func `a whole actor is read`() throws {
        let (workflow, findings) = Self.read(
            """
            executor: http
            request:
              url: https://x.org/v1
              method: PUT
              headers: { X-A: b, Authorization: { file: key, prefix: 'Bearer ' } }
              body: .input
            response: .body.x
            concurrency: 3
            retry: { statuses: [429] }
            """
        )
        let actor = try #require(workflow?.actors["A.Generation"], "\(findings.map(\.description))")
        guard case .http(let recipe) = actor.executor else {
            Issue.record("not http")
            return
        }
        #expect((recipe.url, recipe.method, recipe.retryOn) == ("https://x.org/v1", "PUT", [429]))
        #expect(recipe.headers.count == 2)
        #expect(recipe.headers.contains(.init(name: "Authorization", value: .secret(file: "key", prefix: "Bearer "))))
        #expect((recipe.body?.source, recipe.output?.source) == (".input", ".body.x"))
        #expect((actor.concurrency, actor.isQueued, actor.topics) == (3, true, nil))
    }

    @Test(arguments: [
        ("executor: htp\ntopic: t", "executor"), ("executor: http", "missing-key"), ("executor: agent", "missing-key"),
        ("executor: http\nrequest: {}", "missing-key"), ("executor: http\nrequest: { url: 'ftp://x' }", "url"),
        ("executor: http\nrequest: { url: 'https://a:b@x/' }", "secret"),
        ("executor: http\nrequest: { url: 'https://x/', method: TRACE }", "method"),
        ("executor: http\nrequest: { url: 'https://x/', headers: { Authorization: Bearer } }", "secret"),
        ("executor: http\nrequest: { url: 'https://x/', headers: { X: { file: ../key } } }", "secret"),
        ("executor: http\nrequest: { url: 'https://x/', headers: { 'a b': c } }", "header"),
        ("executor: http\nrequest: { url: 'https://x/', body: '.a +' }", "jq"),
        ("executor: http\ntopic: t\nrequest: { url: 'https://x/' }", "unused-key"),
        ("topic: t\nrequest: { url: 'https://x/' }", "unused-key"), ("topic: t\nconcurrency: 0", "wrong-type"),
        ("executor: http\nrequest: { url: 'https://x/' }\nretry: { statuses: [99] }", "wrong-type"),
    ])
    func `what cannot be is refused by name`(actor: String, rule: String) {
        let (workflow, findings) = Self.read(actor)
        #expect(workflow == nil)
        #expect(findings.contains { $0.severity == .error && $0.rule == rule }, "\(findings.map(\.description))")
        #expect(findings.allSatisfy { $0.place.line > 4 }, "\(findings.map(\.description))")
    }
}
