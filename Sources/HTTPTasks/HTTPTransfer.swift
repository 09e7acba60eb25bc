internal import CCurl
internal import Orchestration

/// One call on its way; touched by the client's thread only, once it has been handed over.
final class HTTPTransfer: @unchecked Sendable {
    static let givenUp = HTTPFailure(.connection, "the call was given up")

    let id: Int
    private let request: HTTPRequest
    private let answer: (Result<HTTPResponse, HTTPFailure>) -> Void
    private var easy: UnsafeMutableRawPointer?
    private var headers: UnsafeMutablePointer<curl_slist>?
    private var body: [UInt8] = []
    private var isTooLarge = false

    init(
        id: Int,
        request: HTTPRequest,
        answer: @escaping (Result<HTTPResponse, HTTPFailure>) -> Void
    ) {
        self.id = id
        self.request = request
        self.answer = answer
    }

    deinit {
        if let easy { curl_easy_cleanup(easy) }
        curl_slist_free_all(headers)
    }

    func end(_ result: Result<HTTPResponse, HTTPFailure>) { answer(result) }

    /// Everything that the call is and is not allowed to do; nil when libcurl refuses a setting.
    func prepare() -> UnsafeMutableRawPointer? {
        guard let easy = curl_easy_init() else { return nil }
        self.easy = easy
        var codes = [
            genesis_curl_set_text(easy, CURLOPT_URL, request.url),
            genesis_curl_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https"),
            genesis_curl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0),
            genesis_curl_set_long(easy, CURLOPT_SSL_VERIFYPEER, 1),
            genesis_curl_set_long(easy, CURLOPT_SSL_VERIFYHOST, 2),
            // No proxy of the environment, no password file, no signals: only what the request says.
            genesis_curl_set_text(easy, CURLOPT_PROXY, ""),
            genesis_curl_set_long(easy, CURLOPT_NETRC, Int(CURL_NETRC_IGNORED.rawValue)),
            genesis_curl_set_long(easy, CURLOPT_NOSIGNAL, 1),
            genesis_curl_set_text(easy, CURLOPT_USERAGENT, "genesis"),
            genesis_curl_set_long(easy, CURLOPT_TCP_KEEPALIVE, 1),
            genesis_curl_set_long(easy, CURLOPT_TIMEOUT_MS, milliseconds(request.timeout)),
            genesis_curl_set_long(
                easy,
                CURLOPT_CONNECTTIMEOUT_MS,
                milliseconds(min(request.timeout, HTTPClient.connectLimit))
            ),
        ]
        if request.method == "GET", request.body == nil {
            codes.append(genesis_curl_set_long(easy, CURLOPT_HTTPGET, 1))
        } else if request.method == "DELETE", request.body == nil {
            codes.append(genesis_curl_set_text(easy, CURLOPT_CUSTOMREQUEST, request.method))
        } else {
            let bytes = request.body ?? []
            codes.append(genesis_curl_set_long(easy, CURLOPT_POST, 1))
            codes.append(genesis_curl_set_long(easy, CURLOPT_POSTFIELDSIZE, bytes.count))
            bytes.withUnsafeBytes { bytes in
                let start = UnsafeMutableRawPointer(mutating: bytes.baseAddress) ?? easy
                codes.append(genesis_curl_set_pointer(easy, CURLOPT_COPYPOSTFIELDS, start))
            }
            codes.append(genesis_curl_set_text(easy, CURLOPT_CUSTOMREQUEST, request.method))
        }
        // libcurl would ask before it sends a large body, which many servers do not answer.
        headers = curl_slist_append(nil, "Expect:")
        for (name, value) in request.headers {
            headers = curl_slist_append(headers, value.isEmpty ? "\(name);" : "\(name): \(value)")
        }
        codes.append(genesis_curl_set_list(easy, headers))
        codes.append(genesis_curl_keep_sockets(easy))
        codes.append(genesis_curl_set_receiver(easy, Self.receive, Unmanaged.passUnretained(self).toOpaque()))
        return codes.allSatisfy { $0 == CURLE_OK } ? easy : nil
    }

    private func milliseconds(_ interval: Interval) -> Int { max(1, Int(interval.microseconds / 1_000)) }

    private static let receive: curl_write_callback = { bytes, size, count, context in
        guard let bytes, let context else { return 0 }
        let transfer = Unmanaged<HTTPTransfer>.fromOpaque(context).takeUnretainedValue()
        let length = size * count
        guard transfer.body.count + length <= transfer.request.responseBytesMax else {
            transfer.isTooLarge = true
            // Fewer than came: libcurl ends the call.
            return 0
        }
        transfer.body += UnsafeRawBufferPointer(start: bytes, count: length)
        return length
    }

    /// The call is over.
    func finish(_ code: CURLcode) {
        guard let easy else { return end(.failure(Self.givenUp)) }
        if isTooLarge {
            let limit = request.responseBytesMax
            return end(.failure(HTTPFailure(.responseTooLarge, "the response has more than \(limit) bytes")))
        }
        guard code == CURLE_OK else {
            let reason = String(cString: curl_easy_strerror(code))
            var connected: curl_off_t = 0
            genesis_curl_get_offset(easy, CURLINFO_CONNECT_TIME_T, &connected)
            guard code == CURLE_OPERATION_TIMEDOUT, connected > 0 else {
                return end(.failure(HTTPFailure(.connection, "the call of \(place): \(reason)")))
            }
            let message = "no complete response of \(place) within \(request.timeout)"
            return end(.failure(HTTPFailure(.timeout, message)))
        }
        var status = 0
        genesis_curl_get_long(easy, CURLINFO_RESPONSE_CODE, &status)
        var pause: curl_off_t = 0
        genesis_curl_get_offset(easy, CURLINFO_RETRY_AFTER, &pause)
        end(.success(HTTPResponse(status: status, retryAfter: pause > 0 ? Double(pause) : nil, body: body)))
    }

    /// The server, for messages: without path and query, which may be long.
    private var place: String {
        guard let address = try? HTTPAddress(request.url) else { return "the server" }
        return "\(address.host):\(address.port)"
    }
}
