/// Made-up payloads and results: few, but so that each guard of the workflow can say yes and no.
///
/// They come from the schemas of replies and results, and from what the guards compare with. Where that is not enough,
/// the machine's `meta.modelcheck` gives them: `{ payloads: { TYPE: [ … ] }, outputs: { ACTOR: [ … ] } }`.
struct ModelSamples {
    /// The most payloads that are tried for one type.
    static let payloadsMax = 24

    private let given: JSONValue
    private var payloads: [String: [JSONValue]] = [:]
    private let outputs: [String: [JSONValue]]

    init(_ workflow: Workflow) {
        let chart = workflow.chart
        given = chart.nodes.first?.meta["modelcheck"] ?? .null
        let given = given
        outputs = workflow.actors.mapValues { actor in
            given["outputs"][actor.name].array ?? [SchemaSample.value(of: actor.output?.json ?? .null)]
        }
        let types = Set(chart.nodes.flatMap { $0.on.map { Self.type(of: $0.descriptor) } })
        for type in types.union([SessionMessages.start]) {
            payloads[type] = given["payloads"][type].array ?? Self.made(for: type, in: chart)
        }
    }

    func payloads(of type: String) -> [JSONValue] { payloads[type] ?? [[:]] }
    func outputs(of actor: Actor) -> [JSONValue] { outputs[actor.name] ?? [[:]] }

    /// An event that a descriptor covers.
    static func type(of descriptor: String) -> String {
        if descriptor == "*" { return "Some.Event" }
        return descriptor.hasSuffix(".*") ? String(descriptor.dropLast(2)) : descriptor
    }

    private static func made(for type: String, in chart: Chart) -> [JSONValue] {
        let transitions = chart.nodes.flatMap { node in
            node.on.filter { self.type(of: $0.descriptor) == type }.map(\.transition)
        }
        let reading = ProgramReading(transitions.compactMap(\.guardCondition).flatMap(\.sources))
        let schemas = chart.nodes.compactMap { $0.park?.schemas[type]?.json }
        var bases = schemas.map { SchemaSample.value(of: $0).object ?? [:] }
        if bases.isEmpty { bases = [[:]] }
        var made: [JSONValue] = bases.map { .object($0) }
        func add(_ object: JSONObject) {
            if made.count < payloadsMax, !made.contains(.object(object)) { made.append(.object(object)) }
        }
        let values = values(reading)
        for base in bases where !reading.payloadNames.isEmpty {
            // All names with one value, then one name at a time, then pairs.
            for value in values {
                add(reading.payloadNames.reduce(into: base) { $0[$1] = value })
            }
            for name in reading.payloadNames where reading.payloadNames.count > 1 {
                for value in values { add(base.merging([name: value])) }
            }
        }
        return made
    }

    private static func values(_ reading: ProgramReading) -> [JSONValue] {
        var values: [JSONValue] = reading.texts.map { .string($0) }
        values += [["a"], true]
        for number in reading.numbers { values += [.int(number), .int(number + 1), .int(number - 1)] }
        if reading.texts.isEmpty { values.append("a") }
        return values
    }
}

/// A value that fits a JSON Schema, as far as that is simple.
enum SchemaSample {
    private static let depthMax = 8

    static func value(of schema: JSONValue, depth: Int = 0) -> JSONValue {
        guard depth < depthMax else { return .null }
        let constant = schema["const"]
        if !constant.isNull { return constant }
        if let first = schema["enum"].array?.first { return first }
        for key in ["anyOf", "oneOf", "allOf"] {
            if let first = schema[key].array?.first { return value(of: first, depth: depth + 1) }
        }
        switch schema["type"].string ?? schema["type"].array?.first?.string ?? "object" {
        case "object":
            var object = JSONObject()
            for name in (schema["required"].array ?? []).compactMap(\.string) {
                object[name] = value(of: schema["properties"][name], depth: depth + 1)
            }
            return .object(object)
        case "array":
            let count = min(schema["minItems"].int ?? 1, 10)
            return .array(Array(repeating: value(of: schema["items"], depth: depth + 1), count: max(0, count)))
        case "string": return .string(String(repeating: "a", count: max(1, min(schema["minLength"].int ?? 1, 1_000))))
        case "integer", "number": return .number(schema["minimum"].number ?? schema["maximum"].number ?? 1)
        case "boolean": return true
        default: return .null
        }
    }
}
