/// One value being held against a schema.
struct SchemaValidation {
    let rules: [JSONSchema.Rules]
    private var faults: [JSONSchema.Fault] = []
    private var steps = 0
    private var depth = 0
    /// Above zero inside `anyOf`, `oneOf` and `not`, where only the outcome counts.
    private var trials = 0
    private var hasFailed = false

    init(rules: [JSONSchema.Rules]) { self.rules = rules }

    mutating func faults(of value: JSONValue) -> [JSONSchema.Fault] {
        check(value, 0, at: "")
        if steps > JSONSchema.stepsMax {
            return [JSONSchema.Fault("", "takes more than \(JSONSchema.stepsMax) steps to check, or is too deep")]
        }
        guard faults.count > JSONSchema.faultsMax else { return faults }
        return faults.prefix(JSONSchema.faultsMax) + [JSONSchema.Fault("", "has more faults than are listed here")]
    }

    /// Nothing more needs to be looked at: too many steps or faults, or a trial that has failed already.
    private var isOver: Bool {
        steps > JSONSchema.stepsMax || (trials > 0 ? hasFailed : faults.count > JSONSchema.faultsMax)
    }

    private mutating func fault(_ place: String, _ message: @autoclosure () -> String) {
        if trials > 0 {
            hasFailed = true
        } else if faults.count <= JSONSchema.faultsMax {
            faults.append(JSONSchema.Fault(place, message()))
        }
    }

    /// Whether the value fits, without a word about why not.
    private mutating func fits(_ value: JSONValue, _ index: JSONSchema.Index, at place: String) -> Bool {
        let before = hasFailed
        hasFailed = false
        trials += 1
        check(value, index, at: place)
        trials -= 1
        let result = !hasFailed
        hasFailed = before
        return result
    }

    private mutating func check(_ value: JSONValue, _ index: JSONSchema.Index, at place: String) {
        steps += 1
        depth += 1
        defer { depth -= 1 }
        // Values and references deeper than any honest ones would use up the stack.
        if depth > Self.depthMax { steps = JSONSchema.stepsMax + 1 }
        guard !isOver, rules.indices.contains(index) else { return }
        let rules = rules[index]
        if rules.refusesAll { return fault(place, "is not allowed here") }
        if !rules.types.isEmpty, !rules.types.contains(where: { Self.isOf($0, value) }) {
            // What the other rules would say of a wrong type only repeats this.
            return fault(place, "must be \(rules.types.joined(separator: " or ")), not \(value.typeName)")
        }
        if let wanted = rules.constant, wanted != value { fault(place, "must be \(Self.shown([wanted]))") }
        if let wanted = rules.enumeration, !wanted.contains(value) {
            fault(place, "must be one of \(Self.shown(wanted))")
        }
        switch value {
        case .null, .bool: break
        case .number(let number): check(number, rules, at: place)
        case .string(let text): check(text, rules, at: place)
        case .array(let elements): check(elements, rules, at: place)
        case .object(let members): check(members, rules, at: place)
        }
        if let reference = rules.reference { check(value, reference, at: place) }
        for inner in rules.allOf { check(value, inner, at: place) }
        checkAlternatives(value, rules, at: place)
    }

    private mutating func checkAlternatives(_ value: JSONValue, _ rules: JSONSchema.Rules, at place: String) {
        if !rules.anyOf.isEmpty {
            var isFitting = false
            for inner in rules.anyOf where !isFitting { isFitting = fits(value, inner, at: place) }
            if !isFitting { fault(place, "fits none of the \(rules.anyOf.count) schemas of anyOf") }
        }
        if !rules.oneOf.isEmpty {
            var fitting = 0
            for inner in rules.oneOf where fits(value, inner, at: place) { fitting += 1 }
            if fitting != 1 { fault(place, "fits \(fitting) of the \(rules.oneOf.count) schemas of oneOf, not one") }
        }
        if let condition = rules.condition {
            let inner = fits(value, condition, at: place) ? rules.then : rules.otherwise
            if let inner { check(value, inner, at: place) }
        }
        if let inner = rules.not, fits(value, inner, at: place) { fault(place, "fits the schema of not") }
    }

    private mutating func check(_ number: Double, _ rules: JSONSchema.Rules, at place: String) {
        if let limit = rules.minimum, number < limit { fault(place, "must be at least \(Self.shown(limit))") }
        if let limit = rules.maximum, number > limit { fault(place, "must be at most \(Self.shown(limit))") }
        if let limit = rules.exclusiveMinimum, number <= limit {
            fault(place, "must be greater than \(Self.shown(limit))")
        }
        if let limit = rules.exclusiveMaximum, number >= limit {
            fault(place, "must be less than \(Self.shown(limit))")
        }
        if let divisor = rules.multipleOf, !Self.isMultiple(number, of: divisor) {
            fault(place, "must be a multiple of \(Self.shown(divisor))")
        }
    }

    private mutating func check(_ text: String, _ rules: JSONSchema.Rules, at place: String) {
        check(text.unicodeScalars.count, rules.length, "code points", at: place)
        if let format = rules.format, !format.fits(text) { fault(place, "must be a \(format.rawValue)") }
        guard let pattern = rules.pattern else { return }
        switch pattern.matches(text) {
        case true?: break
        case false?: fault(place, "does not match the pattern")
        case nil: fault(place, "takes too long to hold against the pattern")
        }
    }

    private mutating func check(_ elements: [JSONValue], _ rules: JSONSchema.Rules, at place: String) {
        check(elements.count, rules.itemCount, "items", at: place)
        if rules.uniqueItems, Set(elements).count != elements.count { fault(place, "must not have an item twice") }
        for (number, element) in elements.enumerated() {
            guard !isOver else { return }
            let schema = number < rules.prefixItems.count ? rules.prefixItems[number] : rules.items
            guard let schema else { continue }
            check(element, schema, at: JSONPointer.appending("\(number)", to: place))
        }
        guard let wanted = rules.contains else { return }
        var found = 0
        for element in elements where !isOver && fits(element, wanted, at: place) { found += 1 }
        let least = rules.containsCount.min ?? 1
        if found < least { fault(place, "must contain at least \(least) items of a kind, not \(found)") }
        if let most = rules.containsCount.max, found > most {
            fault(place, "must contain at most \(most) items of a kind, not \(found)")
        }
    }

    private mutating func check(_ members: JSONObject, _ rules: JSONSchema.Rules, at place: String) {
        check(members.count, rules.propertyCount, "properties", at: place)
        for name in rules.required {
            if case .none = members[name] { fault(JSONPointer.appending(name, to: place), "is missing") }
        }
        for member in members {
            guard !isOver else { return }
            let inner = JSONPointer.appending(member.key, to: place)
            var schemas = rules.patternProperties.filter { $0.pattern.matches(member.key) != false }.map(\.schema)
            if let own = rules.properties[member.key] { schemas.append(own) }
            if schemas.isEmpty, let other = rules.additionalProperties { schemas = [other] }
            for schema in schemas { check(member.value, schema, at: inner) }
        }
    }

    private mutating func check(_ count: Int, _ bounds: JSONSchema.Bounds, _ unit: String, at place: String) {
        if let min = bounds.min, count < min { fault(place, "must have at least \(min) \(unit), not \(count)") }
        if let max = bounds.max, count > max { fault(place, "must have at most \(max) \(unit), not \(count)") }
    }

    /// How deep values and references may stand inside one another.
    private static let depthMax = 400

    private static func isOf(_ type: String, _ value: JSONValue) -> Bool {
        guard type == "integer" else { return value.typeName == type }
        guard let number = value.number else { return false }
        return number.rounded() == number
    }

    /// Exact for integers; a quotient of fractions may be off by what doubles cannot say (0.3 is a multiple of 0.1).
    private static func isMultiple(_ number: Double, of divisor: Double) -> Bool {
        if number.truncatingRemainder(dividingBy: divisor) == 0 { return true }
        guard number.rounded() != number || divisor.rounded() != divisor else { return false }
        let quotient = number / divisor
        return quotient.isFinite && abs(quotient - quotient.rounded()) <= 4 * quotient.ulp
    }

    /// The longest text of a schema's value that a message repeats, in characters.
    private static let shownMax = 200

    private static func shown(_ number: Double) -> String { JSONValue.number(number).text }

    private static func shown(_ values: [JSONValue]) -> String {
        let text = values.map(\.text).joined(separator: ", ")
        return text.count > shownMax ? text.prefix(shownMax) + "…" : text
    }
}
