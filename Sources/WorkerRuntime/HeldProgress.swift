internal import Orchestration

/// Progress on its way to its task's row: an agent may tell it a thousand times a second, it is written once.
///
/// What is held for a task is folded into one message: the largest share, the last text, the last details. Whatever else
/// a session is told takes its progress along, in front, so that nothing is decided without it.
struct HeldProgress {
    /// For how many tasks progress is held; more is written at once.
    static let tasksMax = 10_000

    private var byTask: [TaskID: SessionMessage] = [:]

    var isEmpty: Bool { byTask.isEmpty }

    /// What is to be decided now; which places among the messages that had, nil for what had been held; and what had been
    /// held, to be put back when it is not committed.
    mutating func hold(
        _ messages: [SessionMessage]
    ) -> (now: [SessionMessage], places: [Int?], wereHeld: [SessionMessage]) {
        var (now, places, wereHeld): ([SessionMessage], [Int?], [SessionMessage]) = ([], [], [])
        for (place, message) in messages.enumerated() {
            if let task = message.progressedTask, byTask[task] != nil || byTask.count < Self.tasksMax {
                put(message, of: task)
                continue
            }
            let own = byTask.filter { $0.value.sessionID == message.sessionID }
            for (task, held) in own {
                byTask[task] = nil
                wereHeld.append(held)
                now.append(held)
                places.append(nil)
            }
            now.append(message)
            places.append(place)
        }
        return (now, places, wereHeld)
    }

    mutating func putBack(_ messages: [SessionMessage]) {
        for message in messages {
            guard let task = message.progressedTask else { continue }
            let newer = byTask.updateValue(message, forKey: task)
            if let newer { put(newer, of: task) }
        }
    }

    mutating func takeAll() -> [SessionMessage] {
        defer { byTask = [:] }
        return Array(byTask.values)
    }

    private mutating func put(_ message: SessionMessage, of task: TaskID) {
        byTask[task] = byTask[task].map { $0.followed(by: message) } ?? message
    }
}

extension SessionMessage {
    /// The task whose progress this is.
    fileprivate var progressedTask: TaskID? {
        guard case .answer(let answer) = kind, case .progressed = answer.kind else { return nil }
        return answer.taskID
    }

    /// This progress and a later one as one.
    fileprivate func followed(by later: SessionMessage) -> SessionMessage {
        guard case .answer(let first) = kind, case .answer(var last) = later.kind,
            case .progressed(let share, let text, let details) = first.kind,
            case .progressed(let lastShare, let lastText, let lastDetails) = last.kind, first.attempt <= last.attempt
        else { return self }
        guard first.attempt == last.attempt else { return later }
        var message = later
        last.kind = .progressed(
            max(share, lastShare),
            message: lastText ?? text,
            details: lastDetails.isNull ? details : lastDetails
        )
        message.kind = .answer(last)
        return message
    }
}
