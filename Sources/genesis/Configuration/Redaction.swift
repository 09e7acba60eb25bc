/// Connection strings without what must not be shown.
enum Redaction {
    static let mark = "***"
    private static let secretNames: Set<String> = ["password", "sslpassword", "sslkey", "scram_client_key"]

    /// A libpq URI or `name=value` string with its passwords replaced.
    ///
    /// What cannot be read for certain is replaced as a whole: a doubtful string may be a password.
    static func connectionString(_ text: String) -> String {
        for scheme in ["postgresql://", "postgres://"] where text.hasPrefix(scheme) {
            return scheme + uri(text.dropFirst(scheme.count))
        }
        return keywords(text) ?? mark
    }

    private static func uri(_ text: Substring) -> String {
        let question = text.firstIndex(of: "?") ?? text.endIndex
        let place = text[..<question]
        var result = ""
        // The last `@`: an unescaped one in a password is a mistake that must not show half of it.
        if let at = place.lastIndex(of: "@") {
            let person = place[..<at]
            result += person.firstIndex(of: ":").map { person[..<$0] + ":" + mark } ?? person
            result += place[at...]
        } else {
            result += place
        }
        guard question < text.endIndex else { return result }
        let parameters = text[text.index(after: question)...].split(separator: "&", omittingEmptySubsequences: false)
        let shown = parameters.map { parameter -> String in
            let name = parameter.prefix { $0 != "=" }
            return secretNames.contains(name.lowercased()) ? "\(name)=\(mark)" : String(parameter)
        }
        return result + "?" + shown.joined(separator: "&")
    }

    private static func keywords(_ text: String) -> String? {
        var rest = text[...]
        var parts: [String] = []
        while true {
            rest = rest.drop(while: \.isWhitespace)
            guard !rest.isEmpty else { return parts.joined(separator: " ") }
            let name = rest.prefix { $0 != "=" && !$0.isWhitespace }
            rest = rest.dropFirst(name.count).drop(while: \.isWhitespace)
            guard !name.isEmpty, rest.first == "=" else { return nil }
            rest = rest.dropFirst().drop(while: \.isWhitespace)
            let start = rest
            if rest.first == "'" {
                rest = rest.dropFirst()
                var isClosed = false
                while let character = rest.popFirst(), !isClosed {
                    if character == "\\" { _ = rest.popFirst() }
                    if character == "'" {
                        isClosed = true
                        break
                    }
                }
                guard isClosed else { return nil }
            } else {
                while let character = rest.first, !character.isWhitespace {
                    rest.removeFirst()
                    if character == "\\" { _ = rest.popFirst() }
                }
            }
            let value = start[..<rest.startIndex]
            parts.append(secretNames.contains(name.lowercased()) ? "\(name)=\(mark)" : "\(name)=\(value)")
        }
    }
}
