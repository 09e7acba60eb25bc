/// Questions about the tree that the interpreter asks.
extension Chart {
    package static let root: NodeIndex = 0

    func isAtomic(_ node: NodeIndex) -> Bool { tree.nodes[node].isAtomic }

    func isHistory(_ node: NodeIndex) -> Bool { tree.nodes[node].isHistory }

    func isParallel(_ node: NodeIndex) -> Bool { tree.nodes[node].isParallel }

    /// Whether `node` lies below `ancestor`; a missing ancestor stands outside of the root, above every node.
    func isDescendant(_ node: NodeIndex, of ancestor: NodeIndex?) -> Bool { tree.inside(ancestor).contains(node) }

    /// The children that can be active: all but the history nodes.
    func regions(of node: NodeIndex) -> [NodeIndex] { tree.nodes[node].regions }

    /// Whether `configuration` is one that the chart can rest in: each compound state has one active child,
    /// each parallel state all of its regions, and every active node an active parent.
    package func isLegal(_ configuration: some Sequence<NodeIndex>) -> Bool {
        let active = Set(configuration)
        guard active.contains(Self.root) else { return false }
        return active.allSatisfy { node in
            guard nodes.indices.contains(node) else { return false }
            if let parent = nodes[node].parent, !active.contains(parent) { return false }
            let regions = regions(of: node)
            let activeCount = regions.count { active.contains($0) }
            return switch nodes[node].kind {
            case .atomic, .final: activeCount == 0
            case .compound: activeCount == 1
            case .parallel: activeCount == regions.count
            case .history: false
            }
        }
    }

    /// XState's state value: the key of an atomic state, else an object of the active children.
    package func value(of state: ChartState) -> JSONValue {
        guard !nodes.isEmpty else { return [:] }
        return value(of: Self.root, active: Set(state.configuration))
    }

    private func value(of node: NodeIndex, active: Set<NodeIndex>) -> JSONValue {
        let children = nodes[node].children.filter { active.contains($0) }
        if nodes[node].kind == .compound, let only = children.first, isAtomic(only) {
            return .string(nodes[only].key)
        }
        return .object(JSONObject(children.map { (nodes[$0].key, value(of: $0, active: active)) }))
    }

    /// The ids of the active atomic states, sorted.
    package func atomicIDs(of state: ChartState) -> [String] {
        state.configuration.filter(isAtomic).map { nodes[$0].id }.sorted(by: Self.textOrder)
    }

    /// All tags of the active nodes, sorted, each once.
    package func tags(of state: ChartState) -> [String] {
        Set(state.configuration.flatMap { nodes[$0].tags }).sorted(by: Self.textOrder)
    }

    private static func textOrder(_ left: String, _ right: String) -> Bool {
        left.utf8.lexicographicallyPrecedes(right.utf8)
    }
}
