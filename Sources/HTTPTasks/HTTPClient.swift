internal import CCurl
package import Orchestration
internal import Threads

/// HTTP calls with libcurl: all of a worker on one thread of their own, so that none occupies Swift's.
package final class HTTPClient: HTTPCaller, @unchecked Sendable {
    /// How long a connection may take to be made.
    package static let connectLimit = Interval.seconds(10)
    /// The longest sleep of the thread; orders and sockets wake it.
    private static let sleepMax: Int32 = 10_000

    private struct Orders {
        var next = 0
        var new: [HTTPTransfer] = []
        /// Calls given up by whoever waits for them; also before they are `new`.
        var cancelled: Set<Int> = []
        var isStopped = false
    }

    private let hosts: HTTPHosts
    private let secrets: SecretFiles
    private let orders = Locked(Orders())
    private let multi: UnsafeMutableRawPointer

    package init(hosts: HTTPHosts, secrets: SecretFiles) throws(HTTPFailure) {
        _ = Self.library
        guard let multi = curl_multi_init() else { throw HTTPFailure(.connection, "libcurl cannot be started") }
        self.multi = multi
        self.hosts = hosts
        self.secrets = secrets
        startThread { [self] in loop() }
    }

    /// Once for the process; libcurl asks for it before other threads begin.
    private static let library = curl_global_init(Int(CURL_GLOBAL_DEFAULT))

    /// Gives all calls up, and ends the thread.
    package func stop() {
        orders.withLock { $0.isStopped = true }
        curl_multi_wakeup(multi)
    }

    package func secret(_ file: String) throws(HTTPFailure) -> String { try secrets.value(file) }

    package func send(_ request: HTTPRequest) async -> Result<HTTPResponse, HTTPFailure> {
        do throws(HTTPFailure) {
            try hosts.check(try HTTPAddress(request.url))
            for (name, value) in request.headers where (name + value).utf8.contains(where: { $0 < 0x20 || $0 == 0x7F })
            {
                throw HTTPFailure(.notAllowed, "the header `\(PrintableText.of(name))` has control characters")
            }
        } catch {
            return .failure(error)
        }
        let id = orders.withLock { orders in
            orders.next += 1
            return orders.next
        }
        let result: Result<HTTPResponse, HTTPFailure> = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let transfer = HTTPTransfer(id: id, request: request) { continuation.resume(returning: $0) }
                let isTaken = orders.withLock { orders in
                    guard !orders.isStopped, !orders.cancelled.contains(id) else { return false }
                    orders.new.append(transfer)
                    return true
                }
                if isTaken { curl_multi_wakeup(multi) } else { transfer.end(.failure(HTTPTransfer.givenUp)) }
            }
        } onCancel: {
            orders.withLock { _ = $0.cancelled.insert(id) }
            curl_multi_wakeup(multi)
        }
        orders.withLock { _ = $0.cancelled.remove(id) }
        return result
    }

    // MARK: The thread

    private func loop() {
        var running: [UnsafeMutableRawPointer: HTTPTransfer] = [:]
        while true {
            let (new, cancelled, isStopped) = orders.withLock { orders in
                defer { orders.new = [] }
                return (orders.new, orders.cancelled, orders.isStopped)
            }
            for transfer in new {
                guard let easy = transfer.prepare(), curl_multi_add_handle(multi, easy) == CURLM_OK else {
                    transfer.end(.failure(HTTPFailure(.connection, "libcurl does not take the call")))
                    continue
                }
                running[easy] = transfer
            }
            for (easy, transfer) in running where isStopped || cancelled.contains(transfer.id) {
                running[easy] = nil
                curl_multi_remove_handle(multi, easy)
                transfer.end(.failure(HTTPTransfer.givenUp))
            }
            if isStopped { break }
            var count: Int32 = 0
            curl_multi_perform(multi, &count)
            while let message = curl_multi_info_read(multi, &count) {
                guard message.pointee.msg == CURLMSG_DONE, let easy = message.pointee.easy_handle else { continue }
                let code = genesis_curl_result(message)
                curl_multi_remove_handle(multi, easy)
                running.removeValue(forKey: easy)?.finish(code)
            }
            curl_multi_poll(multi, nil, 0, Self.sleepMax, nil)
        }
        curl_multi_cleanup(multi)
    }
}
