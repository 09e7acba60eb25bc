import Orchestration
import OrchestrationTesting
import Testing
import WorkflowFiles

/// A workflow with one task and one wait, for what the large one does not show.
enum SmallWorkflow {
    /// - Parameters:
    ///   - output: the schema of the actor's result.
    ///   - park: more members of the wait's `park`.
    static func text(output: String = "true", park: String = "") -> String {
        """
        workflow: small
        version: 1.0.0
        setup:
          actions:
            pauseSession: { session: pause }
            unpauseSession: { session: unpause }
            sayPaused: { emit: Genesis.Session.Paused }
            sayUnpaused: { emit: Genesis.Session.Unpaused }
          actors:
            Writer.Draft.Generation:
              topic: draft.tasks
              timeouts: { queue: PT5M, attempt: PT5M, heartbeat: PT5M, total: PT1H }
              retry: { maxAttempts: 2, initial: PT1S, cap: PT1S }
              output: \(output)
        machine:
          id: small
          initial: STORY_CONCEPTION
          context: { editors: [ann, bob], draft: 0 }
          on:
            Command.Genesis.Session.Pause: { actions: [pauseSession, sayPaused] }
            Command.Genesis.Session.Unpause: { actions: [unpauseSession, sayUnpaused] }
            Command.Genesis.Session.Abandon: { target: .GONE }
            Command.Genesis.Session.Navigate: { target: .STORY_CONCEPTION }
            Command.Genesis.Session.Finish: { target: .DONE }
          states:
            STORY_CONCEPTION:
              initial: generating
              states:
                generating:
                  invoke:
                    src: Writer.Draft.Generation
                    input: '{ input: .context.input }'
                    onDone:
                      target: asking
                      actions: [{ type: assign, params: { expr: '{ proposal: .event.output, draft: (.context.draft + 1) }' } }]
                    onError: { target: needsHelp }
                asking:
                  meta: { park: { expires: P7D, draft: .context.draft\(park) } }
                  on:
                    Command.Genesis.Session.Theme.Confirm: { target: '#small.DONE' }
                    Command.Genesis.Session.Theme.Request: { target: generating }
                    park.expired: { target: '#small.GONE' }
                needsHelp:
                  meta: { park: { expires: P7D } }
                  on:
                    Command.Genesis.Session.Task.Retry: { target: generating }
                    park.expired: { target: '#small.GONE' }
            DONE: { type: final }
            GONE: { type: final, tags: [abandoned] }
        """
    }

    static func read(output: String = "true", park: String = "") throws -> Workflow {
        let (workflow, findings) = WorkflowFileReader().read(
            source: text(output: output, park: park),
            file: "small.yaml"
        )
        return try #require(workflow, "\(findings.map(\.description))")
    }

    /// A session of it that has started, and waits for its first draft.
    static func started(output: String = "true", park: String = "") throws -> SessionSpecification {
        var session = SessionSpecification(try read(output: output, park: park))
        session.command("Start", user: "ann")
        return session
    }
}
