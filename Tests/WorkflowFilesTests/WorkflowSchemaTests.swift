import Foundation
import Orchestration
import OrchestrationTesting
import Testing

@testable import WorkflowFiles

/// `Workflows/workflow.schema.json` says what the reader takes.
@Suite struct WorkflowSchemaTests {
    static func schema() throws -> JSONValue {
        try JSONText.parse(try XStateExportTests.sample("workflow.schema.json"), limits: .stored)
    }

    func keys(_ definition: JSONValue) -> Set<String> { Set(definition["properties"].object?.keys ?? []) }

    @Test func `the schema has the keys that the reader knows, and no others`() throws {
        let schema = try Self.schema()
        #expect(keys(schema) == Set(WorkflowKeys.file + ["description"]))
        #expect(schema["additionalProperties"] == false)
        let parts: [(String, [String])] = [
            ("setup", WorkflowKeys.setup), ("actor", WorkflowKeys.actor), ("timeouts", WorkflowKeys.timeouts),
            ("retry", WorkflowKeys.retry), ("state", WorkflowKeys.state),
            ("machine", WorkflowKeys.state + WorkflowKeys.machine), ("initial", WorkflowKeys.initial),
            ("transition", WorkflowKeys.transition), ("invocation", WorkflowKeys.invocation),
            ("park", WorkflowKeys.park), ("request", WorkflowKeys.request),
            ("secret", WorkflowKeys.secret), ("inline", WorkflowKeys.inline),
        ]
        for (name, known) in parts {
            let definition = schema["$defs"][name]
            #expect(keys(definition) == Set(known + ["description"]), "\(name)")
            #expect(definition["additionalProperties"] == false, "\(name)")
        }
        let stages = schema["$defs"]["state"]["properties"]["meta"]["properties"]["stage"]["enum"].array
        #expect(stages == GenesisStage.allCases.map { .string($0.rawValue) })
    }

    @Test func `every reference in the schema leads somewhere`() throws {
        let schema = try Self.schema()
        var open = [schema]
        var count = 0
        while let value = open.popLast() {
            if let reference = value["$ref"].string {
                count += 1
                let name = String(reference.dropFirst("#/$defs/".count))
                #expect(schema["$defs"][name].object != nil, "\(reference)")
            }
            open += value.array ?? []
            open += value.object?.map(\.value) ?? []
        }
        #expect(count > 40)
    }

    @Test(arguments: ["genesis.yaml", "freeform.yaml", "assistant.yaml"])
    func `the samples fit the schema`(file: String) throws {
        let schema = try Self.schema()
        let document = try YAMLReader.read(try XStateExportTests.sample(file), file: file).json
        #expect(Self.fault(document, schema, in: schema) == nil)
    }

    @Test(arguments: [
        #"{"workflow":"w","version":"1"}"#, #"{"workflow":"w","version":"1","machine":{"stats":{}}}"#,
        #"{"workflow":"w","version":"1","machine":{"states":{"a":{"type":"finall"}}}}"#,
        #"{"workflow":"w","version":"1","machine":{"states":{"a":{"meta":{"park":{}}}}}}"#,
        #"{"workflow":"w","version":"1","machine":{"states":{"a":{"on":{"E":{"cond":"g"}}}}}}"#,
    ])
    func `what the reader refuses the schema refuses`(text: String) throws {
        let schema = try Self.schema()
        #expect(Self.fault(try JSONText.parse(text), schema, in: schema) != nil)
        #expect(WorkflowFileReader().read(source: text, file: "w.json").workflow == nil)
    }

    /// Whole files: the samples, the planted ones, and the examples of the reference page, bare machines wrapped.
    static func files() throws -> [JSONValue] {
        let samples = try ["genesis.yaml", "freeform.yaml", "assistant.yaml"].map { try XStateExportTests.sample($0) }
        let documents = try (samples + ReferencePageTests.examples()).map {
            try YAMLReader.read($0, file: "sample").json
        }
        return documents.map { $0["machine"].isNull ? ["workflow": "w", "version": "1.0.0", "machine": $0] : $0 }
    }

    /// Everything that a file becomes when one value is something else, or one key another.
    static func mutations(of value: JSONValue) -> [(JSONValue, SchemaChange)] {
        var found: [(JSONValue, SchemaChange)] = Self.others.filter { $0 != value }.map { ($0, .value) }
        if let elements = value.array {
            for (index, element) in elements.enumerated() {
                for (mutated, change) in mutations(of: element) {
                    var elements = elements
                    elements[index] = mutated
                    found.append((.array(elements), change))
                }
            }
        }
        guard let object = value.object else { return found }
        for member in object {
            var (without, renamed) = (object, object)
            without[member.key] = nil
            renamed[member.key] = nil
            renamed[member.key + "Q"] = member.value
            found += [(.object(without), .removal), (.object(renamed), .key)]
            for (mutated, change) in mutations(of: member.value) {
                var changed = object
                changed[member.key] = mutated
                found.append((.object(changed), change))
            }
        }
        return found
    }

    enum SchemaChange { case value, key, removal }
    static let others: [JSONValue] = [nil, true, 7, "x", ["x"], ["x": "x"]]

    @Test func `the schema takes whatever the reader takes, and refuses unknown keys and wrong types as it does`()
        throws
    {
        let schema = try Self.schema()
        let seed = TestSeed.draw()
        var dice = XStateRoundTripTests.Dice(state: seed)
        var (taken, refused, missed) = (0, 0, 0)
        for file in try Self.files() {
            #expect(Self.fault(file, schema, in: schema) == nil, "\(file.text)")
            // All of a large file would take minutes.
            let mutations = Self.mutations(of: file).shuffled(using: &dice).prefix(Self.mutationsMax)
            for (mutated, change) in mutations {
                let (workflow, findings) = WorkflowFileReader().read(source: mutated.text, file: "w.json")
                let fault = Self.fault(mutated, schema, in: schema)
                if workflow != nil {
                    taken += 1
                    #expect(fault == nil, "seed \(seed), the reader takes \(change): \(mutated.text)")
                } else if findings.contains(where: { ["unknown-key", "wrong-type"].contains($0.rule) }) {
                    refused += 1
                    if fault == nil { missed += 1 }
                }
            }
        }
        #expect(taken > 50 && refused > 200)
        // What is left takes more than a schema can say: a hint of the reader's at a name, a number's bounds.
        #expect(missed < refused / 10, "seed \(seed): \(missed) of \(refused)")
    }

    static let mutationsMax = 60

    /// The part of JSON Schema that the file uses.
    static func fault(_ value: JSONValue, _ rule: JSONValue, in schema: JSONValue, at place: String = "$") -> String? {
        if let reference = rule["$ref"].string {
            let target = schema["$defs"][String(reference.dropFirst("#/$defs/".count))]
            if let fault = fault(value, target, in: schema, at: place) { return fault }
        }
        if let choices = rule["anyOf"].array {
            let faults = choices.map { fault(value, $0, in: schema, at: place) }
            if !faults.contains(nil) { return faults.compactMap(\.self).max { $0.count < $1.count } }
        }
        if rule["not"].object != nil, fault(value, rule["not"], in: schema, at: place) == nil {
            return "\(place): what it must not be"
        }
        if let words = rule["enum"].array, !words.contains(value) { return "\(place): none of the words" }
        let types = rule["type"].array ?? (rule["type"].isNull ? [] : [rule["type"]])
        let isFitting = types.contains { $0.string == value.typeName || ($0 == "integer" && value.int != nil) }
        if !types.isEmpty, !isFitting { return "\(place): \(value.typeName), expected \(rule["type"].text)" }
        for item in value.array ?? [] where rule["items"].object != nil {
            if let fault = fault(item, rule["items"], in: schema, at: place + "[]") { return fault }
        }
        guard let object = value.object else { return nil }
        for key in rule["required"].array ?? [] where object[key.string ?? ""] == nil {
            return "\(place): \(key.text) is missing"
        }
        for member in object {
            let known = rule["properties"].object?[member.key]
            if known == nil, rule["additionalProperties"] == false { return "\(place): unknown \(member.key)" }
            let others: JSONValue? =
                rule["additionalProperties"].object == nil ? .none : .some(rule["additionalProperties"])
            guard let next = known ?? others else { continue }
            if let fault = fault(member.value, next, in: schema, at: place + "." + member.key) { return fault }
        }
        return nil
    }
}
