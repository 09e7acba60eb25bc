package import Orchestration

/// Speaks to the control socket of an embedded broker in another process.
package struct BrokerControl: Sendable {
    private let socketPath: String

    package init(socketPath: String) { self.socketPath = socketPath }

    /// Gives one command (`down`, `up`, `rtt 20`, `error 0 3 6`, `topic orders 3`) and waits until it is done.
    package func send(_ command: String) throws(TransportError) {
        let socket = try LocalSocket.connected(to: socketPath)
        socket.write(command)
        guard let answer = socket.line(bytesMax: BrokerCommand.lineBytesMax) else {
            throw .unavailable(reason: "the embedded broker gave no answer to `\(command)`")
        }
        guard answer == "ok" else { throw .invalidConfiguration(reason: answer) }
    }
}
