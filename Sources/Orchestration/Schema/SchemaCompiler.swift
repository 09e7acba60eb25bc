/// Turns a schema document into rules, and finds what is wrong with it.
struct SchemaCompiler {
    private var rules: [JSONSchema.Rules] = []
    private var places: [String] = []
    private var faults: [JSONSchema.Fault] = []
    private var definitions: [String: JSONSchema.Index] = [:]
    private var references: [(from: JSONSchema.Index, name: String?, place: String)] = []

    /// The dialect that `$schema` may name.
    private static let dialect = "https://json-schema.org/draft/2020-12/schema"
    /// Keywords that judge nothing.
    private static let notes: Set<String> = [
        "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$comment",
    ]
    private static let types = ["null", "boolean", "number", "integer", "string", "array", "object"]

    mutating func compile(_ document: JSONValue) -> Result<JSONSchema, JSONSchema.Faults> {
        _ = add(document, at: "", depth: 0)
        resolve()
        if faults.isEmpty { refuseLoops() }
        if !faults.isEmpty { return .failure(JSONSchema.Faults(all: Array(faults.prefix(JSONSchema.faultsMax)))) }
        return .success(JSONSchema(rules: rules))
    }

    private mutating func fault(_ place: String, _ message: String) {
        faults.append(JSONSchema.Fault(place, message))
    }

    private mutating func add(_ document: JSONValue, at place: String, depth: Int) -> JSONSchema.Index {
        let index = rules.count
        guard index < JSONSchema.subschemasMax, depth <= JSONSchema.depthMax else {
            fault(place, "is one schema too many: at most \(JSONSchema.subschemasMax), \(JSONSchema.depthMax) deep")
            return 0
        }
        rules.append(JSONSchema.Rules())
        places.append(place)
        switch document {
        case .bool(let takesAll): rules[index].refusesAll = !takesAll
        case .object(let members):
            var own = JSONSchema.Rules()
            for member in members {
                let inner = JSONPointer.appending(member.key, to: place)
                read(member.key, member.value, at: inner, into: &own, of: index, depth: depth)
            }
            rules[index] = own
            checkPairs(members, at: place)
        case .null, .number, .string, .array:
            fault(place, "must be an object, true or false, not \(document.typeName)")
        }
        return index
    }

    private mutating func read(
        _ keyword: String,
        _ value: JSONValue,
        at place: String,
        into own: inout JSONSchema.Rules,
        of index: JSONSchema.Index,
        depth: Int
    ) {
        switch keyword {
        case "type": own.types = types(value, at: place)
        case "enum":
            own.enumeration = value.array
            if value.array?.isEmpty ?? true { fault(place, "must be a list of values") }
        case "const": own.constant = value
        case "properties":
            for (name, schema) in schemas(value, at: place, depth: depth) { own.properties[name] = schema }
        case "required": own.required = names(value, at: place)
        case "patternProperties":
            for (name, schema) in schemas(value, at: place, depth: depth) {
                guard let pattern = pattern(name, at: JSONPointer.appending(name, to: place)) else { continue }
                own.patternProperties.append(JSONSchema.PatternRule(pattern: pattern, schema: schema))
            }
        case "additionalProperties": own.additionalProperties = add(value, at: place, depth: depth + 1)
        case "minProperties": own.propertyCount.min = count(value, at: place)
        case "maxProperties": own.propertyCount.max = count(value, at: place)
        case "items": own.items = add(value, at: place, depth: depth + 1)
        case "prefixItems": own.prefixItems = list(value, at: place, depth: depth)
        case "minItems": own.itemCount.min = count(value, at: place)
        case "maxItems": own.itemCount.max = count(value, at: place)
        case "uniqueItems":
            own.uniqueItems = value.bool ?? false
            if value.bool == nil { fault(place, "must be true or false") }
        case "contains": own.contains = add(value, at: place, depth: depth + 1)
        case "minContains": own.containsCount.min = count(value, at: place)
        case "maxContains": own.containsCount.max = count(value, at: place)
        case "pattern":
            if let text = value.string {
                own.pattern = pattern(text, at: place)
            } else {
                fault(place, "must be a text")
            }
        case "format":
            own.format = value.string.flatMap { SchemaFormat(rawValue: $0) }
            if own.format == nil {
                let known = SchemaFormat.allCases.map(\.rawValue).joined(separator: ", ")
                fault(place, "must be one of \(known); no other format is checked")
            }
        case "minLength": own.length.min = count(value, at: place)
        case "maxLength": own.length.max = count(value, at: place)
        case "minimum": own.minimum = number(value, at: place)
        case "maximum": own.maximum = number(value, at: place)
        case "exclusiveMinimum": own.exclusiveMinimum = number(value, at: place)
        case "exclusiveMaximum": own.exclusiveMaximum = number(value, at: place)
        case "multipleOf":
            own.multipleOf = number(value, at: place)
            if let divisor = own.multipleOf, divisor <= 0 { fault(place, "must be greater than 0") }
        case "allOf": own.allOf = list(value, at: place, depth: depth)
        case "anyOf": own.anyOf = list(value, at: place, depth: depth)
        case "oneOf": own.oneOf = list(value, at: place, depth: depth)
        case "not": own.not = add(value, at: place, depth: depth + 1)
        case "if": own.condition = add(value, at: place, depth: depth + 1)
        case "then": own.then = add(value, at: place, depth: depth + 1)
        case "else": own.otherwise = add(value, at: place, depth: depth + 1)
        case "$ref": refer(value, from: index, at: place)
        case "$defs":
            if index != 0 { fault(place, "must stand at the top of the schema") }
            for (name, schema) in schemas(value, at: place, depth: depth) { definitions[name] = schema }
        case "$schema":
            if value.string != Self.dialect { fault(place, "must be \(Self.dialect)") }
        default:
            if !Self.notes.contains(keyword) { fault(place, "is a keyword that is not supported") }
        }
    }

    /// Refuses keywords that say nothing without another one.
    private mutating func checkPairs(_ members: JSONObject, at place: String) {
        for (keyword, other) in [
            ("then", "if"), ("else", "if"), ("minContains", "contains"), ("maxContains", "contains"),
        ]
        where members.keys.contains(keyword) && !members.keys.contains(other) {
            fault(JSONPointer.appending(keyword, to: place), "says nothing without `\(other)`")
        }
    }

    // MARK: Values of keywords

    private mutating func pattern(_ text: String, at place: String) -> SchemaPattern? {
        do {
            return try SchemaPattern(text)
        } catch {
            fault(place, "is a pattern that \(error.message)")
            return nil
        }
    }

    private mutating func types(_ value: JSONValue, at place: String) -> [String] {
        let names = value.array?.map { $0.string ?? "" } ?? [value.string ?? ""]
        if names.isEmpty || !names.allSatisfy(Self.types.contains) {
            fault(place, "must be one of \(Self.types.joined(separator: ", ")), or a list of them")
        }
        return names
    }

    private mutating func names(_ value: JSONValue, at place: String) -> [String] {
        let names = (value.array ?? []).compactMap(\.string)
        if names.count != value.array?.count { fault(place, "must be a list of names") }
        return names
    }

    private mutating func count(_ value: JSONValue, at place: String) -> Int? {
        guard let number = value.int, number >= 0 else {
            fault(place, "must be an integer from 0")
            return nil
        }
        return number
    }

    private mutating func number(_ value: JSONValue, at place: String) -> Double? {
        if value.number == nil { fault(place, "must be a number") }
        return value.number
    }

    private mutating func schemas(
        _ value: JSONValue,
        at place: String,
        depth: Int
    ) -> [(String, JSONSchema.Index)] {
        guard let members = value.object else {
            fault(place, "must be an object of schemas")
            return []
        }
        var found: [(String, JSONSchema.Index)] = []
        for member in members {
            let inner = JSONPointer.appending(member.key, to: place)
            found.append((member.key, add(member.value, at: inner, depth: depth + 1)))
        }
        return found
    }

    private mutating func list(_ value: JSONValue, at place: String, depth: Int) -> [JSONSchema.Index] {
        guard let elements = value.array, !elements.isEmpty else {
            fault(place, "must be a list of schemas")
            return []
        }
        var found: [JSONSchema.Index] = []
        for (number, element) in elements.enumerated() {
            found.append(add(element, at: JSONPointer.appending("\(number)", to: place), depth: depth + 1))
        }
        return found
    }

    // MARK: References

    private mutating func refer(_ value: JSONValue, from index: JSONSchema.Index, at place: String) {
        guard let text = value.string else { return fault(place, "must be a text") }
        let components = text.pointerComponents
        if text == "#" {
            references.append((index, nil, place))
        } else if text.hasPrefix("#/$defs/"), components.count == 2 {
            references.append((index, components[1], place))
        } else {
            fault(place, "must be # or #/$defs/NAME; schemas elsewhere are not fetched")
        }
    }

    private mutating func resolve() {
        for reference in references {
            guard let name = reference.name else {
                rules[reference.from].reference = 0
                continue
            }
            if let target = definitions[name] {
                rules[reference.from].reference = target
            } else {
                fault(reference.place, "names `\(PrintableText.of(name))`, which $defs does not have")
            }
        }
    }

    /// Refuses schemas that judge a value by themselves without going into it: that never ends.
    private mutating func refuseLoops() {
        // 1: on the way down; 2: known to end.
        var marks = Array(repeating: 0, count: rules.count)
        for start in rules.indices where marks[start] == 0 {
            var path: [(index: JSONSchema.Index, next: Int)] = [(start, 0)]
            marks[start] = 1
            while let (index, next) = path.last {
                let inner = rules[index].inPlace
                guard next < inner.count else {
                    marks[index] = 2
                    path.removeLast()
                    continue
                }
                path[path.count - 1].next += 1
                let target = inner[next]
                if marks[target] == 1 { return fault(places[index], "leads back to itself") }
                if marks[target] == 0 {
                    marks[target] = 1
                    path.append((target, 0))
                }
            }
        }
    }
}
