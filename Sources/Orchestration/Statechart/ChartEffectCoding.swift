extension ChartEffect {
    /// The effect as `genesis workflow simulate` prints it.
    package func json(in chart: Chart) -> JSONValue {
        switch self {
        case .emit(let type, let payload):
            ["type": "emit", "event": .string(type), "payload": payload]
        case .startActor(let id, let src, let input, _):
            ["type": "start", "id": .string(id), "src": .string(src), "input": input]
        case .cancelActor(let id): ["type": "cancel", "id": .string(id)]
        case .park(let node, let visit):
            ["type": "park", "state": .string(chart.nodes[node].id), "visit": .int(visit)]
        case .unpark(let node): ["type": "unpark", "state": .string(chart.nodes[node].id)]
        case .pause: ["type": "pause"]
        case .unpause: ["type": "unpause"]
        }
    }
}
