package import Orchestration

/// Reads workflow files (`workflow`, `version`, `setup`, `machine`), and bare machine configurations.
package struct WorkflowFileReader: WorkflowReader {
    /// For simulations: unbound guards hold, unbound actions do nothing, unbound actors run until told.
    package var lenient: Bool

    package init(lenient: Bool = false) { self.lenient = lenient }

    package func read(source: String, file: String) -> (workflow: Workflow?, findings: [WorkflowFinding]) {
        let document: DocumentNode
        do throws(WorkflowFinding) {
            document = try YAMLReader.read(source, file: file)
        } catch {
            return (nil, [error])
        }
        let reading = Reading(file: file, isLenient: lenient)
        let workflow = workflow(document, source: source, reading)
        let findings = reading.findings.sorted {
            ($0.place.line, $0.place.column, $0.rule) < ($1.place.line, $1.place.column, $1.rule)
        }
        return (workflow, findings)
    }

    private func workflow(_ document: DocumentNode, source: String, _ reading: Reading) -> Workflow? {
        guard let entries = document.entries else {
            reading.wrongType("a workflow file", expected: "an object", document)
            return nil
        }
        let isBare = !entries.contains { ["workflow", "machine", "setup"].contains($0.key) }
        reading.isBare = isBare
        var machine = document
        if !isBare {
            reading.checkKeys(document, "the file", known: WorkflowKeys.file)
            for key in ["workflow", "version", "machine"] where document[key] == nil {
                reading.error("missing-key", "the file needs `\(key)`", document.place)
            }
            reading.readSetup(document["setup"])
            guard let found = document["machine"] else { return nil }
            machine = found
        }
        guard machine.entries != nil else {
            reading.wrongType("`machine`", expected: "an object", machine)
            return nil
        }
        let id = reading.text(machine["id"], "`id` of the machine") ?? Self.defaultID
        let name = isBare ? id : reading.text(document["workflow"], "`workflow`")
        let version = isBare ? machine["version"]?.string ?? "0" : reading.text(document["version"], "`version`")
        reading.numberStates(machine, key: id, parent: nil, path: id)
        for index in reading.nodes.indices { reading.readState(index) }
        reading.checkSetup()
        let chart = Chart(id: id, nodes: reading.nodes, context: .object(context(machine, reading)))
        let (expressions, failures) = JQExpressions.compile(reading.programs)
        for failure in failures {
            let message = "jq: \(failure.reason) in `\(failure.program.source)`"
            reading.error("jq", message, failure.program.place)
        }
        // The checks of the whole would only repeat what the parts have shown.
        if !reading.hasErrors { reading.checkChart(chart, refusesUnreachable: !isBare && !lenient) }
        guard !reading.hasErrors, let expressions, let name, let version else { return nil }
        return Workflow(
            name: name,
            version: version,
            hash: SHA256.hexadecimal(of: source.utf8),
            source: source,
            chart: chart,
            actors: reading.actors,
            expressions: expressions
        )
    }

    /// XState's name for a machine without one.
    private static let defaultID = "(machine)"

    private func context(_ machine: DocumentNode, _ reading: Reading) -> JSONObject {
        guard let context = machine["context"], !context.isNull else { return [:] }
        guard let object = context.json.object else {
            reading.wrongType("`context`", expected: "an object", context)
            return [:]
        }
        return object
    }
}
