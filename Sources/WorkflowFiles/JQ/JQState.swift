internal import CJq
internal import Orchestration

/// One compiled jq machine; used by one thread at a time.
///
/// `@unchecked Sendable`: the pool hands a state to one caller, who gives it back.
final class JQState: @unchecked Sendable {
    private var state: OpaquePointer?

    struct NotCompiled: Error { var reason: String }

    private final class Messages { var texts: [String] = [] }

    init(source: String) throws(NotCompiled) {
        guard let made = jq_init() else { throw NotCompiled(reason: "no memory for a jq machine") }
        let messages = Messages()
        jq_set_error_cb(
            made,
            { data, message in
                guard let data else { return jv_free(message) }
                Unmanaged<Messages>.fromOpaque(data).takeUnretainedValue().texts.append(JQValue.text(message))
            },
            Unmanaged.passUnretained(messages).toOpaque()
        )
        let isCompiled = withExtendedLifetime(messages) { jq_compile(made, source) != 0 }
        // What a running program reports comes back as its result; nothing is printed.
        jq_set_error_cb(made, { _, message in jv_free(message) }, nil)
        jq_set_debug_cb(made, { _, message in jv_free(message) }, nil)
        guard isCompiled else {
            var broken: OpaquePointer? = made
            jq_teardown(&broken)
            throw NotCompiled(reason: Self.readable(messages.texts))
        }
        state = made
    }

    deinit { if state != nil { jq_teardown(&state) } }

    /// The single value of the program.
    func run(_ input: JSONValue) throws(JQValue.Refused) -> JSONValue {
        guard let state else { throw JQValue.Refused(reason: "the program is not compiled") }
        jq_start(state, JQValue.make(input), 0)
        let first = try next(state)
        guard let first else { throw JQValue.Refused(reason: "the program gives no value") }
        guard try next(state) == nil else { throw JQValue.Refused(reason: "the program gives more than one value") }
        return first
    }

    private func next(_ state: OpaquePointer) throws(JQValue.Refused) -> JSONValue? {
        let value = jq_next(state)
        guard jv_get_kind(value) == JV_KIND_INVALID else { return try JQValue.read(value) }
        guard jv_invalid_has_msg(jv_copy(value)) != 0 else {
            jv_free(value)
            return nil
        }
        throw JQValue.Refused(reason: JQValue.text(jv_invalid_get_msg(value)))
    }

    /// `jq: error: syntax error, unexpected … (Unix shell quoting issues?) at <top-level>, line 1:` in few words.
    private static func readable(_ messages: [String]) -> String {
        var text = messages.first ?? "the program does not compile"
        text = String(text.split(separator: "\n").first ?? "")
        for part in ["jq: error: ", " (Unix shell quoting issues?)"] {
            if let range = text.firstRange(of: part) { text.removeSubrange(range) }
        }
        if let range = text.firstRange(of: " at <top-level>") { text.removeSubrange(range.lowerBound...) }
        return text
    }
}
