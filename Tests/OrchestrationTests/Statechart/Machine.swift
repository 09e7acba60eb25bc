@testable import Orchestration

/// A chart being driven by a test.
struct Machine {
    let chart: Chart
    var state = ChartState()
    var now = Instant(microseconds: 0)
    var session: JSONValue = [:]
    /// The effects of the last step, each as a word.
    private(set) var log: [String] = []
    private(set) var effects: [ChartEffect] = []
    private(set) var outcome: ChartStep.Outcome = .stale

    /// Enters the chart's initial configuration.
    init(_ json: JSONValue, context: JSONValue = [:], session: JSONValue = [:]) throws {
        try self.init(ChartNotation.chart(json, context: context), session: session)
    }

    init(_ chart: Chart, session: JSONValue = [:]) throws {
        self.chart = chart
        self.session = session
        try tell(.start)
    }

    mutating func tell(_ input: ChartInput) throws {
        let step = try Interpreter.step(
            chart,
            state,
            input,
            session: session,
            now: now,
            expressions: SmallPrograms()
        )
        state = step.state
        effects = step.effects
        outcome = step.outcome
        log = step.effects.map { word($0) }
    }

    mutating func send(_ type: String, _ payload: JSONValue = .null) throws {
        try tell(.event(type: type, payload: payload))
    }

    /// Moves the clock and fires what is due, like a worker; the log has the effects of all.
    mutating func wait(_ milliseconds: Int64) throws {
        now = now + .milliseconds(milliseconds)
        var all: [String] = []
        for _ in 0..<1_000 {
            try tell(.timer)
            if outcome == .stale { break }
            all += log
        }
        log = all
    }

    var value: JSONValue { chart.value(of: state) }
    var active: [String] { state.configuration.map { chart.nodes[$0].id } }

    func node(_ id: String) -> Chart.NodeIndex { chart.nodes.firstIndex { $0.id == id } ?? -1 }

    private func word(_ effect: ChartEffect) -> String {
        switch effect {
        case .emit(let type, _): type
        case .startActor(let id, _, _, _): "start:" + id
        case .cancelActor(let id): "cancel:" + id
        case .park(let node, let visit): "park:\(chart.nodes[node].key)#\(visit)"
        case .unpark(let node): "unpark:" + chart.nodes[node].key
        case .pause: "pause"
        case .unpause: "unpause"
        }
    }
}
