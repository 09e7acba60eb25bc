/// The keys that each part of a workflow file may have, besides `description`, which may stand anywhere.
///
/// `Workflows/workflow.schema.json` names the same ones; a test compares them.
enum WorkflowKeys {
    static let file = ["$schema", "workflow", "version", "setup", "machine"]
    static let setup = ["guards", "actions", "delays", "actors"]
    static let actor = [
        "executor", "topic", "request", "response", "concurrency", "timeouts", "retry", "output", "result",
    ]
    /// Of an actor whose executor is `http`.
    static let request = ["url", "method", "headers", "body"]
    static let secret = ["file", "prefix"]
    static let timeouts = ["queue", "attempt", "heartbeat", "total"]
    static let retry = ["maxAttempts", "initial", "factor", "cap", "nonRetryable", "statuses"]
    static let state = [
        "id", "type", "initial", "states", "entry", "exit", "on", "always", "after", "invoke", "onDone", "history",
        "target", "tags", "meta", "output",
    ]
    /// Of the machine itself, besides those of a state.
    static let machine = ["$schema", "context", "version"]
    static let initial = ["target", "actions"]
    static let transition = ["target", "guard", "actions", "reenter", "meta"]
    static let invocation = ["id", "src", "input", "onDone", "onError"]
    static let park = ["expires", "reminders", "draft", "correlation", "context", "schemas", "allowed"]
    /// Of an inline guard or action.
    static let inline = ["type", "params"]
}
