internal import Orchestration

/// Puts the parser's events together to a tree, and holds it to the limits.
struct YAMLComposer {
    private let events: YAMLEvents
    private let file: String
    private var anchors: [String: Subtree] = [:]
    private var nodeCount = 0

    /// A value with its size, so that an alias is paid for before it is followed.
    private struct Subtree {
        var node: DocumentNode
        var size: Int
        var height: Int
    }

    init(events: YAMLEvents, file: String) {
        self.events = events
        self.file = file
    }

    mutating func document() throws(WorkflowFinding) -> DocumentNode {
        _ = try events.next()
        let (first, place) = try events.next()
        guard case .documentStart = first else { throw fault("yaml", "the file is empty", place) }
        let (event, start) = try events.next()
        let root = try subtree(event, start, depth: 1)
        _ = try events.next()
        let (after, second) = try events.next()
        guard case .end = after else { throw fault("yaml", "one document per file; a second one begins here", second) }
        return root.node
    }

    private mutating func subtree(
        _ event: YAMLEvent,
        _ place: SourcePlace,
        depth: Int
    ) throws(WorkflowFinding) -> Subtree {
        if case .alias(let name) = event { return try followed(name, place, depth: depth) }
        try count(1, place, depth: depth)
        let before = nodeCount
        let content: DocumentNode.Content
        var height = 1
        let anchor: String?
        switch event {
        case .scalar(let text, let isPlain, let name, let tag):
            anchor = name
            content = .scalar(try scalar(text, isPlain: isPlain, tag: tag, place))
        case .sequenceStart(let name, let tag):
            anchor = name
            try refuse(tag, besides: "tag:yaml.org,2002:seq", place)
            var elements: [DocumentNode] = []
            while true {
                let (next, start) = try events.next()
                if case .sequenceEnd = next { break }
                let element = try subtree(next, start, depth: depth + 1)
                height = max(height, element.height + 1)
                elements.append(element.node)
            }
            content = .sequence(elements)
        case .mappingStart(let name, let tag):
            anchor = name
            try refuse(tag, besides: "tag:yaml.org,2002:map", place)
            let mapping = try mapping(depth: depth)
            height = mapping.height
            content = .mapping(mapping.entries)
        case .alias, .begin, .documentStart, .documentEnd, .end, .sequenceEnd, .mappingEnd:
            throw fault("yaml", "a value is missing here", place)
        }
        let node = DocumentNode(content: content, place: place)
        let whole = Subtree(node: node, size: nodeCount - before + 1, height: height)
        if let anchor { anchors[anchor] = whole }
        return whole
    }

    private mutating func mapping(depth: Int) throws(WorkflowFinding) -> (entries: [DocumentNode.Entry], height: Int) {
        var entries: [DocumentNode.Entry] = []
        var places: [String: SourcePlace] = [:]
        var height = 1
        while true {
            let (event, place) = try events.next()
            if case .mappingEnd = event { return (entries, height) }
            guard case .scalar(let key, _, let anchor, _) = event, anchor == nil else {
                throw fault("key", "a key must be a plain text", place)
            }
            if let first = places[key] {
                throw fault("duplicate-key", "the key `\(key)` stands here twice; first in line \(first.line)", place)
            }
            places[key] = place
            let (next, start) = try events.next()
            let value = try subtree(next, start, depth: depth + 1)
            height = max(height, value.height + 1)
            entries.append(DocumentNode.Entry(key: key, keyPlace: place, value: value.node))
        }
    }

    private mutating func followed(_ name: String, _ place: SourcePlace, depth: Int) throws(WorkflowFinding) -> Subtree
    {
        guard let target = anchors[name] else {
            throw fault("alias", "no anchor `&\(name)` stands before this alias", place)
        }
        try count(target.size, place, depth: depth + target.height - 1)
        return target
    }

    private mutating func count(_ nodes: Int, _ place: SourcePlace, depth: Int) throws(WorkflowFinding) {
        guard depth <= YAMLLimits.depthMax else {
            throw fault("too-deep", "more than \(YAMLLimits.depthMax) levels of lists and objects", place)
        }
        nodeCount += nodes
        guard nodeCount <= YAMLLimits.nodesMax else {
            throw fault("too-large", "more than \(YAMLLimits.nodesMax) values, aliases followed", place)
        }
    }

    private func scalar(
        _ text: String,
        isPlain: Bool,
        tag: String?,
        _ place: SourcePlace
    ) throws(WorkflowFinding) -> JSONValue {
        if tag == "!" || tag == "tag:yaml.org,2002:str" { return .string(text) }
        if let tag { throw fault("yaml-tag", "the tag `\(tag)` is not supported", place) }
        guard isPlain else { return .string(text) }
        guard let value = CoreSchema.value(ofPlain: text) else {
            throw fault("number", "`\(text)` is not a finite number; quote it to mean a text", place)
        }
        if let number = value.number, number.rounded() == number, number.magnitude > YAMLLimits.exactIntegerMax,
            !text.contains(where: { ".eE".contains($0) })
        {
            throw fault("number", "`\(text)` is too large to be kept exactly; quote it to mean a text", place)
        }
        return value
    }

    private func refuse(_ tag: String?, besides known: String, _ place: SourcePlace) throws(WorkflowFinding) {
        if let tag, tag != "!", tag != known { throw fault("yaml-tag", "the tag `\(tag)` is not supported", place) }
    }

    private func fault(_ rule: String, _ message: String, _ place: SourcePlace) -> WorkflowFinding {
        YAMLReader.finding(rule, message, file, place)
    }
}
