internal import Orchestration

/// An open wait, as people find it.
struct Wait: Sendable {
    var id: String
    var session: String
    var tenant: String
    var correlation: String
    var state: String
    var draft: Int

    init?(_ row: [String?]) {
        let values = row.compactMap { $0 }
        guard values.count == 6, let draft = Int(values[5]) else { return nil }
        (id, session, tenant) = (values[0], values[1], values[2])
        (correlation, state, self.draft) = (values[3], values[4], draft)
    }
}

extension Clients {
    func decide(_ wait: Wait) {
        if wait.state.hasPrefix("chaos") { decideOnChaos(wait) } else { decideOnGenesis(wait) }
    }

    private func decideOnChaos(_ wait: Wait) {
        let throwOf = dice.number(0...99)
        let draft: JSONObject = ["draft": .int(wait.draft)]
        let reply = command("Concept.Confirm", wait, draft)
        switch throwOf {
        case 0..<50: offer(reply, copies: dice.number(1...3), after: dice.number(0...500), viaInbox: dice.percent(12))
        case 50..<60:
            offer(command("Concept.Confirm", wait, ["draft": .int(wait.draft + 7)]), copies: 1, after: 0)
            offer(reply, copies: 1, after: dice.number(50...400))
        case 60..<70:
            let delay = dice.number(0...300)
            offer(reply, copies: 1, after: delay)
            offer(command("Seed.Request", wait, draft), copies: 1, after: delay)
        // At the deadline, give or take.
        case 70..<78: offer(reply, copies: 2, after: 1_460 + dice.number(0...80))
        case 78..<82: offer(command("Abandon", wait, [:], named: false), copies: 2, after: dice.number(0...900))
        case 82..<86:
            offer(command("Pause", wait, [:], named: false), copies: 1, after: dice.number(0...200))
            offer(reply, copies: 1, after: dice.number(200...500))
            offer(command("Unpause", wait, [:], named: false), copies: 1, after: 700)
        default: break  // silence: the wait expires
        }
        // When the wait is over: the same reply once more, and one that names the wait and is new.
        if throwOf < 70, dice.percent(25) { offer(reply, copies: 1, after: 2_500) }
        if dice.percent(20) { offer(command("Concept.Confirm", wait, draft), copies: 1, after: 3_000) }
    }

    private func decideOnGenesis(_ wait: Wait) {
        guard dice.percent(90) else { return }
        let states = wait.state.split(separator: ".").map(String.init)
        let (type, payload): (String, JSONObject) =
            switch (states.dropFirst().first ?? "", states.last ?? "") {
            case (_, "needsHelp"), (_, "needsHelpWithDetails"): ("Task.Retry", [:])
            case ("CONCEPT_SELECTION", _):
                dice.percent(25)
                    ? ("Seed.Request", ["feedback": "darker"]) : ("Concept.Confirm", ["concept_ids": ["c1"]])
            case ("STORY_CONCEPTION", _): ("Theme.Confirm", ["note": "good"])
            case ("WORLDVIEW", _): ("World.Confirm", [:])
            case ("CHARACTERS", _): ("Character.Confirm", [:])
            case ("PLOT_OUTLINE", "readyToFinish"): ("Finish", [:])
            default: ("Plot.Confirm", [:])
            }
        offer(command(type, wait, payload), copies: dice.number(1...3), after: dice.number(0...300))
    }

    /// Before there is a question to answer.
    func replyEarly(_ request: WorkRequest, _ dice: inout Dice) {
        let reply = ClientCommand(
            "Concept.Confirm",
            to: request.session,
            of: request.tenant,
            ["early": true],
            dice: &dice
        )
        offer(reply, copies: dice.number(1...2), after: 0)
    }

    /// An operator has no patience with a task.
    func cancel(_ request: WorkRequest, _ dice: inout Dice) {
        let command = ClientCommand(
            "Task.Cancel",
            to: request.session,
            of: request.tenant,
            ["task_id": .string(request.task), "reason": "it takes too long"],
            dice: &dice
        )
        offer(command, copies: dice.number(1...2), after: dice.number(0...200))
    }

    private func command(_ type: String, _ wait: Wait, _ payload: JSONObject, named: Bool = true) -> ClientCommand {
        ClientCommand(
            type,
            to: wait.session,
            of: wait.tenant,
            payload,
            correlation: named ? wait.correlation : nil,
            dice: &dice
        )
    }
}
