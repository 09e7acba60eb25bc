internal import Orchestration

/// One reading of one workflow file: what has been understood so far, and what was wrong.
///
/// The states are numbered first (`Reading+States`), so that transitions can point forwards.
final class Reading {
    let file: String
    let isLenient: Bool
    /// A machine configuration without `setup`: nothing says what its actors are, and they run until told.
    var isBare = false
    var findings: [WorkflowFinding] = []
    /// Every program met, compiled together at the end.
    var programs: [Program] = []
    var nodes: [StateNode] = []
    /// The document of each node, by index.
    var documents: [DocumentNode] = []
    var nodesByID: [String: Chart.NodeIndex] = [:]
    var invocationIDs: [String: SourcePlace] = [:]
    var delays: [String: Interval] = [:]
    var actors: [String: Actor] = [:]
    var guardDocuments: [String: DocumentNode] = [:]
    var actionDocuments: [String: DocumentNode] = [:]
    var guardsBeingRead: Set<String> = []
    var raised: [(event: String, place: SourcePlace)] = []

    init(file: String, isLenient: Bool) {
        self.file = file
        self.isLenient = isLenient
    }

    var hasErrors: Bool { findings.contains { $0.severity == .error } }

    func error(_ rule: String, _ message: String, _ place: SourcePlace, hint: String? = nil) {
        add(.error, rule, message, place, hint: hint)
    }

    func warn(_ rule: String, _ message: String, _ place: SourcePlace, hint: String? = nil) {
        add(.warning, rule, message, place, hint: hint)
    }

    private func add(
        _ severity: WorkflowFinding.Severity,
        _ rule: String,
        _ message: String,
        _ place: SourcePlace,
        hint: String?
    ) {
        let finding = WorkflowFinding(
            severity: severity,
            rule: rule,
            message: message,
            hint: hint,
            file: file,
            place: place
        )
        // A named guard or an alias may be read at several places.
        if !findings.contains(finding) { findings.append(finding) }
    }

    func wrongType(_ what: String, expected: String, _ node: DocumentNode, hint: String? = nil) {
        error("wrong-type", "\(what) must be \(expected), not \(node.kindName)", node.place, hint: hint)
    }

    /// The entries of an object; a finding and none when it is something else. Null counts as empty.
    func entries(_ node: DocumentNode?, _ what: String) -> [DocumentNode.Entry] {
        guard let node, !node.isNull else { return [] }
        guard let entries = node.entries else {
            wrongType(what, expected: "an object", node)
            return []
        }
        return entries
    }

    func text(_ node: DocumentNode?, _ what: String) -> String? {
        guard let node else { return nil }
        guard let text = node.string, !text.isEmpty else {
            let hint = node.string == nil && node.elements == nil && node.entries == nil ? "quote it" : nil
            wrongType(what, expected: "a text", node, hint: hint)
            return nil
        }
        return text
    }

    /// One value, or a list of them; null is none.
    func list(_ node: DocumentNode?) -> [DocumentNode] {
        guard let node, !node.isNull else { return [] }
        return node.elements ?? [node]
    }

    func texts(_ node: DocumentNode?, _ what: String) -> [String] { list(node).compactMap { text($0, what) } }

    /// A jq program; anything but a text stands for itself, as a constant.
    func program(_ node: DocumentNode?) -> Program? {
        guard let node else { return nil }
        let program = Program(node.string ?? node.json.text, place: node.place)
        programs.append(program)
        return program
    }

    /// A program that must be written as one: a guard, an `assign`.
    func programText(_ node: DocumentNode?, _ what: String) -> Program? {
        guard let node, text(node, what) != nil else { return nil }
        return program(node)
    }

    /// Refuses keys that nobody reads: those of XState that we do not support by name, others as unknown.
    func checkKeys(_ node: DocumentNode, _ what: String, known: [String], unsupported: [String: String] = [:]) {
        for entry in node.entries ?? [] where !known.contains(entry.key) {
            if entry.key == "description" {
                _ = text(entry.value, "`description` of \(what)")
            } else if let advice = unsupported[entry.key] {
                error("unsupported", "`\(entry.key)` of \(what) is not supported", entry.keyPlace, hint: advice)
            } else {
                error(
                    "unknown-key",
                    "\(what) has the unknown key `\(entry.key)`",
                    entry.keyPlace,
                    hint: Suggestion.hint(for: entry.key, among: known)
                )
            }
        }
    }

    /// Milliseconds as a number, an ISO 8601 duration, or the name of a delay of `setup`.
    func interval(_ node: DocumentNode?, _ what: String, named: Bool = true) -> Interval? {
        guard let node else { return nil }
        if case .scalar(.number(let number)) = node.content {
            return interval(milliseconds: number, what, node.place)
        }
        guard let text = text(node, what) else { return nil }
        return interval(text: text, what, node.place, named: named)
    }

    func interval(text: String, _ what: String, _ place: SourcePlace, named: Bool = true) -> Interval? {
        if let number = CoreSchema.value(ofPlain: text)?.number {
            return interval(milliseconds: number, what, place)
        }
        if named, let delay = delays[text] { return delay }
        if let duration = Interval(text) { return duration }
        let looksLikeDuration = text.hasPrefix("P") && text.contains(where: \.isNumber)
        if !named || looksLikeDuration {
            error("duration", "\(what): `\(text)` is no ISO 8601 duration", place, hint: "e.g. PT5M, P7D, PT0.5S")
        } else {
            let hint = Suggestion.hint(for: text, among: Array(delays.keys))
            let message = "\(what): `\(text)` is neither a duration nor in `setup.delays`"
            error("unbound-delay", message, place, hint: hint ?? "e.g. PT5M, P7D, or milliseconds")
        }
        return nil
    }

    /// The longest delay, in milliseconds: a hundred years.
    private static let millisecondsMax = 3_155_760_000_000.0

    private func interval(milliseconds: Double, _ what: String, _ place: SourcePlace) -> Interval? {
        guard milliseconds >= 0, milliseconds <= Self.millisecondsMax else {
            error("duration", "\(what) must be between 0 and a hundred years, in milliseconds", place)
            return nil
        }
        return Interval(microseconds: Int64((milliseconds * 1_000).rounded()))
    }
}
