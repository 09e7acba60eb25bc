/// One step being computed: the state as far as it has come, and what the step has brought about.
///
/// A run is made, driven by `Interpreter.step` and thrown away. Its parts: selection (which transitions), domain
/// (what they leave), `EntrySet` (what they enter), microstep (doing so), macrostep (until nothing more happens).
/// There is one of it: a copy made unawares costs more than a transition.
struct Run: ~Copyable {
    let chart: Chart
    let tree: ChartTree
    let expressions: any ExpressionEvaluator
    let session: JSONValue
    let now: Instant
    /// Everything but `configuration` and `entryOrder`, which `active` and `order` stand for until the run ends.
    var state: ChartState
    var active: NodeSet
    /// The active nodes in the order in which they were entered.
    var order: [Chart.NodeIndex]
    /// In order of execution; an entry is taken back when an actor is left in the step that entered it.
    var effects: [ChartEffect?] = []
    /// Where in `effects` the actors stand that this step starts.
    var starts: [String: Int] = [:]
    /// Raised events and done events; `queueHead` is the next.
    var queue: [Event] = []
    var queueHead = 0
    /// What expressions see as `.event`.
    var event: Event = .initial { didSet { input = nil } }
    /// What expressions see, once it has been put together for `event` and the context.
    var input: JSONValue?
    /// Whether the microstep changed what guards can see; a chart that stands still is not asked again.
    var isChanged = false
    var microsteps = 0
    var microstepsMax = Interpreter.microstepsMax

    init(
        _ chart: Chart,
        _ state: ChartState,
        session: JSONValue,
        now: Instant,
        expressions: any ExpressionEvaluator
    ) {
        self.chart = chart
        tree = chart.tree
        self.state = state
        self.session = session
        self.now = now
        self.expressions = expressions
        active = NodeSet(of: chart.nodes.count)
        var atoms = NodeSet(of: chart.nodes.count)
        order = []
        for node in state.configuration {
            active.insert(node)
            if chart.isAtomic(node) { atoms.insert(node) } else { order.append(node) }
        }
        var remembered = NodeSet(of: chart.nodes.count)
        for node in state.entryOrder { remembered.insert(node) }
        let isOrderKnown = remembered == atoms && order.count + state.entryOrder.count == state.configuration.count
        order += isOrderKnown ? state.entryOrder : atoms.members
    }

    /// The result, with the configuration put back into the state.
    consuming func finished(_ outcome: ChartStep.Outcome) -> ChartStep {
        state.configuration = active.members
        let tree = tree
        state.entryOrder = order.filter { tree.nodes[$0].isAtomic }
        return ChartStep(state: state, effects: effects.compactMap(\.self), outcome: outcome)
    }

    func isActive(_ node: Chart.NodeIndex) -> Bool { active.contains(node) }
}

extension Run {
    /// What a microstep answers to.
    struct Event {
        enum Data {
            case none
            case payload(JSONValue)
            case output(JSONValue)
            case error(JSONValue)
        }

        var type: String
        var data: Data

        static let initial = Event(type: "xstate.init", data: .none)

        static func doneState(_ id: String, output: JSONValue) -> Event {
            Event(type: EventName.doneState(id), data: .output(output))
        }

        /// As jq sees it.
        var json: JSONValue {
            switch data {
            case .none: ["type": .string(type)]
            case .payload(let payload): Self.object("payload", payload, type)
            case .output(let output): Self.object("output", output, type)
            case .error(let error): Self.object("error", error, type)
            }
        }

        private static func object(_ name: String, _ value: JSONValue, _ type: String) -> JSONValue {
            .object(
                JSONObject(alreadySorted: [
                    JSONObject.Member(key: name, value: value), JSONObject.Member(key: "type", value: .string(type)),
                ])
            )
        }
    }
}
