internal import CRdkafka
internal import Glibc
package import Orchestration

/// Runs the embedded broker in this process until SIGTERM or SIGINT; returns only to say why it could not start.
///
/// - Parameters:
///   - addressFile: gets `host:port`, at once and whole, when the broker can be reached and the topics exist.
///   - controlSocket: the path of a Unix socket that takes the commands of `BrokerControl`, for tests.
package func runBroker(
    topics: [KafkaTopic],
    addressFile: String,
    controlSocket: String? = nil
) throws(TransportError) -> Never {
    // It has nothing to save, so it may end at any instruction.
    for number in [SIGTERM, SIGINT] { signal(number) { _ in _exit(0) } }
    let broker = try MockBroker()
    answerWithoutDelay()
    for topic in topics { try broker.create(topic) }
    let listener: LocalSocket?
    if let controlSocket { listener = try .listening(at: controlSocket) } else { listener = nil }
    try write("\(broker.bootstrap)\n", to: addressFile)
    while true {
        guard let client = listener?.accepted() else {
            if controlSocket == nil { pause() }
            continue
        }
        while let line = client.line(bytesMax: BrokerCommand.lineBytesMax) {
            do throws(TransportError) {
                try BrokerCommand(line).apply(to: broker)
                client.write("ok")
            } catch {
                client.write(error.reason)
            }
        }
    }
}

/// Switches Nagle's algorithm off on this process's listening sockets; connections inherit it. The mock cluster does
/// not do it, and without it an answer can wait 40 ms for the client's delayed acknowledgement.
private func answerWithoutDelay() {
    let descriptorsMax: Int32 = 256
    for descriptor in 0..<descriptorsMax {
        var isListening: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &isListening, &size) == 0, isListening != 0
        else { continue }
        var yes: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, size)
    }
}

/// Readers see the whole text or no file.
private func write(_ text: String, to path: String) throws(TransportError) {
    func failure() -> TransportError {
        .unavailable(reason: "cannot write \(path): \(String(cString: strerror(errno)))")
    }
    let draft = "\(path).new"
    let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw failure() }
    let bytes = Array(text.utf8)
    let isWritten = Glibc.write(descriptor, bytes, bytes.count) == bytes.count
    close(descriptor)
    guard isWritten, rename(draft, path) == 0 else { throw failure() }
}
