internal import CJq
internal import Orchestration

/// What libjq says about a program, for people.
struct JQMessage: Error {
    var text: String
}

/// One compiled jq state; used by one thread at a time.
final class JQMachine: @unchecked Sendable {
    private var state: OpaquePointer?

    private init(_ state: OpaquePointer) { self.state = state }

    deinit { jq_teardown(&state) }

    static func compile(_ source: String) -> Result<JQMachine, JQMessage> {
        guard let state = jq_init() else { return .failure(JQMessage(text: "jq has no memory")) }
        let machine = JQMachine(state)
        let complaints = Complaints()
        jq_set_error_cb(
            state,
            { pointer, message in
                let text = jq_format_error(message)
                if let pointer, jv_get_kind(text) == JV_KIND_STRING {
                    let complaints = Unmanaged<Complaints>.fromOpaque(pointer).takeUnretainedValue()
                    complaints.texts.append(String(cString: jv_string_value(text)))
                }
                jv_free(text)
            },
            Unmanaged.passUnretained(complaints).toOpaque()
        )
        defer { jq_set_error_cb(state, nil, nil) }
        guard jq_compile(state, source) != 0 else {
            // The last line only counts the errors.
            let text = complaints.texts.first?.split(separator: "\n").first.map(String.init)
            return .failure(JQMessage(text: text ?? "jq does not compile this"))
        }
        return .success(machine)
    }

    /// The single output of the program with this number.
    func run(number: Int, input: JSONValue) throws(JQMessage) -> JSONValue {
        guard let state else { throw JQMessage(text: "jq has ended") }
        var document = jv_object_set(jv_object(), jv_string("p"), jv_number(Double(number)))
        document = jv_object_set(document, jv_string("i"), Self.jqValue(input))
        jq_start(state, document, 0)
        let first = jq_next(state)
        guard jv_get_kind(first) != JV_KIND_INVALID else { throw Self.failure(first) }
        let second = jq_next(state)
        let isLast = jv_get_kind(second) == JV_KIND_INVALID
        let hasFailed = isLast && jv_invalid_has_msg(jv_copy(second)) != 0
        guard isLast, !hasFailed else {
            jv_free(first)
            if hasFailed { throw Self.failure(second) }
            jv_free(second)
            throw JQMessage(text: "gave more than one value")
        }
        jv_free(second)
        var reader = JQOutput()
        let value = try reader.read(first, depth: 0)
        return value
    }

    private static func failure(_ invalid: jv) -> JQMessage {
        guard jv_invalid_has_msg(jv_copy(invalid)) != 0 else {
            jv_free(invalid)
            return JQMessage(text: "gave no value")
        }
        let message = jv_invalid_get_msg(invalid)
        defer { jv_free(message) }
        if jv_get_kind(message) == JV_KIND_STRING { return JQMessage(text: String(cString: jv_string_value(message))) }
        let dumped = jv_dump_string(jv_copy(message), 0)
        defer { jv_free(dumped) }
        return JQMessage(text: "failed with \(String(cString: jv_string_value(dumped)))")
    }

    /// Depth is bounded by the reader that made the value.
    private static func jqValue(_ value: JSONValue) -> jv {
        switch value {
        case .null: return jv_null()
        case .bool(let flag): return jv_bool(flag ? 1 : 0)
        case .number(let number): return jv_number(number)
        case .string(let text): return jqString(text)
        case .array(let elements):
            var array = jv_array_sized(Int32(clamping: elements.count))
            for element in elements { array = jv_array_append(array, jqValue(element)) }
            return array
        case .object(let members):
            var object = jv_object()
            for member in members { object = jv_object_set(object, jqString(member.key), jqValue(member.value)) }
            return object
        }
    }

    private static func jqString(_ text: String) -> jv {
        var text = text
        return text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { jv_string_sized($0.baseAddress, Int32(clamping: $0.count)) }
        }
    }

    private final class Complaints {
        var texts: [String] = []
    }
}

/// Reads a jq value with bounds; frees what it reads.
private struct JQOutput {
    private var values = 0

    mutating func read(_ value: jv, depth: Int) throws(JQMessage) -> JSONValue {
        defer { jv_free(value) }
        values += 1
        guard values <= JQExpressions.outputValuesMax else {
            throw JQMessage(text: "gave more than \(JQExpressions.outputValuesMax) values in one")
        }
        guard depth <= JQExpressions.outputDepthMax else {
            throw JQMessage(text: "gave a value nested deeper than \(JQExpressions.outputDepthMax)")
        }
        switch jv_get_kind(value) {
        case JV_KIND_NULL: return .null
        case JV_KIND_TRUE: return .bool(true)
        case JV_KIND_FALSE: return .bool(false)
        case JV_KIND_NUMBER:
            let number = jv_number_value(value)
            guard number.isFinite else { throw JQMessage(text: "gave \(number), which JSON does not have") }
            return .number(number)
        case JV_KIND_STRING: return .string(Self.text(value))
        case JV_KIND_ARRAY:
            var elements: [JSONValue] = []
            for index in 0..<jv_array_length(jv_copy(value)) {
                elements.append(try read(jv_array_get(jv_copy(value), index), depth: depth + 1))
            }
            return .array(elements)
        case JV_KIND_OBJECT:
            var members: [(String, JSONValue)] = []
            var position = jv_object_iter(value)
            while jv_object_iter_valid(value, position) != 0 {
                let key = jv_object_iter_key(value, position)
                let name = Self.text(key)
                jv_free(key)
                members.append((name, try read(jv_object_iter_value(value, position), depth: depth + 1)))
                position = jv_object_iter_next(value, position)
            }
            return .object(JSONObject(members))
        default: throw JQMessage(text: "gave something that is no JSON")
        }
    }

    private static func text(_ value: jv) -> String {
        let count = Int(jv_string_length_bytes(jv_copy(value)))
        return String(
            decoding: UnsafeRawBufferPointer(start: jv_string_value(value), count: count),
            as: UTF8.self
        )
    }
}
