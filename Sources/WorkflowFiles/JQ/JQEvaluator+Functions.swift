internal import Orchestration

/// Functions and assignments.
extension JQEvaluator {
    mutating func call(
        _ function: JQSyntax.Function,
        _ arguments: [JQSyntax],
        _ input: JSONValue
    ) throws(Stop) -> JSONValue {
        switch function {
        case .length: return try length(input)
        case .not: return .bool(input == .null || input == .bool(false))
        case .type: return .string(input.typeName)
        case .tostring: return .string(try written(input))
        case .tonumber:
            guard input.number != nil else { throw .undecided }
            return input
        case .keys:
            guard let members = input.object else { throw .undecided }
            try spend(members.count)
            return .array(members.keys.map { .string($0) })
        case .first: return try element(of: input, 0)
        case .last: return try element(of: input, -1)
        case .floor: return try sound(try number(input).rounded(.down))
        case .ceil: return try sound(try number(input).rounded(.up))
        case .round: return try sound(try number(input).rounded(.toNearestOrAwayFromZero))
        case .fabs: return try sound(try number(input).magnitude)
        case .add:
            var sum = JSONValue.null
            try eachElement(of: input) { (evaluator, element) throws(Stop) in
                sum = try evaluator.combined(sum, .add, element)
            }
            return sum
        case .min, .max, .sort, .unique: return try sorted(function, try elements(input))
        case .reverse: return .array(try elements(input).reversed())
        case .ascii_downcase: return .string(try text(input) { (65...90).contains($0) ? $0 + 32 : $0 })
        case .ascii_upcase: return .string(try text(input) { (97...122).contains($0) ? $0 - 32 : $0 })
        case .has: return try has(try single(arguments[0], input), input)
        case .startswith, .endswith, .ltrimstr, .rtrimstr:
            return try affix(function, try single(arguments[0], input), input)
        case .join: return try joined(try elements(input), by: try single(arguments[0], input))
        }
    }

    private func number(_ value: JSONValue) throws(Stop) -> Double {
        guard let number = value.number else { throw .undecided }
        return number
    }

    private mutating func elements(_ value: JSONValue) throws(Stop) -> [JSONValue] {
        guard let elements = value.array else { throw .undecided }
        try spend(elements.count)
        return elements
    }

    private mutating func length(_ value: JSONValue) throws(Stop) -> JSONValue {
        switch value {
        case .null: return 0
        case .bool: throw .undecided
        case .number(let number): return .number(number.magnitude)
        case .string(let text):
            try spend(text.utf8.count / Self.bytesPerStep)
            return .int(text.unicodeScalars.count)
        case .array(let elements): return .int(elements.count)
        case .object(let members): return .int(members.count)
        }
    }

    private mutating func sorted(_ function: JQSyntax.Function, _ elements: [JSONValue]) throws(Stop) -> JSONValue {
        // Sorting costs; what is more than a few is libjq's.
        guard elements.count <= Self.sortedMax else { throw .undecided }
        var ordered: [JSONValue] = []
        for element in elements {
            var (low, high) = (0, ordered.count)
            while low < high {
                let middle = (low + high) / 2
                if try order(ordered[middle], element) <= 0 { low = middle + 1 } else { high = middle }
            }
            if function == .unique, low > 0, try order(ordered[low - 1], element) == 0 { continue }
            ordered.insert(element, at: low)
        }
        return switch function {
        case .min: ordered.first ?? .null
        case .max: ordered.last ?? .null
        default: .array(ordered)
        }
    }

    /// The longest list that is sorted here.
    private static let sortedMax = 256

    private mutating func text(_ value: JSONValue, _ change: (UInt8) -> UInt8) throws(Stop) -> String {
        guard let text = value.string else { throw .undecided }
        try spend(text.utf8.count / Self.bytesPerStep)
        return String(decoding: text.utf8.map(change), as: UTF8.self)
    }

    private func has(_ key: JSONValue, _ value: JSONValue) throws(Stop) -> JSONValue {
        switch (value, key) {
        case (.object(let members), .string(let name)): return .bool(members[name] != nil)
        case (.array(let elements), .number):
            guard let index = key.int else { throw .undecided }
            return .bool(elements.indices.contains(index))
        default: throw .undecided
        }
    }

    private mutating func affix(
        _ function: JQSyntax.Function,
        _ affix: JSONValue,
        _ value: JSONValue
    ) throws(Stop) -> JSONValue {
        guard let text = value.string, let part = affix.string else { throw .undecided }
        try spend((text.utf8.count + part.utf8.count) / Self.bytesPerStep)
        switch function {
        case .startswith: return .bool(text.utf8.starts(with: part.utf8))
        case .endswith: return .bool(text.utf8.reversed().starts(with: part.utf8.reversed()))
        case .ltrimstr:
            guard text.utf8.starts(with: part.utf8) else { return value }
            return .string(String(decoding: text.utf8.dropFirst(part.utf8.count), as: UTF8.self))
        default:
            guard text.utf8.reversed().starts(with: part.utf8.reversed()) else { return value }
            return .string(String(decoding: text.utf8.dropLast(part.utf8.count), as: UTF8.self))
        }
    }

    private mutating func joined(_ elements: [JSONValue], by separator: JSONValue) throws(Stop) -> JSONValue {
        guard let separator = separator.string else { throw .undecided }
        var text = ""
        for (position, element) in elements.enumerated() {
            guard let piece = element.string else { throw .undecided }
            try spend((piece.utf8.count + separator.utf8.count) / Self.bytesPerStep)
            text += position == 0 ? piece : separator + piece
        }
        return .string(text)
    }

    mutating func mapValues(_ inner: JQSyntax, _ input: JSONValue) throws(Stop) -> JSONValue {
        switch input {
        case .array(let elements):
            var changed: [JSONValue] = []
            for element in elements { changed.append(try single(inner, element)) }
            return .array(changed)
        case .object(var members):
            for member in members { members[member.key] = try single(inner, member.value) }
            return .object(members)
        case .null, .bool, .number, .string: throw .undecided
        }
    }

    // MARK: Assignments

    /// What stands at the path afterwards.
    mutating func change(
        _ syntax: JQSyntax,
        _ assignment: JQSyntax.Assignment,
        _ input: JSONValue
    ) throws(Stop) -> (inout JQEvaluator, JSONValue) throws(Stop) -> JSONValue {
        switch assignment {
        case .update: return { (evaluator, old) throws(Stop) in try evaluator.single(syntax, old) }
        case .set:
            let value = try single(syntax, input)
            return { (_, _) throws(Stop) in value }
        case .arithmetic(let symbol):
            let value = try single(syntax, input)
            return { (evaluator, old) throws(Stop) in try evaluator.combined(old, symbol, value) }
        }
    }

    mutating func assign(
        _ target: JSONValue,
        _ path: ArraySlice<String>,
        _ change: (inout JQEvaluator, JSONValue) throws(Stop) -> JSONValue
    ) throws(Stop) -> JSONValue {
        guard let key = path.first else { return try change(&self, target) }
        guard target.isNull || target.object != nil else { throw .undecided }
        var members = target.object ?? [:]
        try spend(members.count)
        members[key] = try assign(members[key] ?? .null, path.dropFirst(), change)
        return .object(members)
    }

    mutating func deleting(_ target: JSONValue, _ path: ArraySlice<String>) throws(Stop) -> JSONValue {
        guard let key = path.first else { return target }
        if target.isNull { return .null }
        guard var members = target.object else { throw .undecided }
        try spend(members.count)
        if path.count == 1 {
            members[key] = nil
        } else if let inner = members[key] {
            members[key] = try deleting(inner, path.dropFirst())
        }
        return .object(members)
    }
}
