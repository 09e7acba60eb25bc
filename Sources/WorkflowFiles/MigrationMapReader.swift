package import Orchestration

/// Reads the map of `genesis workflow migrate`: `states` (new state ids by old ones) and `context` (jq).
package enum MigrationMapReader {
    /// - Throws: the first fault, with its place.
    package static func read(
        _ source: String,
        file: String
    ) throws(WorkflowFinding) -> (map: MigrationMap, expressions: any ExpressionEvaluator) {
        let document = try YAMLReader.read(source, file: file)
        let reading = Reading(file: file, isLenient: false)
        var map = MigrationMap()
        if document.entries == nil, !document.isNull {
            reading.wrongType("a map", expected: "an object", document)
        }
        reading.checkKeys(document, "the map", known: ["states", "context"])
        for entry in reading.entries(document["states"], "`states`") {
            map.states[entry.key] = reading.text(entry.value, "the state for `\(entry.key)`")
        }
        if let context = document["context"] { map.context = reading.programText(context, "`context`") }
        let (expressions, failures) = JQExpressions.compile(reading.programs)
        for failure in failures {
            reading.error("jq", "jq: \(failure.reason) in `\(failure.program.source)`", failure.program.place)
        }
        if let first = reading.findings.first { throw first }
        guard let expressions else {
            throw WorkflowFinding(
                severity: .error,
                rule: "jq",
                message: "the programs of the map cannot be compiled",
                file: file,
                place: document.place
            )
        }
        return (map, expressions)
    }
}
