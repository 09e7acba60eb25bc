internal import Orchestration

/// `tasks retry`, `skip`, `complete` and `cancel`: an operator's command about one task.
enum OperatedTask {
    static let specifications = [
        specification(.retry, "retry", "Begin another attempt of a task, or a new task after a failed one."),
        specification(.skip, "skip", "End a task without a result, and let the session go on."),
        specification(.complete, "complete", "End a task with a result of your own, and let the session go on."),
        specification(.cancel, "cancel", "End a task as failed; the session goes on as after any failure."),
    ]

    private static func specification(
        _ command: OperatorCommand,
        _ name: String,
        _ summary: String
    ) -> CommandSpecification {
        let isCompleting = command == .complete
        let output = CommandSpecification.Option(
            name: "output",
            valueName: "JSON",
            summary: "The result; must fit as an agent's must. @FILE reads a file."
        )
        return CommandSpecification(
            name: name,
            summary: summary,
            examples: [
                "genesis tasks \(name) 01234567-89ab-4cde-8f01-23456789abcd --reason \"agent hangs\""
                    + (isCompleting ? #" --output '{"title":"Sea"}'"# : "")
            ],
            positionals: [.init(name: "ID", summary: "The task's id.")],
            options: [
                .init(name: "reason", valueName: "TEXT", summary: "Why; kept with the event."),
                .init(name: "user", valueName: "USER", summary: "Who says so; by default $USER."),
            ] + (isCompleting ? [output] : []) + SentCommand.options,
            run: { invocation in
                let id = try invocation.identifier("ID", of: TaskKind.self)
                var payload: JSONObject = ["task_id": JSONValue(id)]
                if let reason = invocation.value("reason") { payload["reason"] = .string(reason) }
                if isCompleting {
                    guard let output = try invocation.json("output") else {
                        throw CommandFailure.usage("--output is missing: what is the result of the task?")
                    }
                    payload["output"] = output
                }
                let task = try await invocation.withQueries { try await $0.task(id) }
                guard let task else { throw CommandFailure.notSo("there is no task \(id)") }
                var sent = SentCommand(type: command.rawValue, session: task.sessionID, payload: .object(payload))
                sent.tenant = task.tenantID
                sent.user = invocation.surroundings.environment["USER"] ?? "operator"
                try await sent.send(for: invocation)
            }
        )
    }
}
