internal import CCurl
package import Orchestration

/// The parts of a URL as libcurl itself reads it, so that what is checked is what is called.
package struct HTTPAddress: Equatable, Sendable {
    package let scheme: String
    /// In lower case; without the brackets of IPv6.
    package let host: String
    package let port: Int

    package var usualPort: Int { scheme == "https" ? 443 : 80 }

    package init(_ text: String) throws(HTTPFailure) {
        guard let url = curl_url() else { throw HTTPFailure(.notAllowed, "libcurl has no memory for a URL") }
        defer { curl_url_cleanup(url) }
        guard !text.utf8.contains(0), curl_url_set(url, CURLUPART_URL, text, 0) == CURLUE_OK,
            let scheme = Self.part(CURLUPART_SCHEME, of: url), let host = Self.part(CURLUPART_HOST, of: url)
        else { throw HTTPFailure(.notAllowed, "`\(PrintableText.of(text))` is no URL of an HTTP server") }
        self.scheme = scheme.lowercased()
        self.host = host.lowercased().filter { $0 != "[" && $0 != "]" }
        guard self.scheme == "http" || self.scheme == "https" else {
            throw HTTPFailure(.notAllowed, "`\(PrintableText.of(scheme))` is neither http nor https")
        }
        guard Self.part(CURLUPART_PASSWORD, of: url) == nil, Self.part(CURLUPART_USER, of: url) == nil else {
            throw HTTPFailure(.notAllowed, "a URL holds no user or password; use a header from a file")
        }
        port = Self.part(CURLUPART_PORT, of: url).flatMap { Int($0) } ?? (self.scheme == "https" ? 443 : 80)
    }

    private static func part(_ part: CURLUPart, of url: OpaquePointer) -> String? {
        var text: UnsafeMutablePointer<CChar>?
        guard curl_url_get(url, part, &text, 0) == CURLUE_OK, let text else { return nil }
        defer { curl_free(text) }
        return String(cString: text)
    }
}
