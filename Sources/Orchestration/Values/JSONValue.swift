/// A JSON value.
///
/// Objects are kept sorted by key (as UTF-8 bytes), so equal values have one text and one order everywhere.
/// Numbers are IEEE doubles: the strict reader refuses integers beyond ±(2^53 − 1), so none is ever rounded.
package enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

extension JSONValue {
    package static func int(_ value: Int) -> JSONValue { .number(Double(value)) }

    package var object: JSONObject? { if case .object(let value) = self { value } else { nil } }
    package var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    package var string: String? { if case .string(let value) = self { value } else { nil } }
    package var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    package var number: Double? { if case .number(let value) = self { value } else { nil } }
    /// The number if it is an integer within ±(2^53 − 1).
    package var int: Int? {
        guard case .number(let value) = self, value.rounded() == value, abs(value) <= 9_007_199_254_740_991
        else { return nil }
        return Int(value)
    }
    package var isNull: Bool { self == .null }

    /// The member of an object; `null` where there is none or the value is no object.
    package subscript(key: String) -> JSONValue { object?[key] ?? .null }

    /// The word JSON Schema has for the value's type.
    package var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

/// The members of a JSON object, sorted by key.
package struct JSONObject: Hashable, Sendable, Sequence, ExpressibleByDictionaryLiteral {
    package struct Member: Hashable, Sendable {
        package let key: String
        package var value: JSONValue
    }

    package private(set) var members: [Member]

    package init() { members = [] }

    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init()
        for (key, value) in elements { self[key] = value }
    }

    /// Members in any order; of two with one key the later wins.
    package init(_ pairs: some Sequence<(String, JSONValue)>) {
        self.init()
        for (key, value) in pairs { self[key] = value }
    }

    /// Takes members as they are: the caller has sorted them by key (as UTF-8 bytes), and no key occurs twice.
    ///
    /// For the reader, which would otherwise shift half of a large object with every member it adds.
    init(alreadySorted members: [Member]) { self.members = members }

    package var count: Int { members.count }
    package var isEmpty: Bool { members.isEmpty }
    package var keys: [String] { members.map(\.key) }

    package func makeIterator() -> IndexingIterator<[Member]> { members.makeIterator() }

    package subscript(key: String) -> JSONValue? {
        get {
            let index = position(of: key)
            guard index < members.count, members[index].key.hasBytes(of: key) else { return nil }
            return members[index].value
        }
        set {
            let index = position(of: key)
            let exists = index < members.count && members[index].key.hasBytes(of: key)
            if let newValue {
                if exists {
                    members[index].value = newValue
                } else {
                    members.insert(Member(key: key, value: newValue), at: index)
                }
            } else if exists {
                members.remove(at: index)
            }
        }
    }

    /// This object with the members of `other` on top.
    package func merging(_ other: JSONObject) -> JSONObject {
        var merged = self
        for member in other { merged[member.key] = member.value }
        return merged
    }

    /// The place of the key, or where it would stand.
    private func position(of key: String) -> Int {
        // Members mostly come in order; then the search is over at once.
        guard let last = members.last, !last.key.precedesInBytes(key) else { return members.count }
        var low = 0
        var high = members.count
        while low < high {
            let middle = (low + high) / 2
            if members[middle].key.precedesInBytes(key) { low = middle + 1 } else { high = middle }
        }
        return low
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int) { self = .number(Double(value)) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
    package init(nilLiteral: ()) { self = .null }
    package init(_ value: String?) { self = value.map { .string($0) } ?? .null }
    package init(_ value: Instant?) { self = value.map { .string($0.description) } ?? .null }
    package init<Kind>(_ value: Identifier<Kind>?) { self = value.map { .string($0.description) } ?? .null }
}

extension String {
    /// Whether both texts are the same bytes; `==` would also take two spellings of one character for the same.
    func hasBytes(of other: String) -> Bool {
        let answer = utf8.withContiguousStorageIfAvailable { mine in
            other.utf8.withContiguousStorageIfAvailable { others in
                guard mine.count == others.count else { return false }
                for index in 0..<mine.count where mine[index] != others[index] { return false }
                return true
            }
        }
        return (answer ?? nil) ?? utf8.elementsEqual(other.utf8)
    }

    /// Whether the text's UTF-8 bytes come before the other's; what `utf8.lexicographicallyPrecedes` says, but faster.
    func precedesInBytes(_ other: String) -> Bool {
        let answer = utf8.withContiguousStorageIfAvailable { mine in
            other.utf8.withContiguousStorageIfAvailable { others in
                for index in 0..<min(mine.count, others.count) where mine[index] != others[index] {
                    return mine[index] < others[index]
                }
                return mine.count < others.count
            }
        }
        return (answer ?? nil) ?? utf8.lexicographicallyPrecedes(other.utf8)
    }
}
