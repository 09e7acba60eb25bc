internal import KafkaTransport
internal import Orchestration

/// What agents do with a request: most work, some fail, repeat themselves, or forget.
extension Clients {
    func work(on request: WorkRequest) {
        let times = self.times(request)
        let ids = EventID(derivedFrom: "agent", request.task, "\(request.attempt)", "\(times)")
        var dice = Dice(seed: ids.high ^ seedOfAgents)
        if isDraining { return complete(request, after: 0, copies: 1) }
        if dice.percent(30) {
            tell(request, "Task.Started", ["node": "agent"], after: 0)
            tell(request, "Task.Progressed", ["progress": .int(dice.number(1...99))], after: dice.number(0...60))
        }
        if request.isOfChaos, dice.percent(10) { replyEarly(request, &dice) }
        if request.isOfChaos, dice.percent(4) { cancel(request, &dice) }
        let delay = dice.number(0...150)
        switch dice.number(0...99) {
        case 0..<12: fail(request, retryable: true, after: delay, copies: dice.number(1...2))
        case 12..<15 where request.isOfChaos: fail(request, retryable: false, after: delay, copies: 1)
        case 15..<18 where request.isOfChaos: break  // forgotten: its deadline will pass
        default:
            complete(request, after: delay, copies: dice.number(1...3))
            // And once more when nobody waits for it any longer.
            if dice.percent(8) { complete(request, after: 1_500, copies: 1) }
        }
    }

    private func tell(_ request: WorkRequest, _ type: String, _ fields: JSONObject, after delay: Int) {
        let answer = request.answer(type, fields)
        later(delay) { await $0.send(answer.record, nil) }
    }

    private func complete(_ request: WorkRequest, after delay: Int, copies: Int) {
        repeated(
            request,
            request.resultType,
            ["output": ["concepts": [["id": "c1", "title": "A lighthouse"]]]],
            delay,
            copies
        )
    }

    private func fail(_ request: WorkRequest, retryable: Bool, after delay: Int, copies: Int) {
        let fields: JSONObject = [
            "code": "OVERLOADED", "message": "thrown by the dice", "retryable": .bool(retryable),
        ]
        repeated(request, SessionMessages.taskFailed, fields, delay, copies)
    }

    private func repeated(_ request: WorkRequest, _ type: String, _ fields: JSONObject, _ delay: Int, _ copies: Int) {
        let answer = request.answer(type, fields)
        for copy in 1...copies {
            later(delay + (copy - 1) * 100) {
                await $0.send(answer.record, request.history(id: answer.id, type: type, copy: copy))
            }
        }
    }
}
