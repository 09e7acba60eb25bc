/// What an operator may do with a task: payload `{task_id, output?, reason}`.
package enum OperatorCommand: String, CaseIterable, Sendable {
    /// Another attempt of an open task; after a failed one, whatever the workflow does with `Task.Retry`.
    case retry = "Command.Genesis.Session.Task.Retry"
    /// The task fails now, and the workflow goes on as after any failure.
    case cancel = "Command.Genesis.Session.Task.Cancel"
    /// The task ends with the result in the payload, which must fit as an agent's must.
    case complete = "Command.Genesis.Session.Task.Complete"
    /// The task ends with the result `null`, whatever its schema says.
    case skip = "Command.Genesis.Session.Task.Skip"

    /// The event that records it.
    package var eventType: String {
        switch self {
        case .retry: "Genesis.Session.Task.Retried"
        case .cancel: "Genesis.Session.Task.Cancelled"
        case .complete: "Genesis.Session.Task.Completed"
        case .skip: "Genesis.Session.Task.Skipped"
        }
    }
}

extension SessionMessage {
    /// The task that an operator's command names, so that its row is loaded though it may have ended.
    package var operatedTask: TaskID? {
        guard kind == .command, OperatorCommand(rawValue: type) != nil else { return nil }
        return payload["task_id"].string.flatMap { TaskID($0) }
    }
}
