package import Orchestration

package struct WorkflowFileReader: WorkflowReader {
    package init(lenient: Bool = false) {}
    package func read(source: String, file: String) -> (workflow: Workflow?, findings: [WorkflowFinding]) {
        do {
            let doc = try YAMLReader.read(source, file: file)
            var b = Quick(doc: doc)
            return (try b.build(source: source), [])
        } catch let f as WorkflowFinding { return (nil, [f]) } catch {
            return (
                nil, [WorkflowFinding(severity: .error, rule: "x", message: "\(error)", file: file, place: .unknown)]
            )
        }
    }
}
struct QuickError: Error { var m: String }
struct Quick {
    let doc: DocumentNode
    var nodes: [StateNode] = []
    var raw: [DocumentNode] = []
    var programs: [Program] = []
    mutating func prog(_ n: DocumentNode?) -> Program? {
        guard let s = n?.string else { return nil }
        let p = Program(s, place: n!.place); programs.append(p); return p
    }
    mutating func build(source: String) throws -> Workflow {
        let m = doc["machine"]!
        collect(m, parent: nil, key: m["id"]!.string!, path: [])
        for i in nodes.indices { try fill(i) }
        var actors: [String: Actor] = [:]
        for e in doc["setup"]?["actors"]?.entries ?? [] {
            var t = TaskTimeouts(); var r = RetryPolicy()
            if let x = e.value["timeouts"] {
                if let v = x["queue"]?.string { t.queue = Interval(v)! }
                if let v = x["attempt"]?.string { t.attempt = Interval(v)! }
                if let v = x["heartbeat"]?.string { t.heartbeat = Interval(v)! }
                if let v = x["total"]?.string { t.total = Interval(v)! }
            }
            if let x = e.value["retry"] {
                if let v = x["maxAttempts"]?.json.int { r.maxAttempts = v }
                if let v = x["initial"]?.string { r.initial = Interval(v)! }
            }
            let topic = e.value["topic"]!.string!
            let rt = e.key.hasSuffix(".Generation") ? String(e.key.dropLast(10)) + "Generated" : e.key + ".Completed"
            actors[e.key] = Actor(
                name: e.key,
                topic: topic,
                answersTopic: topic.replacing(".tasks", with: ".events"),
                resultType: rt.replacing("..", with: "."),
                timeouts: t,
                retry: r
            )
        }
        let (ex, fails) = JQExpressions.compile(programs)
        guard let ex else { throw QuickError(m: "\(fails)") }
        return Workflow(
            name: doc["workflow"]!.string!,
            version: doc["version"]!.string!,
            hash: SHA256.hexadecimal(of: source.utf8),
            source: source,
            chart: Chart(id: m["id"]!.string!, nodes: nodes, context: m["context"]?.json ?? [:]),
            actors: actors,
            expressions: ex
        )
    }
    mutating func collect(_ n: DocumentNode, parent: Int?, key: String, path: [String]) {
        let i = nodes.count
        let kids = n["states"]?.entries ?? []
        let kind: StateNode.Kind = n["type"]?.string == "final" ? .final : kids.isEmpty ? .atomic : .compound
        nodes.append(
            StateNode(
                index: i,
                parent: parent,
                key: key,
                id: (path.isEmpty ? [key] : path).joined(separator: "."),
                kind: kind
            )
        )
        raw.append(n)
        if let parent { nodes[parent].children.append(i) }
        let me = path.isEmpty ? [key] : path
        for k in kids { collect(k.value, parent: i, key: k.key, path: me + [k.key]) }
    }
    func target(_ t: String, from i: Int) throws -> Int {
        if t.hasPrefix("#") {
            let id = String(t.dropFirst()); if let n = nodes.first(where: { $0.id == id }) { return n.index }
        } else if t.hasPrefix(".") {
            let id = nodes[i].id + t; if let n = nodes.first(where: { $0.id == id }) { return n.index }
        } else if let p = nodes[i].parent {
            let id = nodes[p].id + "." + t; if let n = nodes.first(where: { $0.id == id }) { return n.index }
        }
        throw QuickError(m: "target \(t) from \(nodes[i].id)")
    }
    mutating func action(_ n: DocumentNode) throws -> Action {
        if let s = n.string {
            guard let d = doc["setup"]?["actions"]?[s] else { throw QuickError(m: "action \(s)") }
            if let p = prog(d["assign"]) { return .assign(p) }
            if let e = d["emit"]?.string { return .emit(type: e, payload: prog(d["payload"])) }
            if d["session"]?.string == "pause" { return .pause }
            if d["session"]?.string == "unpause" { return .unpause }
        }
        if n["type"]?.string == "emit" {
            return .emit(type: n["params"]!["event"]!.string!, payload: prog(n["params"]!["payload"]))
        }
        throw QuickError(m: "action \(n)")
    }
    mutating func transitions(_ n: DocumentNode, _ i: Int) throws -> [Transition] {
        if let es = n.elements { return try es.flatMap { try transitions($0, i) } }
        var t = Transition(place: n.place)
        if let g = n["guard"]?.string { t.guardCondition = .program(prog(doc["setup"]!["guards"]![g])!) }
        if let s = n.string ?? n["target"]?.string { t.targets = [try target(s, from: i)] }
        t.actions = try (n["actions"]?.elements ?? []).map { try action($0) }
        t.reenter = n["reenter"]?.json.bool ?? false
        return [t]
    }
    mutating func fill(_ i: Int) throws {
        let n = raw[i]
        if let s = n["initial"]?.string { nodes[i].initial = Transition(targets: [try target("." + s, from: i)]) }
        nodes[i].entry = try (n["entry"]?.elements ?? []).map { try action($0) }
        for e in n["on"]?.entries ?? [] {
            for t in try transitions(e.value, i) {
                nodes[i].on.append(EventTransition(descriptor: e.key, transition: t))
            }
        }
        if let v = n["invoke"] {
            var inv = Invocation(id: "0." + nodes[i].id, src: v["src"]!.string!, input: prog(v["input"]))
            inv.onDone = try v["onDone"].map { try transitions($0, i) } ?? []
            inv.onError = try v["onError"].map { try transitions($0, i) } ?? []
            nodes[i].invoke = [inv]
        }
        nodes[i].tags = n["tags"]?.elements?.compactMap(\.string) ?? []
        if let p = n["meta"]?["park"] {
            let e = p["expires"]!.string!
            var park = Park(expires: Interval(doc["setup"]!["delays"]?[e]?.string ?? e)!)
            park.draft = prog(p["draft"])
            nodes[i].park = park
        }
        if nodes[i].parent == 0, GenesisStage(rawValue: nodes[i].key) != nil { nodes[i].stage = nodes[i].key }
    }
}
