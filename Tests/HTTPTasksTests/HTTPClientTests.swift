import EmbeddedServices
import Foundation
import HTTPTasks
import Orchestration
import OrchestrationTesting
import Testing

@Suite struct HTTPClientTests {
    private let server: HostileServer
    private let client: HTTPClient

    init() throws {
        server = try HostileServer()
        client = try HTTPClient(hosts: HTTPHosts(nil), secrets: SecretFiles(folder: nil))
    }

    private func request(
        _ path: String,
        method: String = "POST",
        headers: [(name: String, value: String)] = [],
        body: String? = "{}",
        timeout: Interval = .seconds(20),
        bytesMax: Int = 1_000
    ) -> HTTPRequest {
        HTTPRequest(
            url: server.url + path,
            method: method,
            headers: headers,
            body: body.map { Array($0.utf8) },
            timeout: timeout,
            responseBytesMax: bytesMax
        )
    }

    private func failure(_ request: HTTPRequest) async -> HTTPFailure.Code? {
        switch await client.send(request) {
        case .success: nil
        case .failure(let failure): failure.code
        }
    }

    @Test func `a request arrives as it was meant`() async throws {
        defer { client.stop() }
        let headers = [(name: "X-Key", value: "abc"), (name: "Content-Type", value: "application/json")]
        let body = #"{"text":"\#(String(repeating: "ä", count: 2_000))"}"#
        let posted = try await client.send(request("/echo", headers: headers, body: body, bytesMax: 100_000)).get()
        let echo = try JSONText.parse(posted.body)
        #expect(posted.status == 200)
        #expect(echo["body"].string == body)
        #expect(echo["head"].string?.contains("X-Key: abc\r\n") == true)
        #expect(echo["head"].string?.hasPrefix("POST /echo HTTP/1.1") == true)
        for method in HTTPRecipe.methods {
            _ = try await client.send(request("/echo", method: method, body: nil)).get()
            #expect(server.requests.last?.hasPrefix(method + " ") == true)
        }
    }

    @Test func `statuses come back with the pause that the server asks for, and no redirect is followed`() async throws
    {
        defer { client.stop() }
        for status in [429, 500, 503] {
            let response = try await client.send(request("/status/\(status)/7")).get()
            #expect(response.status == status)
            #expect(response.retryAfter == 7)
        }
        #expect(try await client.send(request("/redirect")).get().status == 302)
        #expect(server.requests.contains { $0.contains("/ok") } == false)
    }

    @Test func `what a server does wrong has its own code`() async throws {
        defer { client.stop() }
        #expect(await failure(request("/hang", timeout: .milliseconds(300))) == .timeout)
        #expect(await failure(request("/cut")) == .connection)
        #expect(await failure(request("/huge/998")) == nil)
        #expect(await failure(request("/huge/999")) == .responseTooLarge)
        var nowhere = request("/ok")
        nowhere.url = "http://127.0.0.1:1/"
        #expect(await failure(nowhere) == .connection)
        nowhere.url = "https://127.0.0.1:\(server.port)/"
        #expect(await failure(nowhere) == .connection)
    }

    @Test func `only http and https, only hosts that may be called, no control characters`() async throws {
        defer { client.stop() }
        for url in ["file:///etc/passwd", "ftp://127.0.0.1/", "nonsense://x", "http://", "http://user:pw@127.0.0.1/"] {
            var request = request("/ok")
            request.url = url
            #expect(await failure(request) == .notAllowed, "\(url)")
        }
        #expect(await failure(request("/ok", headers: [(name: "X", value: "a\r\nY: b")])) == .notAllowed)
        let strict = try HTTPClient(
            hosts: HTTPHosts(" API.example.org , 127.0.0.1:1"),
            secrets: SecretFiles(folder: nil)
        )
        defer { strict.stop() }
        guard case .failure(let refused) = await strict.send(request("/ok")) else {
            Issue.record("called all the same")
            return
        }
        #expect(refused.code == .notAllowed)
        #expect(refused.message.contains("127.0.0.1:\(server.port)"))
        #expect(server.requests.isEmpty)
        try HTTPHosts("API.example.org").check(HTTPAddress("https://api.example.org/v1"))
        #expect(throws: HTTPFailure.self) {
            try HTTPHosts("api.example.org").check(HTTPAddress("https://api.example.org:8443/v1"))
        }
    }

    @Test func `a call that is given up ends at once, and many run side by side`() async throws {
        defer { client.stop() }
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<20 { group.addTask { _ = await client.send(request("/hang", timeout: .seconds(3_600))) } }
            for _ in 0..<20 { group.addTask { _ = await client.send(request("/slow/200")) } }
            // The slow ones may run out of their time on a busy machine; those that hang come for sure.
            while server.requests.count(where: { $0.contains("/hang") }) < 20 {
                try? await Task.sleep(for: .milliseconds(2))
            }
            group.cancelAll()
        }
        // An hour was given to each; the server sees all of them go.
        while server.callersGone < 20 { try await Task.sleep(for: .milliseconds(2)) }
        #expect(try await client.send(request("/ok")).get().status == 200)
        client.stop()
        #expect(await failure(request("/ok")) == .connection)
    }

    @Test(.timeLimit(.minutes(1)))
    func `a call that is given up ends for the server too, whatever programs were started meanwhile`() async throws {
        defer { client.stop() }
        let call = Task { await client.send(request("/hang", timeout: .seconds(3_600))) }
        while server.requests.isEmpty { try await Task.sleep(for: .milliseconds(2)) }
        let child = try ChildProcess(["/bin/sleep", "600"], environment: [:], logFile: "/dev/null")
        defer { child.stop(graceSeconds: 1) }
        call.cancel()
        while server.callersGone == 0 { try await Task.sleep(for: .milliseconds(2)) }
        #expect(child.exitCode == nil)
    }

    @Test func `a secret is one line of a file in the folder, and nothing else`() throws {
        defer { client.stop() }
        let folder = FileManager.default.temporaryDirectory.appending(path: "genesis-secrets-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (name, text) in [("key", "s3cret\n"), ("two", "a\nb"), ("empty", "\n")] {
            try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8)
        }
        let secrets = SecretFiles(folder: folder.path)
        #expect(try secrets.value("key") == "s3cret")
        for name in ["two", "empty", "none", "", ".", "..", "../\(folder.lastPathComponent)/key", "/etc/hostname"] {
            let failure = #expect(throws: HTTPFailure.self, "\(name)") { try secrets.value(name) }
            #expect(failure?.code == .secret)
        }
        #expect(throws: HTTPFailure.self) { try SecretFiles(folder: nil).value("key") }
    }
}
