import Foundation
import Orchestration
import OrchestrationTesting
import Testing

/// The interpreter and the slow one, over the same charts and inputs.
@Suite struct TwoInterpretersTests {
    /// Charts of one test run; GENESIS_RANDOM_CHARTS asks for more.
    static let charts = ProcessInfo.processInfo.environment["GENESIS_RANDOM_CHARTS"].flatMap { Int($0) } ?? 1_000
    static let inputs = 8
    static let stepsMax = 30

    @Test func `random charts do the same in both interpreters`() async throws {
        let base = TestSeed.draw()
        var taken = 0
        for offset in 0..<UInt64(Self.charts) {
            taken += try compare(seed: base + offset)
            // Other tests wait for the few threads there are.
            await Task.yield()
            if Self.isEnough { break }
        }
        #expect(taken > Self.charts / 2)
    }

    nonisolated(unsafe) static var isEnough = false

    /// How many inputs were taken.
    private func compare(seed: UInt64) throws -> Int {
        var random = RandomChart(seed: seed)
        let chart = random.chart()
        var slow = SlowInterpreter(chart, stepsMax: Self.stepsMax)
        var state = ChartState()
        var taken = 0
        for index in 0..<Self.inputs {
            slow.now += Int64(random.next(below: 20)) * 1_000
            let input = index == 0 ? .start : random.input(state)
            let before = slow
            var slowTakes: Bool?
            do {
                slowTakes = try tell(&slow, input)
            } catch is SlowInterpreter.Endless {
                slow = before
            }
            do throws(ChartFailure) {
                let step = try Interpreter.step(
                    chart,
                    state,
                    input,
                    session: [:],
                    now: Instant(microseconds: slow.now),
                    expressions: SmallPrograms(),
                    microstepsMax: Self.stepsMax
                )
                state = step.state
                var outcome: Bool? = nil
                if case .taken = step.outcome { outcome = true }
                if [.notTaken].contains(step.outcome) { outcome = false }
                if case .refused = step.outcome { outcome = false }
                if step.outcome == .stale || step.outcome == .ended {
                    #expect(slowTakes != true, "seed \(seed)")
                } else {
                    #expect(slowTakes == outcome, "seed \(seed) input \(index)")
                    taken += outcome == true ? 1 : 0
                    let log = step.effects.map { Self.word($0) }
                    if log != slow.log { Self.isEnough = true }
                    #expect(log == slow.log, "seed \(seed) input \(index) \(input)")
                }
            } catch {
                #expect(error == .endless && slowTakes == nil, "seed \(seed) input \(index): \(error)")
                if index == 0 { return taken }
            }
            let same = Self.picture(of: state) == Self.picture(of: slow)
            #expect(
                same,
                "seed \(seed) input \(index) \(input):\n\(Self.picture(of: state))\n\(Self.picture(of: slow))"
            )
            if !same {
                Self.isEnough = true
                return taken
            }
        }
        return taken
    }

    /// Nil when there was nobody to tell.
    private func tell(_ slow: inout SlowInterpreter, _ input: ChartInput) throws -> Bool? {
        guard slow.status == "active" else { return nil }
        switch input {
        case .start:
            try slow.start()
            return true
        case .event(let type, _): return try slow.tell(.init(type: type, data: .null))
        case .actorDone(let id, _):
            guard slow.running.removeValue(forKey: id) != nil else { return nil }
            return try slow.tell(.init(type: "xstate.done.actor.\(id)", data: .null))
        case .actorError(let id, _):
            guard slow.running.removeValue(forKey: id) != nil else { return nil }
            return try slow.tell(.init(type: "xstate.error.actor.\(id)", data: .null), isError: true)
        case .timer:
            let due = slow.timers.filter { $0.due <= slow.now }
            guard let first = due.min(by: { ($0.due, $0.order) < ($1.due, $1.order) }) else { return nil }
            slow.timers.removeAll { $0 == first }
            return try slow.tell(.init(type: first.event, data: .null))
        }
    }

    private static func word(_ effect: ChartEffect) -> String {
        switch effect {
        case .emit(let type, _): type
        case .startActor(let id, _, _, _): "start \(id)"
        case .cancelActor(let id): "cancel \(id)"
        case .park(let node, let visit): "park \(node) \(visit)"
        case .unpark(let node): "unpark \(node)"
        case .pause: "pause"
        case .unpause: "unpause"
        }
    }

    private static func picture(of state: ChartState) -> [String] {
        let history = state.history.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.sorted())" }
        let timers = state.timers.sorted { $0.sequence < $1.sequence }.map { "\($0.event) \($0.due.microseconds)" }
        let running = state.running.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return [
            "\(state.configuration)", state.context.text, state.status.rawValue, "\(history)", "\(timers)",
            "\(running)",
        ]
    }

    private static func picture(of slow: SlowInterpreter) -> [String] {
        let history = slow.historyValue.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value.sorted())" }
        let timers = slow.timers.sorted { $0.order < $1.order }.map { "\($0.event) \($0.due)" }
        let running = slow.running.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }
        return [
            "\(slow.configuration.sorted())", slow.context.text, slow.status, "\(history)", "\(timers)", "\(running)",
        ]
    }
}
