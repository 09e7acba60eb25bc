internal import Glibc
internal import Orchestration
internal import WorkflowFiles

/// The readers of what comes from outside, each over any bytes: none may trap, and what is read must be sound.
///
/// `make fuzz` drives one through libFuzzer; a test plays the committed corpus through all.
package enum FuzzTarget: String, CaseIterable, Sendable {
    case yaml
    case chart
    case event

    /// What must hold whatever the bytes are; nil when it does.
    package func fault(_ bytes: [UInt8]) -> String? {
        switch self {
        case .yaml: Self.yaml(bytes)
        case .chart: Self.chart(bytes)
        case .event: Self.event(bytes)
        }
    }

    private static func yaml(_ bytes: [UInt8]) -> String? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        do throws(WorkflowFinding) {
            let node = try YAMLReader.read(text, file: "f")
            // A key of more characters must stand behind `?`, which JSON has not.
            if hasLongKey(node.json) { return nil }
            // JSON is YAML, so what was read reads back from its own text.
            let again = try YAMLReader.read(node.json.text, file: "g")
            return again.json == node.json ? nil : "reads back as something else"
        } catch {
            if error.file == "g" { return "its own JSON is not read: \(error)" }
            return error.place.line >= 1 && error.place.column >= 1 ? nil : "a fault without place: \(error)"
        }
    }

    /// YAML's own limit of a key without `?`.
    private static let plainKeyMax = 1_024

    private static func hasLongKey(_ value: JSONValue) -> Bool {
        if let elements = value.array { return elements.contains(where: hasLongKey) }
        // As text it may be longer: quotes and escapes.
        return (value.object ?? [:]).contains {
            JSONValue.string($0.key).text.utf8.count > plainKeyMax || hasLongKey($0.value)
        }
    }

    /// Inputs that each chart is told.
    private static let lines: [JSONValue] = [
        ["type": "E"], ["type": "GO", "payload": ["n": 1]], ["advance": 1_000], ["done": "j"], ["error": "0.m.a"],
        ["type": "a.b"], ["advance": "P1D"], ["type": "E"],
    ]

    private static func chart(_ bytes: [UInt8]) -> String? {
        guard let text = String(validating: bytes, as: UTF8.self) else { return nil }
        let (workflow, findings) = WorkflowFileReader(lenient: true).read(source: text, file: "f")
        guard let workflow else { return findings.isEmpty ? "refused without a reason" : nil }
        var simulation = Simulation(chart: workflow.chart, expressions: NoPrograms(), microstepsMax: 50)
        _ = simulation.start()
        for line in lines {
            let answer = simulation.line(line)
            guard answer["status"] == "active" else { break }
            guard simulation.isLegal else { return "rests in a configuration that is none: \(answer)" }
        }
        return nil
    }

    /// The session that the corpus speaks of; without its id as key a record is refused at once.
    private static let sessionKey = Array("3f2b8c1e-5d5a-4c53-9a59-0b8a3f0a2b11".utf8)

    private static func event(_ bytes: [UInt8]) -> String? {
        let partition = TopicPartition(topic: "genesis.session.commands", partition: 0)
        let record = IncomingRecord(topicPartition: partition, offset: 0, key: sessionKey, value: bytes)
        guard case .envelope(let envelope) = Envelope.decode(record) else { return nil }
        _ = try? envelope.unwrapped()
        _ = try? AgentAnswer.read(envelope)
        let text = envelope.payload.text
        return (try? JSONText.parse(text, limits: .stored)) == envelope.payload ? nil : "the payload does not read back"
    }
}

/// Programs give null, which is an error where a boolean or an object is needed.
private struct NoPrograms: ExpressionEvaluator {
    func evaluate(_ program: Program, on input: JSONValue) throws(ExpressionFailure) -> JSONValue {
        switch program.source.utf8.count % 3 {
        case 0: true
        case 1: [:]
        default: throw ExpressionFailure(program: program, reason: "no")
        }
    }
}

/// What libFuzzer calls. GENESIS_FUZZ_TARGET names the target.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzzOneInput(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard let target = chosen else {
        print("GENESIS_FUZZ_TARGET is one of \(FuzzTarget.allCases.map(\.rawValue).joined(separator: ", "))")
        exit(2)
    }
    if let fault = target.fault(Array(UnsafeBufferPointer(start: start, count: count))) {
        print("fault:", fault)
        abort()
    }
    return 0
}

private let chosen = getenv("GENESIS_FUZZ_TARGET").flatMap { FuzzTarget(rawValue: String(cString: $0)) }
