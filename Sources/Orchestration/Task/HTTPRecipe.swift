/// How the worker does a task itself: one call of an HTTP server. Part of a workflow file, and so free of secrets.
package struct HTTPRecipe: Equatable, Sendable {
    package struct Header: Equatable, Sendable {
        package enum Value: Equatable, Sendable {
            case text(String)
            /// What the file of this name in the worker's folder of secrets holds, after the prefix.
            case secret(file: String, prefix: String)
        }

        package var name: String
        package var value: Value

        package init(name: String, value: Value) {
            self.name = name
            self.value = value
        }
    }

    package var url: String
    package var method: String
    package var headers: [Header]
    /// jq over `{input, task, previous_details}`; nil sends the input as it is, or nothing with GET and DELETE.
    package var body: Program?
    /// jq over `{status, body}`; nil takes the body as it is.
    package var output: Program?
    /// Statuses after which another attempt may help.
    package var retryOn: Set<Int>

    package init(
        url: String,
        method: String = "POST",
        headers: [Header] = [],
        body: Program? = nil,
        output: Program? = nil,
        retryOn: Set<Int> = HTTPRecipe.retryOnDefault
    ) {
        self.url = url
        self.method = method
        self.headers = headers
        self.body = body
        self.output = output
        self.retryOn = retryOn
    }

    package static let methods = ["POST", "PUT", "PATCH", "GET", "DELETE"]
    package static let retryOnDefault: Set<Int> = [408, 425, 429, 500, 502, 503, 504]
    /// The longest request body and the longest response body, in bytes.
    package static let requestBytesMax = 1_048_576
    package static let responseBytesMax = 4 * 1_048_576
}

/// Why no answer came from an HTTP server. The code stands in `error_data.code`.
package struct HTTPFailure: Error, Equatable, Sendable {
    package enum Code: String, CaseIterable, Sendable {
        /// Not sent: the host is not allowed here, or the address is none.
        case notAllowed = "HTTP_NOT_ALLOWED"
        /// Not sent: the file of a header's value is missing or holds no header value.
        case secret = "HTTP_SECRET"
        /// Not sent: the program of the body failed.
        case body = "HTTP_BODY"
        case requestTooLarge = "HTTP_REQUEST_TOO_LARGE"
        case responseTooLarge = "HTTP_RESPONSE_TOO_LARGE"
        /// Name, connection, TLS, or cut off in the middle.
        case connection = "HTTP_CONNECTION"
        /// The attempt's own limit, whichever clock noticed it first.
        case timeout = "ATTEMPT_TIMEOUT"
        /// The response is no JSON, or the program of the output failed on it.
        case invalidResponse = "HTTP_INVALID_RESPONSE"
    }

    package var code: Code
    package var message: String

    package init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    var isRetryable: Bool {
        switch code {
        case .notAllowed, .secret, .body, .requestTooLarge: false
        case .responseTooLarge, .connection, .timeout, .invalidResponse: true
        }
    }
}

package struct HTTPRequest: Equatable, Sendable {
    package var url: String
    package var method: String
    package var headers: [(name: String, value: String)]
    package var body: [UInt8]?
    /// From the first byte to the last.
    package var timeout: Interval
    package var responseBytesMax: Int

    package init(
        url: String,
        method: String,
        headers: [(name: String, value: String)],
        body: [UInt8]?,
        timeout: Interval,
        responseBytesMax: Int
    ) {
        self.url = url
        self.method = method
        self.headers = headers
        self.body = body
        self.timeout = timeout
        self.responseBytesMax = responseBytesMax
    }

    package static func == (left: Self, right: Self) -> Bool {
        (left.url, left.method, left.body, left.timeout) == (right.url, right.method, right.body, right.timeout)
            && left.headers.elementsEqual(right.headers) { $0.name == $1.name && $0.value == $1.value }
    }
}

package struct HTTPResponse: Equatable, Sendable {
    package var status: Int
    /// The pause in seconds that the server asks for.
    package var retryAfter: Double?
    package var body: [UInt8]

    package init(status: Int, retryAfter: Double?, body: [UInt8]) {
        self.status = status
        self.retryAfter = retryAfter
        self.body = body
    }
}
