internal import CJq
internal import Orchestration

/// Our values and libjq's, converted directly: a number stays the very same double.
enum JQValue {
    struct Refused: Error { var reason: String }

    /// A new reference that the caller (or a libjq call) frees.
    static func make(_ value: JSONValue) -> jv {
        switch value {
        case .null: return jv_null()
        case .bool(let bool): return bool ? jv_true() : jv_false()
        case .number(let number): return jv_number(number)
        case .string(let text): return string(text)
        case .array(let elements):
            var array = jv_array()
            for element in elements { array = jv_array_append(array, make(element)) }
            return array
        case .object(let members):
            var object = jv_object()
            for member in members { object = jv_object_set(object, string(member.key), make(member.value)) }
            return object
        }
    }

    private static func string(_ text: String) -> jv {
        var text = text
        return text.withUTF8 { bytes in
            bytes.withMemoryRebound(to: CChar.self) { chars in
                chars.baseAddress.map { jv_string_sized($0, Int32(clamping: chars.count)) } ?? jv_string_empty(0)
            }
        }
    }

    /// Frees `value`.
    static func read(_ value: jv) throws(Refused) -> JSONValue {
        var reader = Reader()
        defer { jv_free(value) }
        return try reader.value(value, depth: 1)
    }

    /// Frees `value`; its text, or its JSON text when it is no string.
    static func text(_ value: jv) -> String {
        let string = jv_get_kind(value) == JV_KIND_STRING ? value : jv_dump_string(value, 0)
        defer { jv_free(string) }
        return text(of: string)
    }

    private static func text(of string: jv) -> String {
        let count = Int(jv_string_length_bytes(jv_copy(string)))
        guard let start = jv_string_value(string), count > 0 else { return "" }
        return start.withMemoryRebound(to: UInt8.self, capacity: count) { bytes in
            String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self)
        }
    }

    private struct Reader {
        var allowance = JQLimits.Allowance()

        /// Leaves the reference to `value` with the caller.
        mutating func value(_ value: jv, depth: Int) throws(Refused) -> JSONValue {
            if let refusal = allowance.takeNode(depth: depth) { throw Refused(reason: refusal) }
            switch jv_get_kind(value) {
            case JV_KIND_NULL: return .null
            case JV_KIND_FALSE: return .bool(false)
            case JV_KIND_TRUE: return .bool(true)
            case JV_KIND_NUMBER:
                let number = jv_number_value(value)
                guard number.isFinite else { throw Refused(reason: "the value has a number that is not finite") }
                return .number(number == 0 ? 0 : number)
            case JV_KIND_STRING: return .string(try string(value))
            case JV_KIND_ARRAY:
                var elements: [JSONValue] = []
                for index in 0..<max(0, jv_array_length(jv_copy(value))) {
                    let element = jv_array_get(jv_copy(value), index)
                    defer { jv_free(element) }
                    elements.append(try self.value(element, depth: depth + 1))
                }
                return .array(elements)
            case JV_KIND_OBJECT:
                var members = JSONObject()
                var position = jv_object_iter(value)
                while jv_object_iter_valid(value, position) != 0 {
                    let key = jv_object_iter_key(value, position)
                    defer { jv_free(key) }
                    let member = jv_object_iter_value(value, position)
                    defer { jv_free(member) }
                    members[try string(key)] = try self.value(member, depth: depth + 1)
                    position = jv_object_iter_next(value, position)
                }
                return .object(members)
            default: throw Refused(reason: "there is no value")
            }
        }

        private mutating func string(_ value: jv) throws(Refused) -> String {
            let text = JQValue.text(of: value)
            if let refusal = allowance.take(text) { throw Refused(reason: refusal) }
            guard !text.utf8.contains(0) else { throw Refused(reason: "the value has a text with the character NUL") }
            return text
        }
    }
}
