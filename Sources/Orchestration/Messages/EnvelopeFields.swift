/// The members of a record's body, read once each; what nobody has read is an extension.
struct EnvelopeFields {
    private var members: JSONObject
    private let headers: RecordHeaders
    /// Where faults say the fields stand: `field`, `attribute`, `header`.
    private let noun: String

    init(_ members: JSONObject, headers: RecordHeaders, noun: String = "field") {
        self.members = members
        self.headers = headers
        self.noun = noun
    }

    var rest: JSONObject { members }

    /// The member's value; nil where there is none, or `null`.
    mutating func take(_ name: String) -> JSONValue? {
        defer { members[name] = nil }
        guard let value = members[name], !value.isNull else { return nil }
        return value
    }

    func invalid(_ name: String, _ problem: String) -> EnvelopeFault {
        EnvelopeFault(.invalidEnvelope, "The \(noun) \(name) \(problem).")
    }

    mutating func string(_ name: String) throws(EnvelopeFault) -> String? {
        guard let value = take(name) else { return nil }
        guard let text = value.string else { throw invalid(name, "must be a string, not \(value.typeName)") }
        return text
    }

    /// The first of several spellings that is there; all of them are taken.
    mutating func string(_ names: [String]) throws(EnvelopeFault) -> String? {
        var found: String?
        for name in names {
            let text = try string(name)
            found = found ?? text
        }
        return found
    }

    mutating func required(_ name: String) throws(EnvelopeFault) -> String {
        guard let text = try string(name) else { throw invalid(name, "is missing") }
        return text
    }

    /// A short identifier of the sender's: 1 to 128 of `A–Z a–z 0–9 . _ : @ / + = -`.
    func label(_ text: String, _ name: String) throws(EnvelopeFault) -> String {
        let isLabel = text.utf8.allSatisfy { byte in
            switch byte {
            case 65...90, 97...122, 48...57: true
            case UInt8(ascii: "."), UInt8(ascii: "_"), UInt8(ascii: ":"), UInt8(ascii: "@"), UInt8(ascii: "/"),
                UInt8(ascii: "+"), UInt8(ascii: "="), UInt8(ascii: "-"):
                true
            default: false
            }
        }
        guard isLabel, (1...Envelope.labelBytesMax).contains(text.utf8.count) else {
            throw invalid(
                name,
                "must be 1 to \(Envelope.labelBytesMax) characters of A-Z a-z 0-9 . _ : @ / + = -, "
                    + "not “\(PrintableText.of(text))”"
            )
        }
        return text
    }

    /// A label from the body, else from the header of its first name.
    mutating func label(_ names: [String]) throws(EnvelopeFault) -> String? {
        guard let name = names.first else { return nil }
        if let text = try string(names) { return try label(text, name) }
        guard let text = try headers.text(name) else { return nil }
        return try label(text, name)
    }

    mutating func identifier<Kind>(_ name: String) throws(EnvelopeFault) -> Identifier<Kind>? {
        guard let text = try string(name) else { return nil }
        guard let identifier = Identifier<Kind>(text) else {
            throw invalid(name, "must be a UUID, not “\(PrintableText.of(text))”")
        }
        return identifier
    }

    /// An object; an empty one where there is none.
    mutating func object(_ name: String) throws(EnvelopeFault) -> JSONValue {
        guard let value = take(name) else { return .object([:]) }
        guard value.object != nil else { throw invalid(name, "must be an object, not \(value.typeName)") }
        return value
    }

    mutating func instant(_ name: String) throws(EnvelopeFault) -> Instant? {
        guard let text = try string(name) else { return nil }
        guard let instant = Instant(text) else {
            throw invalid(name, "must be a time with a zone (RFC 3339), not “\(PrintableText.of(text))”")
        }
        return instant
    }

    mutating func idempotencyKey(_ names: [String]) throws(EnvelopeFault) -> String? {
        guard let name = names.first, let text = try string(names) else { return nil }
        return try idempotencyKey(text, name)
    }

    func idempotencyKey(_ text: String, _ name: String) throws(EnvelopeFault) -> String {
        guard (1...Envelope.idempotencyKeyBytesMax).contains(text.utf8.count),
            !text.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F })
        else {
            throw invalid(
                name,
                "must be 1 to \(Envelope.idempotencyKeyBytesMax) bytes without control characters"
            )
        }
        if text.hasPrefix(SessionMessage.workerKeyPrefix) {
            throw invalid(
                name,
                "must not begin with `\(SessionMessage.workerKeyPrefix)`: such keys are the worker's own"
            )
        }
        return text
    }

    /// The message's shape from the body or the header; 1 where nothing is said.
    mutating func schemaVersion() throws(EnvelopeFault) -> Int {
        var found: JSONValue?
        for name in ["schema_version", "schemaversion"] {
            let value = take(name)
            found = found ?? value
        }
        let header = try headers.text("schema_version")
        // CloudEvents in binary mode have text only.
        let number = found.map { value in value.int ?? value.string.flatMap { Int($0) } } ?? header.map { Int($0) } ?? 1
        guard let number, (1...Int(Int32.max)).contains(number) else {
            throw invalid("schema_version", "must be an integer from 1")
        }
        return number
    }

    /// The trace context from the body or the header; a malformed one counts as none.
    mutating func traceparent() throws(EnvelopeFault) -> String? {
        let given = take("traceparent")?.string
        let header = try headers.text("traceparent")
        guard let text = given ?? header else { return nil }
        let lengths = text.utf8.split(separator: UInt8(ascii: "-"), omittingEmptySubsequences: false).map(\.count)
        let isHexadecimal = text.utf8.allSatisfy { byte in
            (48...57).contains(byte) || (97...102).contains(byte) || byte == UInt8(ascii: "-")
        }
        return lengths == [2, 32, 16, 2] && isHexadecimal ? text : nil
    }
}

/// A record's headers by name, without regard to case; of equal names the last counts.
struct RecordHeaders {
    private let headers: [RecordHeader]

    init(_ headers: [RecordHeader]) { self.headers = headers }

    func text(_ name: String) throws(EnvelopeFault) -> String? {
        guard let bytes = headers.last(where: { $0.name.lowercased() == name })?.value else { return nil }
        return try Self.text(bytes, name)
    }

    /// The CloudEvents attributes of binary mode, without `ce_`.
    func attributes() throws(EnvelopeFault) -> JSONObject {
        var attributes = JSONObject()
        for header in headers {
            let name = header.name.lowercased()
            guard name.hasPrefix("ce_"), name.utf8.count > 3, let bytes = header.value else { continue }
            attributes[String(name.dropFirst(3))] = .string(try Self.text(bytes, name))
        }
        return attributes
    }

    private static func text(_ bytes: [UInt8], _ name: String) throws(EnvelopeFault) -> String {
        guard let text = String(validating: bytes, as: UTF8.self), !bytes.contains(0) else {
            throw EnvelopeFault(.invalidEnvelope, "The header \(PrintableText.of(name)) is not UTF-8 text.")
        }
        return text
    }
}
