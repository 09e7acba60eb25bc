internal import Orchestration

/// Members, arithmetic and comparison, as libjq has them.
extension JQEvaluator {
    /// How many bytes one step copies.
    static let bytesPerStep = 64

    /// A number that libjq would give out too.
    func sound(_ number: Double) throws(Stop) -> JSONValue {
        // It keeps a negative zero, and infinity until the end.
        guard number.isFinite, number != 0 || number.sign == .plus else { throw .undecided }
        return .number(number)
    }

    func member(of value: JSONValue, _ name: String) throws(Stop) -> JSONValue {
        switch value {
        case .null: return .null
        case .object(let members): return members[name] ?? .null
        case .bool, .number, .string, .array: throw .undecided
        }
    }

    func element(of value: JSONValue, _ key: JSONValue) throws(Stop) -> JSONValue {
        if let name = key.string { return try member(of: value, name) }
        guard let index = key.int else { throw .undecided }
        switch value {
        case .null: return .null
        case .array(let elements):
            let position = index < 0 ? elements.count + index : index
            return elements.indices.contains(position) ? elements[position] : .null
        case .bool, .number, .string, .object: throw .undecided
        }
    }

    mutating func slice(
        _ base: JQSyntax,
        _ from: JQSyntax?,
        _ to: JQSyntax?,
        _ input: JSONValue
    ) throws(Stop) -> JSONValue {
        let start = try from.map { syntax throws(Stop) in try single(syntax, input) } ?? 0
        let value = try single(base, input)
        if value.isNull { return .null }
        guard let elements = value.array else { throw .undecided }
        let end = try to.map { syntax throws(Stop) in try single(syntax, input) } ?? .int(elements.count)
        guard let first = start.int, let last = end.int else { throw .undecided }
        func position(_ index: Int) -> Int { min(elements.count, max(0, index < 0 ? elements.count + index : index)) }
        let (low, high) = (position(first), position(last))
        try spend(max(0, high - low))
        return .array(low < high ? Array(elements[low..<high]) : [])
    }

    mutating func combined(
        _ left: JSONValue,
        _ symbol: JQSyntax.Operator,
        _ right: JSONValue
    ) throws(Stop) -> JSONValue {
        switch (symbol, left, right) {
        case (.add, .null, let other), (.add, let other, .null): return other
        case (.add, .number(let a), .number(let b)): return try sound(a + b)
        case (.subtract, .number(let a), .number(let b)): return try sound(a - b)
        case (.multiply, .number(let a), .number(let b)): return try sound(a * b)
        case (.divide, .number(let a), .number(let b)) where b != 0: return try sound(a / b)
        case (.remainder, .number, .number):
            guard let a = left.int, let b = right.int, a >= 0, b > 0 else { throw .undecided }
            return .int(a % b)
        case (.add, .string(let a), .string(let b)):
            try spend((a.utf8.count + b.utf8.count) / Self.bytesPerStep)
            return .string(a + b)
        case (.add, .array(let a), .array(let b)):
            try spend(a.count + b.count)
            return .array(a + b)
        case (.add, .object(let a), .object(let b)):
            try spend(a.count + b.count)
            return .object(a.merging(b))
        case (.subtract, .array(let a), .array(let b)):
            try spend(a.count * b.count)
            var rest: [JSONValue] = []
            for element in a {
                var isKept = true
                for other in b where try order(element, other) == 0 { isKept = false }
                if isKept { rest.append(element) }
            }
            return .array(rest)
        default: throw .undecided
        }
    }

    mutating func holds(
        _ left: JSONValue,
        _ comparison: JQSyntax.Comparison,
        _ right: JSONValue
    ) throws(Stop) -> Bool {
        let order = try order(left, right)
        return switch comparison {
        case .equal: order == 0
        case .unequal: order != 0
        case .less: order < 0
        case .lessOrEqual: order <= 0
        case .greater: order > 0
        case .greaterOrEqual: order >= 0
        }
    }

    private func rank(_ value: JSONValue) -> Int {
        switch value {
        case .null: 0
        case .bool(false): 1
        case .bool(true): 2
        case .number: 3
        case .string: 4
        case .array: 5
        case .object: 6
        }
    }

    /// Negative, zero or positive: by kind, texts by their bytes, objects first by their keys.
    mutating func order(_ left: JSONValue, _ right: JSONValue) throws(Stop) -> Int {
        try spend(1)
        switch (left, right) {
        case (.number(let a), .number(let b)): return a < b ? -1 : a == b ? 0 : 1
        case (.string(let a), .string(let b)): return try order(a, b)
        case (.array(let a), .array(let b)):
            for (first, second) in zip(a, b) {
                let answer = try order(first, second)
                if answer != 0 { return answer }
            }
            return a.count - b.count
        case (.object(let a), .object(let b)):
            for (first, second) in zip(a.members, b.members) {
                let answer = try order(first.key, second.key)
                if answer != 0 { return answer }
            }
            if a.count != b.count { return a.count - b.count }
            for (first, second) in zip(a.members, b.members) {
                let answer = try order(first.value, second.value)
                if answer != 0 { return answer }
            }
            return 0
        default: return rank(left) - rank(right)
        }
    }

    private mutating func order(_ left: String, _ right: String) throws(Stop) -> Int {
        try spend(min(left.utf8.count, right.utf8.count) / Self.bytesPerStep)
        if left.utf8.elementsEqual(right.utf8) { return 0 }
        return left.utf8.lexicographicallyPrecedes(right.utf8) ? -1 : 1
    }

    mutating func object(
        _ members: [(key: JQSyntax, value: JQSyntax)],
        _ input: JSONValue
    ) throws(Stop) -> JSONValue {
        var object = JSONObject()
        for member in members {
            guard let key = try single(member.key, input).string else { throw .undecided }
            object[key] = try single(member.value, input)
        }
        return .object(object)
    }

    mutating func text(_ parts: [JQSyntax], _ input: JSONValue) throws(Stop) -> JSONValue {
        var text = ""
        for part in parts {
            let piece = try written(try single(part, input))
            try spend(piece.utf8.count / Self.bytesPerStep)
            text += piece
        }
        return .string(text)
    }

    /// As `tostring` has it.
    func written(_ value: JSONValue) throws(Stop) -> String {
        switch value {
        case .string(let text): return text
        case .null: return "null"
        case .bool(let bool): return bool ? "true" : "false"
        case .number:
            guard let integer = value.int else { throw .undecided }
            return String(integer)
        case .array, .object: throw .undecided
        }
    }
}
