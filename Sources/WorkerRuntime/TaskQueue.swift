internal import Orchestration

/// The queue of tasks that take turns: gives agents' tasks out, and does those of the worker itself.
///
/// A task of the worker is a call on its way and a lease in the database. The lease is renewed while the call runs; when
/// it cannot be renewed, the call is given up, and whatever it might still bring changes nothing. What a call brings
/// goes in at the left end like an agent's answer.
actor TaskQueue {
    private struct Call {
        var claimed: ClaimedTask
        var lease: TaskLease
        /// Until when the lease holds for certain: counted from before it was last renewed.
        var trustedUntil: ContinuousClock.Instant
        var work: Task<Void, Never>
        /// What it brought is being written.
        var isEnding = false
    }

    private let settings: WorkerSettings
    private let store: any Store
    private let committer: Committer
    private let catalog: WorkflowCatalog
    /// Nil in a worker that does no tasks itself.
    private let caller: (any HTTPCaller)?
    private let log: any LogSink
    /// Rung by this process's commits when a task waits for its turn, and by calls that end.
    private let bell: Bell
    private var calls: [TaskID: Call] = [:]
    private var failure: WorkerFailure?

    init(
        settings: WorkerSettings,
        store: any Store,
        committer: Committer,
        catalog: WorkflowCatalog,
        caller: (any HTTPCaller)?,
        bell: Bell,
        log: any LogSink
    ) {
        self.settings = settings
        self.store = store
        self.committer = committer
        self.catalog = catalog
        self.caller = caller
        self.bell = bell
        self.log = log
    }

    /// Works until cancelled; then lets calls end for a while, and hands the rest back.
    func run() async throws {
        guard caller != nil else { return await Self.untilCancelled() }
        var hindrance = Hindrance("cannot give tasks their turn", settings, log)
        var idle = Backoff(initial: settings.taskPollInterval, longest: settings.idlePollMax)
        var renewAt = ContinuousClock.now
        while !Task.isCancelled {
            do throws(StoreError) {
                if ContinuousClock.now >= renewAt {
                    renewAt = ContinuousClock.now + .microseconds(settings.leaseRenewInterval.microseconds)
                    try await renew()
                }
                let taken = try await takeTurns()
                hindrance.passed()
                if let failure { throw StoreError.broken(reason: failure.description) }
                if taken > 0 { idle.reset() }
                // Leases of calls on their way must be renewed in time.
                if taken == 0 { await bell.wait(atMost: calls.isEmpty ? idle.advance() : settings.taskPollInterval) }
            } catch {
                switch error {
                case .broken(let reason): throw WorkerFailure(reason)
                case .conflict, .duplicate, .fenced, .unavailable, .exhausted, .refused:
                    giveUpUntrusted()
                    await hindrance.pause(error.reason)
                }
            }
        }
        await finish()
    }

    private static func untilCancelled() async {
        while !Task.isCancelled { try? await Task.sleep(for: .seconds(3_600)) }
    }

    // MARK: Turns

    /// Claims as many tasks as there is room for; how many.
    private func takeTurns() async throws(StoreError) -> Int {
        let room = max(0, settings.tasksMax - calls.count)
        var claim = TaskClaim(
            owner: settings.node,
            limit: room > 0 ? room : settings.tasksMax,
            lease: settings.turnLease
        )
        claim.types = await catalog.concurrency
        // Agents' tasks need no room here, and do not wait for it.
        if room == 0 { for type in await catalog.ownTypes { claim.types[type] = 0 } }
        claim.perTenant = settings.tasksPerTenant
        claim.perUser = settings.tasksPerUser
        let before = ContinuousClock.now
        let claimed = try await store.claimTasks(claim)
        guard !claimed.isEmpty else { return 0 }
        try await begin(claimed)
        var own: [(ClaimedTask, Workflow, Actor, HTTPRecipe)] = []
        for one in claimed {
            guard let workflow = try await catalog.workflow(hash: one.workflowHash),
                let actor = workflow.actors[one.task.taskType], case .http(let recipe) = actor.executor
            else { continue }
            own.append((one, workflow, actor, recipe))
        }
        let leases = own.map {
            TaskLease(task: $0.0.task.id, attempt: $0.0.task.attempt, duration: $0.2.timeouts.heartbeat)
        }
        let running = Set(try await store.renewLeases(leases))
        for ((one, workflow, actor, recipe), lease) in zip(own, leases) where running.contains(lease.task) {
            let work = Task { await self.call(one.task, workflow, actor, recipe) }
            let trusted = before + .microseconds(lease.duration.microseconds)
            calls[one.task.id] = Call(claimed: one, lease: lease, trustedUntil: trusted, work: work)
        }
        return claimed.count
    }

    /// Decides what a turn means: an agent is asked, or the worker begins.
    private func begin(_ claimed: [ClaimedTask]) async throws(StoreError) {
        let messages = claimed.map { one in
            SessionMessage(
                due: DueInput(
                    sessionID: one.task.sessionID,
                    tenantID: one.task.tenantID,
                    kind: .turn(one.task.id, attempt: one.task.attempt, node: settings.node),
                    dueAt: one.task.notBefore ?? one.task.createdAt
                )
            )
        }
        for message in messages where try await !settle(message) {
            // Its lease runs out, and the attempt ends with it.
            log.error("a task cannot begin", LogField("session_id", message.sessionID))
        }
    }

    /// Commits one message; false when it cannot be.
    private func settle(_ message: SessionMessage) async throws(StoreError) -> Bool {
        do {
            switch try await committer.commit(
                [message],
                base: CommitBatch(),
                isMoved: { () async throws(StoreError) in false }
            ) {
            case .done: return true
            case .fenced(let reason), .refused(let reason):
                log.error(
                    "what a task leads to was not written",
                    LogField("session_id", message.sessionID),
                    LogField("reason", reason)
                )
                return false
            }
        } catch {
            throw .broken(reason: "\(error)")
        }
    }

    // MARK: Leases

    private func renew() async throws(StoreError) {
        giveUpUntrusted()
        guard !calls.isEmpty else { return }
        let before = ContinuousClock.now
        let asked = calls.values.map(\.lease)
        let renewed = Set(try await store.renewLeases(asked))
        for lease in asked {
            guard renewed.contains(lease.task) else {
                giveUp(lease, "its lease is over: cancelled, repeated or answered")
                continue
            }
            if calls[lease.task]?.lease == lease {
                calls[lease.task]?.trustedUntil = before + .microseconds(lease.duration.microseconds)
            }
        }
    }

    /// A lease that could not be renewed in time may be another worker's by now.
    private func giveUpUntrusted() {
        let now = ContinuousClock.now
        for call in calls.values where call.trustedUntil <= now { giveUp(call.lease, "its lease could not be renewed") }
    }

    private func giveUp(_ lease: TaskLease, _ reason: String) {
        guard let call = calls[lease.task], call.lease == lease, !call.isEnding else { return }
        calls[lease.task] = nil
        call.work.cancel()
        log.warning(
            "gave a task up",
            LogField("task_id", lease.task),
            LogField("attempt", lease.attempt),
            LogField("reason", reason)
        )
    }

    // MARK: Calls

    /// The whole of one attempt; its end is committed here.
    private func call(_ task: AsyncTask, _ workflow: Workflow, _ actor: Actor, _ recipe: HTTPRecipe) async {
        guard let caller else { return }
        var secrets: [String] = []
        let outcome: Result<HTTPResponse, HTTPFailure>
        do throws(HTTPFailure) {
            let request = try recipe.request(
                for: task,
                timeout: actor.timeouts.attempt,
                expressions: workflow.expressions
            ) { name throws(HTTPFailure) in
                let secret = try caller.secret(name)
                secrets.append(secret)
                return secret
            }
            outcome = await caller.send(request)
        } catch {
            outcome = .failure(error)
        }
        // Given up: whoever did that knows why, and nothing is to be said.
        if Task.isCancelled { return }
        if calls[task.id]?.lease.attempt == task.attempt { calls[task.id]?.isEnding = true }
        let answer = recipe.answer(
            outcome,
            of: task,
            actor: actor,
            expressions: workflow.expressions,
            hiding: secrets
        )
        await tell(answer, of: task)
        if calls[task.id]?.lease.attempt == task.attempt { calls[task.id] = nil }
        await bell.ring()
    }

    private func tell(_ answer: AgentAnswer, of task: AsyncTask) async {
        do throws(StoreError) {
            _ = try await settle(SessionMessage(answer, of: task))
        } catch {
            failure = failure ?? WorkerFailure(error.reason)
        }
    }

    /// Lets what runs come to its end for a while; the rest is another worker's, as another attempt.
    private func finish() async {
        let end = ContinuousClock.now + .microseconds(settings.lastCallsLimit.microseconds)
        var renewAt = ContinuousClock.now
        while !calls.isEmpty, ContinuousClock.now < end {
            if ContinuousClock.now >= renewAt {
                renewAt = ContinuousClock.now + .microseconds(settings.leaseRenewInterval.microseconds)
                try? await renew()
            }
            // Not `Task.sleep`, which ends at once here: this task has been cancelled.
            await Task { await self.bell.wait(atMost: .milliseconds(50)) }.value
        }
        for call in calls.values where !call.isEnding {
            call.work.cancel()
            let task = call.claimed.task
            let back = AgentAnswer.Kind.handedBack(reason: "the worker \(settings.node) was stopped")
            await tell(AgentAnswer(taskID: task.id, attempt: task.attempt, kind: back), of: task)
        }
        calls = [:]
    }
}

extension SessionMessage {
    /// What the worker itself says about a task. The id is derived: each attempt ends once.
    init(_ answer: AgentAnswer, of task: AsyncTask) {
        let subject = "\(task.id)/\(answer.attempt)"
        self.init(
            kind: .answer(answer),
            id: MessageID(derivedFrom: "task.end", subject),
            idempotencyKey: "\(Self.workerKeyPrefix)task.end/\(subject)",
            type: answer.type,
            tenantID: task.tenantID,
            sessionID: task.sessionID,
            payload: answer.payload,
            correlationID: task.correlationID,
            source: Self.workerSource
        )
    }
}
