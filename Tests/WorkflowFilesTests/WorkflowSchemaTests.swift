import Foundation
import Orchestration
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

    /// The part of JSON Schema that the file uses.
    static func fault(_ value: JSONValue, _ rule: JSONValue, in schema: JSONValue, at place: String = "$") -> String? {
        if let reference = rule["$ref"].string {
            let target = schema["$defs"][String(reference.dropFirst("#/$defs/".count))]
            if let fault = fault(value, target, in: schema, at: place) { return fault }
        }
        if let choices = rule["anyOf"].array {
            let faults = choices.map { fault(value, $0, in: schema, at: place) }
            if !faults.contains(nil) { return faults.compactMap(\.self).last }
        }
        if let words = rule["enum"].array, !words.contains(value) { return "\(place): none of the words" }
        if let type = rule["type"].string, type != value.typeName, !(type == "integer" && value.int != nil) {
            return "\(place): \(value.typeName), expected \(type)"
        }
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
