import Orchestration
import OrchestrationTesting
import Testing

/// Random histories of one session: whatever comes in whatever order, the promises hold.
@Suite struct RandomSessionTests {
    static let runs = 150
    static let stepsMax = 60

    @Test func `no order of commands, answers, times and repetitions breaks a promise`() throws {
        let workflow = try #require(GenesisFlowTests.workflow)
        let base = TestSeed.draw()
        for run in 0..<UInt64(Self.runs) {
            var history = RandomHistory(workflow, seed: base + run)
            history.play(steps: Self.stepsMax)
            #expect(history.session.faults == [], "seed \(base + run): \(history.log.joined(separator: "; "))")
            history.end()
            let open = history.session.commands.filter { $0.status != .completed && $0.status != .failed }
            #expect(open.map(\.commandType) == [], "seed \(base + run): \(history.log.joined(separator: "; "))")
            #expect(history.session.faults == [], "seed \(base + run): \(history.log.joined(separator: "; "))")
            if !history.session.faults.isEmpty || !open.isEmpty { return }
        }
    }
}

/// One random history and its log.
struct RandomHistory {
    var session: SessionSpecification
    var log: [String] = []
    private var dice: SplitMix
    private var told: [SessionMessage] = []
    private var held: [SessionMessage] = []
    private var count = 0

    init(_ workflow: Workflow, seed: UInt64) {
        session = SessionSpecification(workflow)
        dice = SplitMix(state: seed)
    }

    private static let replies = [
        "Seed.Request", "Concept.Confirm", "Stage.Complete", "Theme.Request", "Theme.Revise", "Theme.Confirm",
        "World.Request", "World.Update", "World.Confirm", "Character.Request", "Character.Update",
        "Character.Confirm", "CharacterNetwork.Create", "Plot.Request", "Plot.Update", "Plot.Confirm",
        "Details.Request", "Details.Confirm", "Finish",
    ]
    private static let others = ["Start", "Navigate", "Pause", "Unpause", "Unpause", "Task.Retry", "Branch.Create"]
    private static let stages: [JSONValue] = [
        "CONCEPT_SELECTION", "STORY_CONCEPTION", "WORLDVIEW", "CHARACTERS", "PLOT_OUTLINE", 7,
    ]

    mutating func play(steps: Int) {
        tell(command("Start", ["theme": "sea"]))
        for _ in 0..<steps {
            switch Int.random(in: 0..<100, using: &dice) {
            case 0..<30: if let message = answer() { tell(message) }
            case 30..<62: tell(reply())
            case 62..<74: tell(command(pick(Self.others), ["stage": pick(Self.stages)]))
            case 74..<80: if let again = told.randomElement(using: &dice) { tell(again) }
            case 80..<84: held.append(Bool.random(using: &dice) ? reply() : answer() ?? reply())
            case 84..<88: if !held.isEmpty { tell(held.removeFirst()) }
            case 88..<98: pass(pick([1, 30, 70, 400, 4_000, 90_000]))
            case 98: pass(8 * 86_400)
            default: tell(command(pick(["Abandon", "Fail"]), ["reason": "dice"]))
            }
            if !session.faults.isEmpty { return }
        }
    }

    /// Brings the session to its end, if it has not ended.
    mutating func end() {
        if session.session?.status.hasEnded != true { tell(command("Abandon", [:])) }
    }

    private mutating func reply() -> SessionMessage {
        var payload: JSONObject = ["concept_ids": pick([["a"], [], ["a", "b"], "x"])]
        if Int.random(in: 0..<4, using: &dice) == 0 { payload["draft"] = .int(Int.random(in: 0..<4, using: &dice)) }
        if Int.random(in: 0..<4, using: &dice) == 0 { payload["stage"] = pick(Self.stages) }
        var message = command(pick(Self.replies), .object(payload))
        // Half of the time what is waited for, so that sessions get somewhere.
        if Bool.random(using: &dice), let takes = session.wait?.resumeHandle["replies"].array {
            message.type = pick(takes).string ?? message.type
        }
        switch Int.random(in: 0..<4, using: &dice) {
        case 0: message.correlationID = session.handles.randomElement(using: &dice)?.correlationID
        case 1: message.correlationID = session.wait?.correlationID
        default: break
        }
        return message
    }

    private mutating func command(_ name: String, _ payload: JSONValue) -> SessionMessage {
        count += 1
        let id = MessageID(derivedFrom: "random", "\(count)")
        return SessionMessage(
            kind: .command,
            id: id,
            idempotencyKey: id.description,
            type: "Command.Genesis.Session." + name,
            tenantID: "default",
            sessionID: session.sessionID,
            payload: payload,
            source: "kafka"
        )
    }

    private mutating func answer() -> SessionMessage? {
        let open = session.tasks.filter(\.status.isOpen)
        let some = Int.random(in: 0..<5, using: &dice) == 0 ? session.tasks : open
        guard let task = some.randomElement(using: &dice), let actor = session.workflow.actors[task.taskType] else {
            return nil
        }
        let half = Percentage("50") ?? .zero
        let kind: AgentAnswer.Kind =
            switch Int.random(in: 0..<10, using: &dice) {
            case 0: .started(node: "n")
            case 1: .progressed(half, message: "m", details: ["page": 1])
            case 2: .failed(code: "MODEL", message: "no", retryable: true, details: .null)
            case 3: .failed(code: "INVALID_INPUT", message: "no", retryable: false, details: .null)
            case 4: .completed(type: "Of.Another.Kind", output: [:])
            case 5: .completed(type: actor.resultType, output: "no object")
            default: .completed(type: actor.resultType, output: ["text": "t"])
            }
        count += 1
        let id = MessageID(derivedFrom: "random", "\(count)")
        let isOld = Int.random(in: 0..<8, using: &dice) == 0
        return SessionMessage(
            kind: .answer(AgentAnswer(taskID: task.id, attempt: isOld ? 1 : task.attempt, kind: kind)),
            id: id,
            idempotencyKey: id.description,
            type: "Answer",
            tenantID: "default",
            sessionID: session.sessionID,
            payload: [:],
            source: "kafka"
        )
    }

    private mutating func tell(_ message: SessionMessage) {
        let row = session.tell(message)
        told.append(message)
        let name = message.type.split(separator: ".").suffix(2).joined(separator: ".")
        if case .answer(let answer) = message.kind {
            log.append("\(answer.kind) \(row?.verdict?.rawValue ?? "-")")
        } else {
            log.append("\(name) \(message.payload.text) \(row?.verdict?.rawValue ?? "-")")
        }
    }

    private mutating func pass(_ seconds: Int) {
        session.pass(.seconds(Int64(seconds)))
        log.append("+\(seconds)s")
    }

    private mutating func pick<Value>(_ values: [Value]) -> Value {
        values[Int.random(in: 0..<values.count, using: &dice)]
    }
}

/// A small generator that a seed determines.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var word = state
        word = (word ^ (word >> 30)) &* 0xbf58_476d_1ce4_e5b9
        word = (word ^ (word >> 27)) &* 0x94d0_49bb_1331_11eb
        return word ^ (word >> 31)
    }
}
