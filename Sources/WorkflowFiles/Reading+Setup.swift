internal import Orchestration

/// `setup`: what the machine's names stand for.
extension Reading {
    func readSetup(_ node: DocumentNode?) {
        guard let node, !node.isNull else { return }
        _ = entries(node, "`setup`")
        checkKeys(
            node,
            "`setup`",
            known: WorkflowKeys.setup,
            unsupported: ["types": "types are for code only", "schemas": "use `meta.park.schemas`"]
        )
        for entry in entries(node["delays"], "`setup.delays`") {
            delays[entry.key] = interval(entry.value, "the delay `\(entry.key)`", named: false)
        }
        for entry in entries(node["guards"], "`setup.guards`") { guardDocuments[entry.key] = entry.value }
        for entry in entries(node["actions"], "`setup.actions`") { actionDocuments[entry.key] = entry.value }
        for entry in entries(node["actors"], "`setup.actors`") { readActor(entry) }
    }

    /// Reads what nobody may have used, so that its faults are found all the same; after the states are numbered.
    func checkSetup() {
        for (name, document) in guardDocuments.sorted(by: { $0.key < $1.key }) {
            guardsBeingRead = [name]
            _ = boundGuard(document, from: Chart.root)
        }
        guardsBeingRead = []
        for (name, document) in actionDocuments.sorted(by: { $0.key < $1.key }) {
            _ = boundAction(document, name: name)
        }
    }

    private func readActor(_ entry: DocumentNode.Entry) {
        let name = entry.key
        let node = entry.value
        let what = "the actor `\(name)`"
        guard node.entries != nil else { return wrongType(what, expected: "an object", node) }
        checkKeys(node, what, known: WorkflowKeys.actor)
        guard let executor = executor(entry) else { return }
        var actor = Actor(
            name: name,
            executor: executor,
            concurrency: concurrency(node["concurrency"], what),
            resultType: text(node["result"], "`result` of \(what)") ?? Self.resultType(name)
        )
        if let timeouts = node["timeouts"], !timeouts.isNull { actor.timeouts = self.timeouts(timeouts, what) }
        if let retry = node["retry"], !retry.isNull { actor.retry = self.retry(retry, what) }
        if let output = node["output"], !output.isNull { actor.output = schema(output, "`output` of \(what)") }
        let missing = ["timeouts", "retry"].filter { node[$0] == nil }
        if !missing.isEmpty {
            let names = missing.map { "`\($0)`" }.joined(separator: " and ")
            warn("actor-defaults", "\(what) has no \(names); the defaults hold", entry.keyPlace)
        }
        actors[name] = actor
    }

    private func executor(_ entry: DocumentNode.Entry) -> TaskExecutor? {
        let node = entry.value
        let what = "the actor `\(entry.key)`"
        switch node["executor"].map({ text($0, "`executor` of \(what)") }) {
        case nil, "agent"?:
            for key in ["request", "response"] where node[key] != nil {
                error(
                    "unused-key",
                    "\(what) has `\(key)`, but its executor is no `http`",
                    node[key]?.place ?? node.place
                )
            }
            if node["retry"]?["statuses"] != nil {
                error("unused-key", "\(what): only the executor `http` knows statuses", node.place)
            }
            guard let topic = node["topic"] else {
                error("missing-key", "\(what) needs a `topic`", entry.keyPlace, hint: "or `executor: http`")
                return nil
            }
            guard let topic = text(topic, "`topic` of \(what)") else { return nil }
            return .agent(AgentTopics(requests: topic, answers: Self.answersTopic(topic)))
        case "http"?:
            if let topic = node["topic"] {
                error("unused-key", "\(what) is done by the worker itself and needs no `topic`", topic.place)
            }
            return httpRecipe(entry).map { .http($0) }
        case .some(let word):
            // What is no text has its finding already.
            guard let word else { return nil }
            error("executor", "\(what): there is no executor `\(word)`", node.place, hint: "`agent` or `http`")
            return nil
        }
    }

    private static let concurrencyMax = 1_000_000

    private func concurrency(_ node: DocumentNode?, _ what: String) -> Int? {
        guard let node else { return nil }
        guard let number = node.json.int, (1...Self.concurrencyMax).contains(number) else {
            error("wrong-type", "`concurrency` of \(what) must be 1 to \(Self.concurrencyMax)", node.place)
            return nil
        }
        return number
    }

    private func timeouts(_ node: DocumentNode, _ what: String) -> TaskTimeouts {
        var timeouts = TaskTimeouts()
        _ = entries(node, "`timeouts` of \(what)")
        checkKeys(node, "`timeouts` of \(what)", known: WorkflowKeys.timeouts)
        timeouts.queue = positive(node["queue"], "`queue` of \(what)") ?? timeouts.queue
        timeouts.attempt = positive(node["attempt"], "`attempt` of \(what)") ?? timeouts.attempt
        timeouts.heartbeat = positive(node["heartbeat"], "`heartbeat` of \(what)") ?? timeouts.heartbeat
        timeouts.total = positive(node["total"], "`total` of \(what)") ?? timeouts.total
        return timeouts
    }

    /// Attempts that a file may ask for.
    private static let attemptsMax = 1_000
    private static let factorMax = 1_000.0

    private func retry(_ node: DocumentNode, _ what: String) -> RetryPolicy {
        var retry = RetryPolicy()
        _ = entries(node, "`retry` of \(what)")
        checkKeys(node, "`retry` of \(what)", known: WorkflowKeys.retry)
        if let attempts = node["maxAttempts"] {
            if let count = attempts.json.int, (1...Self.attemptsMax).contains(count) {
                retry.maxAttempts = count
            } else {
                error("wrong-type", "`maxAttempts` of \(what) must be 1 to \(Self.attemptsMax)", attempts.place)
            }
        }
        if let factor = node["factor"] {
            if let number = factor.json.number, number >= 1, number <= Self.factorMax {
                retry.factor = number
            } else {
                error("wrong-type", "`factor` of \(what) must be a number of at least 1", factor.place)
            }
        }
        retry.initial = positive(node["initial"], "`initial` of \(what)") ?? retry.initial
        retry.cap = positive(node["cap"], "`cap` of \(what)") ?? retry.cap
        retry.nonRetryable = texts(node["nonRetryable"], "`nonRetryable` of \(what)")
        return retry
    }

    func positive(_ node: DocumentNode?, _ what: String) -> Interval? {
        guard let node, let interval = interval(node, what) else { return nil }
        guard interval > .zero else {
            error("duration", "\(what) must be longer than nothing", node.place)
            return nil
        }
        return interval
    }

    private static func answersTopic(_ topic: String) -> String {
        topic.hasSuffix(".tasks") ? topic.dropLast(".tasks".count) + ".events" : topic + ".events"
    }

    private static func resultType(_ name: String) -> String {
        name.hasSuffix(".Generation") ? name.dropLast(".Generation".count) + ".Generated" : name + ".Completed"
    }
}
