internal import Orchestration

/// Evaluates programs of the simple kind, counting what they do.
///
/// Whatever it is not sure to answer as libjq does (an error's text, the order of an object's members, numbers
/// written as texts) is `undecided`: then libjq is asked, over the same input.
struct JQEvaluator {
    /// What one evaluation may cost: a step each for what is evaluated, and for what is copied.
    static let stepsMax = 2_000_000

    enum Stop: Error {
        /// libjq has to say.
        case undecided
        case exhausted
    }

    private var slots: [JSONValue]
    private var steps = 0

    /// The single value of the program.
    static func value(of syntax: JQSyntax, slots: Int, on input: JSONValue) throws(Stop) -> JSONValue {
        var evaluator = JQEvaluator(slots: slots == 0 ? [] : Array(repeating: .null, count: slots))
        if syntax.isSingle { return try evaluator.single(syntax, input) }
        var found: JSONValue?
        try evaluator.each(syntax, input) { (_, value) throws(Stop) in
            // No value, or a second one, is an error.
            guard found == nil else { throw .undecided }
            found = value
        }
        guard let found else { throw .undecided }
        return found
    }

    private init(slots: [JSONValue]) { self.slots = slots }

    mutating func spend(_ cost: Int) throws(Stop) {
        steps += cost
        if steps > Self.stepsMax { throw .exhausted }
    }

    typealias Receiver = (inout JQEvaluator, JSONValue) throws(Stop) -> Void

    /// The one value of a program that is single.
    mutating func single(_ syntax: JQSyntax, _ input: JSONValue) throws(Stop) -> JSONValue {
        try spend(1)
        switch syntax {
        case .identity: return input
        case .constant(let value): return value
        case .variable(let slot): return slots[slot]
        case .field(let base, let name, _): return try member(of: try single(base, input), name)
        case .index(let base, let key, _):
            let key = try single(key, input)
            return try element(of: try single(base, input), key)
        case .slice(let base, let from, let to): return try slice(base, from, to, input)
        case .pipe(let first, let second): return try single(second, try single(first, input))
        case .and(let left, let right):
            return .bool(try isTrue(left, input) ? try isTrue(right, input) : false)
        case .or(let left, let right): return .bool(try isTrue(left, input) ? true : try isTrue(right, input))
        case .negated(let inner):
            guard let number = try single(inner, input).number else { throw .undecided }
            return try sound(-number)
        case .arithmetic(let left, let symbol, let right):
            let right = try single(right, input)
            return try combined(try single(left, input), symbol, right)
        case .comparison(let left, let comparison, let right):
            let right = try single(right, input)
            return .bool(try holds(try single(left, input), comparison, right))
        case .condition(let test, let then, let otherwise):
            return try single(try isTrue(test, input) ? then : otherwise, input)
        case .binding(let source, let slot, let body):
            slots[slot] = try single(source, input)
            return try single(body, input)
        case .alternative(let first, let other):
            let value = try single(first, input)
            if value != .null, value != .bool(false) { return value }
            return try single(other, input)
        case .object(let members): return try object(members, input)
        case .text(let parts): return try text(parts, input)
        case .assignment(let path, let value, let assignment):
            return try assign(input, path[...], try change(value, assignment, input))
        case .deletion(let path): return try deleting(input, path[...])
        case .call(let function, let arguments): return try call(function, arguments, input)
        case .list(let inner):
            var elements: [JSONValue] = []
            try each(inner, input) { (_, value) throws(Stop) in elements.append(value) }
            return .array(elements)
        case .map(let inner):
            var elements: [JSONValue] = []
            try eachElement(of: input) { (evaluator, element) throws(Stop) in
                try evaluator.each(inner, element) { (_, value) throws(Stop) in elements.append(value) }
            }
            return .array(elements)
        case .mapValues(let inner): return try mapValues(inner, input)
        case .quantifier(let inner, let isAny):
            var answer = !isAny
            try each(inner, input) { (_, value) throws(Stop) in
                let isTrue = value != .null && value != .bool(false)
                answer = isAny ? answer || isTrue : answer && isTrue
            }
            return .bool(answer)
        case .reduce(let source, let slot, let initial, let update):
            var result = try single(initial, input)
            try each(source, input) { (evaluator, value) throws(Stop) in
                evaluator.slots[slot] = value
                result = try evaluator.single(update, result)
            }
            return result
        case .iterate, .comma, .attempt, .select, .empty, .range: throw .undecided
        }
    }

    /// All values of a program, one after another.
    mutating func each(_ syntax: JQSyntax, _ input: JSONValue, _ receive: Receiver) throws(Stop) {
        if syntax.isSingle { return try receive(&self, try single(syntax, input)) }
        try spend(1)
        switch syntax {
        case .pipe(let first, let second):
            try each(first, input) { (evaluator, value) throws(Stop) in try evaluator.each(second, value, receive) }
        case .comma(let first, let second):
            try each(first, input, receive)
            try each(second, input, receive)
        case .iterate(let base, let isOptional):
            try each(base, input) { (evaluator, value) throws(Stop) in
                if isOptional, value.array == nil, value.object == nil { return }
                try evaluator.eachElement(of: value, receive)
            }
        case .field(let base, let name, let isOptional):
            try each(base, input) { (evaluator, value) throws(Stop) in
                if isOptional, value.object == nil, !value.isNull { return }
                try receive(&evaluator, try evaluator.member(of: value, name))
            }
        case .index(let base, let key, let isOptional):
            let key = try single(key, input)
            try each(base, input) { (evaluator, value) throws(Stop) in
                if isOptional, value.object == nil || key.string == nil { throw .undecided }
                try receive(&evaluator, try evaluator.element(of: value, key))
            }
        case .select(let test): if try isTrue(test, input) { try receive(&self, input) }
        case .empty: break
        case .condition(let test, let then, let otherwise):
            try each(try isTrue(test, input) ? then : otherwise, input, receive)
        case .binding(let source, let slot, let body):
            try each(source, input) { (evaluator, value) throws(Stop) in
                evaluator.slots[slot] = value
                try evaluator.each(body, input, receive)
            }
        case .alternative(let first, let other):
            let value = try single(first, input)
            if value != .null, value != .bool(false) {
                return try receive(&self, value)
            }
            try each(other, input, receive)
        case .attempt(let inner):
            guard inner.isSingle else { throw .undecided }
            if let value = try attempt(inner, input) { try receive(&self, value) }
        case .range(let from, let to):
            let to = try single(to, input)
            guard let start = try single(from, input).number, let end = to.number else { throw .undecided }
            var number = start
            while number < end {
                try spend(1)
                try receive(&self, try sound(number))
                number += 1
            }
        default: throw .undecided
        }
    }

    /// The value, or nil if the program certainly fails: so far only where a member of a scalar is asked for.
    private mutating func attempt(_ syntax: JQSyntax, _ input: JSONValue) throws(Stop) -> JSONValue? {
        guard case .field(let base, let name, _) = syntax else { return try single(syntax, input) }
        try spend(1)
        guard let value = try attempt(base, input) else { return nil }
        switch value {
        case .bool, .number, .string: return nil
        case .array: throw .undecided
        case .null, .object: return try member(of: value, name)
        }
    }

    mutating func isTrue(_ syntax: JQSyntax, _ input: JSONValue) throws(Stop) -> Bool {
        switch try single(syntax, input) {
        case .null, .bool(false): false
        case .bool, .number, .string, .array, .object: true
        }
    }

    mutating func eachElement(of value: JSONValue, _ receive: Receiver) throws(Stop) {
        switch value {
        case .array(let elements):
            for element in elements {
                try spend(1)
                try receive(&self, element)
            }
        // Of several members libjq's order is the one in which they were added.
        case .object(let members) where members.count < 2:
            for member in members { try receive(&self, member.value) }
        case .null, .bool, .number, .string, .object: throw .undecided
        }
    }
}
