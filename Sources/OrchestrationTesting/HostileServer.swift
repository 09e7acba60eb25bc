internal import Foundation
internal import Glibc

/// An HTTP server as small as can be, that misbehaves as the path asks. One thread per connection.
///
/// `/ok`, `/echo` (headers and body as JSON), `/status/N`, `/status/N/SECONDS` (with `Retry-After`), `/slow/MILLISECONDS`, `/hang`, `/cut`,
/// `/huge/BYTES`, `/notjson`, `/redirect`, and `/next`, which does what the script says for each call; so does the address
/// of OpenAI's chats. A step of the script that begins with `body:` is answered with the text after it.
package final class HostileServer: @unchecked Sendable {
    package let port: Int
    private let listener: Int32
    private let lock = NSLock()
    private var seen: [String] = []
    private var seenBodies: [String] = []
    private var script: [String]
    private var left = 0

    /// The heads of all requests so far.
    package var requests: [String] { lock.withLock { seen } }
    /// The bodies of all requests so far, in the same order.
    package var bodies: [String] { lock.withLock { seenBodies } }
    /// How many callers have gone away from `/hang`.
    package var callersGone: Int { lock.withLock { left } }
    package var url: String { "http://127.0.0.1:\(port)" }

    /// - Parameter script: paths without the slash; after the last, `/next` is `/ok`.
    package init(script: [String] = []) throws {
        self.script = script
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let bound = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, length) == 0 && getsockname(listener, pointer, &length) == 0
            }
        }
        guard bound, listen(listener, 64) == 0 else { throw POSIXError(.EADDRNOTAVAIL) }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0, let server = self else { return }
                Thread.detachNewThread { server.serve(connection) }
            }
        }
    }

    deinit { shutdown(listener, Int32(SHUT_RDWR)) }

    private func serve(_ connection: Int32) {
        defer { close(connection) }
        guard let (head, body) = Self.read(connection) else { return }
        let first = head.components(separatedBy: "\r\n").first ?? ""
        lock.withLock {
            seen.append(head)
            seenBodies.append(body)
        }
        var path = String(first.split(separator: " ").dropFirst().first ?? "")
        if path == "/next" || path == "/v1/chat/completions" {
            path = lock.withLock { script.isEmpty ? "/ok" : "/" + script.removeFirst() }
        }
        if path.hasPrefix("/body:") { return Self.answer(connection, 200, String(path.dropFirst("/body:".count))) }
        let parts = path.split(separator: "/").map(String.init)
        let number = parts.dropFirst().first.flatMap { Int($0) } ?? 0
        switch parts.first {
        case "echo":
            let object: [String: Any] = ["head": head, "body": body]
            let json = (try? JSONSerialization.data(withJSONObject: object)) ?? Data()
            Self.answer(connection, 200, String(decoding: json, as: UTF8.self))
        case "status":
            Self.answer(
                connection,
                number,
                #"{"error":"as you wished"}"#,
                parts.count > 2 ? "Retry-After: \(parts[2])\r\n" : ""
            )
        case "slow":
            usleep(UInt32(number) * 1_000)
            Self.answer(connection, 200, #"{"ok":true}"#)
        case "hang":
            var byte: UInt8 = 0
            _ = recv(connection, &byte, 1, 0)
            lock.withLock { left += 1 }
        case "cut": Self.write(connection, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n{\"half\":")
        case "huge": Self.answer(connection, 200, "\"" + String(repeating: "x", count: number) + "\"")
        case "notjson": Self.answer(connection, 200, "<html>no</html>")
        case "redirect": Self.answer(connection, 302, "{}", "Location: /ok\r\n")
        default: Self.answer(connection, 200, #"{"ok":true}"#)
        }
    }

    private static func read(_ connection: Int32) -> (head: String, body: String)? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let head = String(text[..<end.lowerBound])
                let length =
                    head.components(separatedBy: "\r\n")
                    .first { $0.lowercased().hasPrefix("content-length:") }
                    .flatMap { Int($0.dropFirst("content-length:".count).trimmingCharacters(in: .whitespaces)) } ?? 0
                let body = String(text[end.upperBound...])
                if body.utf8.count >= length { return (head, body) }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            if count <= 0 { return nil }
            bytes += buffer[..<count]
        }
    }

    private static func answer(_ connection: Int32, _ status: Int, _ body: String, _ headers: String = "") {
        write(
            connection,
            "HTTP/1.1 \(status) X\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n"
                + "\(headers)Connection: close\r\n\r\n\(body)"
        )
    }

    private static func write(_ connection: Int32, _ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
    }
}
