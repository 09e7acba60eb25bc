/// Besides `genesis.yaml`: a flow that goes through tasks, retries, waits, deadlines and timers within seconds, and
/// ends by itself.
enum ChaosWorkflow {
    static let name = "chaos"
    static let request = "Chaos.Work.Requested"

    static let source = """
        workflow: chaos
        version: 1.0.0
        setup:
          guards:
            enough: '.context.turns >= 3'
            notDone: '.session.status != "PAUSED"'
            isPaused: '.session.status == "PAUSED"'
          actions:
            count: { assign: '{ turns: (.context.turns + 1), draft: (.context.draft + 1) }' }
            keep: { assign: '{ last: .event.payload }' }
            pauseSession: { session: pause }
            unpauseSession: { session: unpause }
            sayAsked: { emit: Genesis.Session.ConceptProposed, payload: '{ turn: .context.turns }' }
            sayAnswered: { emit: Genesis.Session.ConceptConfirmed, payload: '{ turn: .context.turns }' }
            sayAgain: { emit: Genesis.Session.SeedRequested, payload: '{ turn: .context.turns }' }
            sayExpired: { emit: Genesis.Session.Chaos.Expired, payload: '{ turn: .context.turns }' }
            sayHelpless: { emit: Genesis.Session.Chaos.Helpless, payload: '{ turn: .context.turns }' }
            sayPaused: { emit: Genesis.Session.Paused, payload: '.event.payload' }
            sayUnpaused: { emit: Genesis.Session.Unpaused, payload: '.event.payload' }
            sayAbandoned: { emit: Genesis.Session.Abandoned, payload: '{ turn: .context.turns }' }
            sayFinished: { emit: Genesis.Session.Finished, payload: '{ turn: .context.turns }' }
          delays:
            replyLimit: PT1.5S
          actors:
            Chaos.Work.Generation:
              topic: genesis.outline.tasks
              timeouts: { queue: PT3S, attempt: PT3S, heartbeat: PT2S, total: PT9S }
              retry: { maxAttempts: 3, initial: PT0.1S, factor: 2, cap: PT0.4S, nonRetryable: [INVALID_INPUT] }
              output: { type: object }
        machine:
          id: chaos
          initial: CONCEPT_SELECTION
          context: { input: null, turns: 0, draft: 0, last: null }
          on:
            Command.Genesis.Session.Abandon: { target: .ABANDONED, actions: [sayAbandoned] }
            Command.Genesis.Session.Pause: { guard: notDone, actions: [pauseSession, sayPaused] }
            Command.Genesis.Session.Unpause: { guard: isPaused, actions: [unpauseSession, sayUnpaused] }
          states:
            CONCEPT_SELECTION:
              initial: generating
              states:
                generating:
                  entry: [count]
                  invoke:
                    src: Chaos.Work.Generation
                    input: '{ turn: .context.turns }'
                    onDone: { target: awaitingReply, actions: [sayAsked] }
                    onError: { target: resting, actions: [sayHelpless] }
                awaitingReply:
                  meta:
                    park: { expires: replyLimit, reminders: [PT0.7S], draft: '.context.draft' }
                  on:
                    Command.Genesis.Session.Seed.Request: { target: resting, actions: [keep, sayAgain] }
                    Command.Genesis.Session.Concept.Confirm: { target: resting, actions: [keep, sayAnswered] }
                    park.expired: { target: resting, actions: [sayExpired] }
                resting:
                  after:
                    200:
                      - { guard: enough, target: '#chaos.FINISHED', actions: [sayFinished] }
                      - { target: generating }
            FINISHED: { type: final, tags: [completed] }
            ABANDONED: { type: final, tags: [abandoned] }

        """
}
