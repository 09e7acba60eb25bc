import Orchestration
import OrchestrationTesting
import Testing

/// Charts and inputs by chance, always the same for one seed.
@Suite struct RandomChartTests {
    /// How many charts are tried, and how many inputs each is told.
    static let charts = 60
    static let inputs = 20

    @Test func `a random chart never traps, is deterministic and always rests in a legal configuration`() throws {
        let base = TestSeed.draw()
        for offset in 0..<UInt64(Self.charts) {
            let seed = base + offset
            let first = try run(seed: seed)
            let second = try run(seed: seed)
            #expect(first == second, "seed \(seed)")
        }
    }

    /// Drives one chart; gives everything that came of it.
    private func run(seed: UInt64) throws -> [ChartStep] {
        var random = RandomChart(seed: seed)
        let chart = random.chart()
        var machine = ChartState()
        var steps: [ChartStep] = []
        var now = Instant(microseconds: 0)
        for index in 0..<Self.inputs {
            now = now + .milliseconds(Int64(random.next(below: 20)))
            let input = index == 0 ? .start : random.input(machine)
            do throws(ChartFailure) {
                let step = try Interpreter.step(
                    chart,
                    machine,
                    input,
                    session: [:],
                    now: now,
                    expressions: SmallPrograms(),
                    microstepsMax: 100
                )
                check(step, of: input, before: machine, in: chart, seed: seed)
                steps.append(step)
                machine = step.state
            } catch {
                #expect(error == .endless, "seed \(seed)")
                if index == 0 { return steps }
            }
        }
        return steps
    }

    private func check(_ step: ChartStep, of input: ChartInput, before: ChartState, in chart: Chart, seed: UInt64) {
        let state = step.state
        #expect(chart.isLegal(state.configuration), "seed \(seed): \(state.configuration)")
        #expect(state.configuration == state.configuration.sorted(), "seed \(seed)")
        let active = Set(state.configuration)
        #expect(state.timers.allSatisfy { $0.node.map(active.contains) ?? true }, "seed \(seed)")
        #expect(state.running.values.allSatisfy(active.contains), "seed \(seed)")
        if step.outcome == .stale || step.outcome == .ended { #expect(state == before, "seed \(seed)") }
        let json = state.json(in: chart)
        #expect((try? ChartState(json: json, in: chart)) == state, "seed \(seed)")
        var running = Set(before.running.keys)
        switch input {
        case .actorDone(let id, _), .actorError(let id, _): running.remove(id)
        case .start, .event, .timer: break
        }
        for effect in step.effects {
            if case .cancelActor(let id) = effect { #expect(running.remove(id) != nil, "seed \(seed): cancel \(id)") }
            if case .startActor(let id, _, _, _) = effect {
                #expect(running.insert(id).inserted, "seed \(seed): start \(id)")
            }
        }
        #expect(running.isSuperset(of: state.running.keys), "seed \(seed)")
    }
}

/// Makes charts and inputs from a seed.
struct RandomChart {
    private var generator: UInt64
    private var nodes: [StateNode] = []
    private static let events = ["A", "B", "a.b", "a.c"]
    private static let descriptors = ["A", "B", "a.b", "a.*", "*"]

    init(seed: UInt64) { generator = seed }

    /// SplitMix64.
    mutating func next(below bound: Int) -> Int {
        generator &+= 0x9E37_79B9_7F4A_7C15
        var bits = generator
        bits = (bits ^ (bits >> 30)) &* 0xBF58_476D_1CE4_E5B9
        bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
        return Int((bits ^ (bits >> 31)) % UInt64(bound))
    }

    private mutating func pick<Element>(_ elements: [Element]) -> Element { elements[next(below: elements.count)] }

    mutating func chart() -> Chart {
        nodes = []
        grow(parent: nil, depth: 0)
        for index in nodes.indices { furnish(index) }
        return Chart(id: "m", nodes: nodes, context: ["n": 0])
    }

    mutating func input(_ state: ChartState) -> ChartInput {
        switch next(below: 8) {
        case 0: .timer
        case 1: .actorDone(id: state.running.keys.min() ?? "none", output: 1)
        case 2: .actorError(id: state.running.keys.max() ?? "none", error: 1)
        default: .event(type: pick(Self.events), payload: .null)
        }
    }

    private mutating func grow(parent: Int?, depth: Int) {
        let index = nodes.count
        let width = depth == 0 ? 3 : depth > 2 ? 0 : next(below: 4)
        let leaf: StateNode.Kind = depth > 0 && next(below: 8) == 0 ? .final : .atomic
        let kind: StateNode.Kind = width == 0 ? leaf : next(below: 3) == 0 ? .parallel : .compound
        nodes.append(StateNode(index: index, parent: parent, key: "s\(index)", id: "m.\(index)", kind: kind))
        if let parent { nodes[parent].children.append(index) }
        for _ in 0..<width { grow(parent: index, depth: depth + 1) }
        if width > 0, next(below: 2) == 0 {
            let history = nodes.count
            let kind = StateNode.Kind.history(deep: next(below: 2) == 0)
            nodes.append(StateNode(index: history, parent: index, key: "h\(history)", id: "m.\(history)", kind: kind))
            nodes[index].children.append(history)
        }
    }

    private mutating func furnish(_ index: Int) {
        let below = nodes.indices.filter { isInside($0, index) }
        if nodes[index].kind == .compound {
            let plain = nodes[index].children.filter {
                nodes[$0].kind != .history(deep: true) && nodes[$0].kind != .history(deep: false)
            }
            nodes[index].initial = Transition(targets: [pick(plain)], actions: [.assign(Program("inc"))])
        }
        if case .history = nodes[index].kind {
            let parent = nodes[index].parent ?? 0
            let inside = nodes.indices.filter { isInside($0, parent) && $0 != index }
            if next(below: 2) == 0 { nodes[index].historyDefault = [pick(inside)] }
            return
        }
        for _ in 0..<next(below: 4) {
            let transition = transition(below)
            nodes[index].on.append(EventTransition(descriptor: pick(Self.descriptors), transition: transition))
        }
        if next(below: 8) == 0 { nodes[index].always = [transition(below)] }
        if next(below: 4) == 0 {
            nodes[index].after = [DelayedTransition(delay: .milliseconds(10), transition: transition(below))]
        }
        if next(below: 3) == 0 { nodes[index].onDone = [transition(below)] }
        if next(below: 4) == 0 {
            var invocation = Invocation(id: "i\(index)", src: "w", input: nil)
            invocation.onDone = [transition(below)]
            nodes[index].invoke = [invocation]
        }
        if next(below: 4) == 0 { nodes[index].park = Park(expires: .seconds(1)) }
        if next(below: 8) == 0 {
            let delayed = DelayedTransition(delay: .milliseconds(10), name: "soon", transition: transition(below))
            nodes[index].after.append(delayed)
        }
        nodes[index].entry = [.emit(type: "+\(index)", payload: nil)]
        nodes[index].exit = [.emit(type: "-\(index)", payload: nil)]
        if next(below: 10) == 0 {
            nodes[index].entry.append(.raise(event: pick(Self.events), payload: nil, delay: nil, id: nil))
        }
        if next(below: 10) == 0 {
            nodes[index].exit.append(.raise(event: pick(Self.events), payload: nil, delay: nil, id: nil))
        }
    }

    private mutating func transition(_ below: [Int]) -> Transition {
        let anywhere = Array(nodes.indices)
        let targets =
            next(below: 5) == 0
            ? []
            : next(below: 6) == 0 ? several() : [next(below: 2) == 0 && !below.isEmpty ? pick(below) : pick(anywhere)]
        let guards: [Orchestration.Guard?] = [
            nil, nil, .program(Program(".context.n == 1")), .not(.stateIn([pick(anywhere)])),
        ]
        let actions: [Action] = [
            .assign(Program("inc")), .raise(event: pick(Self.events), payload: nil, delay: nil, id: nil),
            .raise(event: pick(Self.events), payload: nil, delay: .milliseconds(5), id: "d"), .cancel(id: "d"),
        ]
        return Transition(
            guardCondition: pick(guards),
            targets: targets,
            actions: next(below: 2) == 0 ? [] : [pick(actions)],
            reenter: next(below: 3) == 0
        )
    }

    /// A target in each of some regions of a parallel state.
    private mutating func several() -> [Int] {
        let parallel = nodes.indices.filter { nodes[$0].kind == .parallel }
        guard !parallel.isEmpty else { return [0] }
        let regions = nodes[pick(parallel)].children.filter {
            nodes[$0].kind != .history(deep: true) && nodes[$0].kind != .history(deep: false)
        }
        return regions.map { region in
            let inside = nodes.indices.filter { isInside($0, region) }
            return inside.isEmpty ? region : pick(Array(inside) + [region])
        }
    }

    private func isInside(_ node: Int, _ ancestor: Int) -> Bool {
        var above = nodes[node].parent
        while let current = above {
            if current == ancestor { return true }
            above = nodes[current].parent
        }
        return false
    }
}
