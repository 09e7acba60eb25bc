// Commands and replies: who may say what, when.

extension Turn {
    /// How many inputs a paused session keeps; more are refused, so that nobody can fill the table.
    static let keptInputsMax = 1_000

    mutating func deliverCommand(_ message: SessionMessage) {
        if let reason = oversize(message) { return refuse(message, .invalid, reason) }
        guard let session = scope.session else {
            if message.type == SessionMessages.start {
                start(message)
            } else {
                refuse(message, .unknown, message.noSuchSession)
            }
            return
        }
        if message.type == SessionMessages.start {
            return refuse(message, .notAllowed, "session \(session.id) has already started")
        }
        // Anybody could end a wait with the name of its deadline, or a task with the name of its result.
        if EventName.isReserved(message.type) {
            return refuse(message, .invalid, "`\(message.type)` is sent by the worker alone")
        }
        if let (verdict, reason) = verdictOfNamedWait(message) { return refuse(message, verdict, reason) }
        if operate(message) { return }
        if session.status.hasEnded {
            return refuse(message, .wrongStage, "the session is \(session.status.rawValue); nothing can follow")
        }
        guard workflow.chart.names(message.type) else {
            return refuse(
                message,
                .invalid,
                "no state of workflow \(workflow.name) \(workflow.version) takes `\(message.type)`"
            )
        }
        if session.status == .paused, !workflow.chart.rootNames(message.type) {
            if let (verdict, reason) = verdictOfKeptReply(message) { return refuse(message, verdict, reason) }
            return keep(message)
        }
        if let reason = staleDraft(message) { return refuse(message, .staleAttempt, reason) }
        if let (verdict, reason) = verdictOfReply(message) { return refuse(message, verdict, reason) }
        switch step(.event(type: message.type, payload: message.payload)) {
        case .failure(let failure) where failure.isOfSize: refuse(message, .invalid, "\(failure)")
        case .failure(let failure): raiseIncident(failure, message)
        case .success(let step): follow(step, message)
        }
    }

    private mutating func follow(_ step: ChartStep, _ message: SessionMessage) {
        switch step.outcome {
        case .taken:
            if let earlier = stillPending(like: message, after: step) {
                return refuse(message, behind: earlier)
            }
            apply(step, Cause(message: message, trigger: message.id, expired: nil))
            let isWorking = scope.tasks.contains { $0.status.isOpen && $0.triggeredByCommandID == message.id }
            record(message, isWorking ? .processing : .completed, .accepted)
        case .refused(let nodes):
            let isReply = nodes.contains { workflow.chart.nodes[$0].park != nil }
            refuse(
                message,
                isReply ? .invalid : .notAllowed,
                "the guard of `\(message.type)` in \(nodes.map { workflow.chart.nodes[$0].id }.joined(separator: ", "))"
                    + " says no to this payload"
            )
        case .notTaken, .stale, .ended:
            if let earlier = stillPending(like: message, after: step) {
                return refuse(message, behind: earlier)
            }
            keepEarlyReply(message)
        }
    }

    private mutating func start(_ message: SessionMessage) {
        if let earlier = scope.pendingCommands.first(where: { $0.commandType == message.type && $0.id != message.id }) {
            return refuse(message, .duplicatePending, "\(message.type) \(earlier.id) has not been decided yet")
        }
        var definition = workflow.chart
        definition.context = .object((definition.context.object ?? [:]).merging(["input": message.payload]))
        scope.session = GenesisSession(
            id: message.sessionID,
            tenantID: message.tenantID,
            userID: message.userID,
            status: .inProgress,
            currentStage: .conceptSelection,
            confirmedData: [:],
            novelID: nil,
            workflowName: workflow.name,
            workflowVersion: workflow.version,
            workflowHash: workflow.hash,
            state: [:],
            nextTimerAt: nil,
            correlationID: message.correlationID ?? message.sessionID.description,
            version: 0,
            createdAt: now,
            updatedAt: now
        )
        do {
            let step = try Self.bounded(
                try Interpreter.step(
                    definition,
                    ChartState(),
                    .start,
                    session: sessionView,
                    now: now,
                    expressions: workflow.expressions
                )
            )
            said = [
                (
                    Self.started,
                    [
                        "user_id": JSONValue(message.userID), "input": message.payload,
                        "workflow": [
                            "name": .string(workflow.name), "version": .string(workflow.version),
                            "hash": .string(workflow.hash),
                        ],
                    ]
                )
            ]
            apply(step, Cause(message: message, trigger: message.id, expired: nil))
            let isWorking = scope.tasks.contains { $0.status.isOpen && $0.triggeredByCommandID == message.id }
            record(message, isWorking ? .processing : .completed, .accepted)
        } catch {
            scope.session = nil
            let verdict: Verdict = error.isOfSize ? .invalid : .incident
            refuse(message, verdict, "\(workflow.name) \(workflow.version), \(error)")
        }
    }

    mutating func refuse(_ message: SessionMessage, behind earlier: InboxCommand) {
        refuse(
            message,
            .duplicatePending,
            "\(message.type) \(earlier.id) is still being worked on (\(earlier.status.rawValue))"
        )
    }

    /// An earlier command of the type that the user is still waiting for, unless this step takes its task back.
    private func stillPending(like message: SessionMessage, after step: ChartStep) -> InboxCommand? {
        let cancelled = step.effects.compactMap { if case .cancelActor(let id) = $0 { id } else { nil } }
        // A row that somebody inserted and nobody has decided is in the way only of what stays pending itself.
        let isTaken = if case .taken = step.outcome { true } else { false }
        let needsPlace = !isTaken || step.effects.contains { if case .startActor = $0 { true } else { false } }
        return scope.pendingCommands.first { earlier in
            guard earlier.commandType == message.type, earlier.id != message.id else { return false }
            if earlier.verdict == nil { return needsPlace }
            if earlier.status == .received { return true }
            return scope.tasks.contains {
                $0.status.isOpen && $0.triggeredByCommandID == earlier.id && !cancelled.contains($0.actorID)
            }
        }
    }

    // MARK: Paused sessions

    /// Keeps a message of a paused session in its inbox row.
    mutating func keep(_ message: SessionMessage) {
        if let earlier = scope.pendingCommands.first(where: { $0.commandType == message.type && $0.id != message.id }) {
            return refuse(message, .duplicatePending, "\(message.type) \(earlier.id) is kept already")
        }
        guard scope.pendingCommands.count < Self.keptInputsMax else {
            return refuse(message, .notAllowed, "the paused session keeps \(Self.keptInputsMax) inputs already")
        }
        record(message, .received, .buffered, "kept until the session is unpaused")
        // An event, although nothing else changes: an unpause that was decided without this row must meet a conflict,
        // or it would go by without applying it.
        said = [(Self.replyBuffered, ["command_id": JSONValue(message.id), "command_type": .string(message.type)])]
        seal(message)
    }

    /// Applies what a paused session has kept, in the order in which it came.
    mutating func applyKept() {
        let early = Set(scope.handles.filter { $0.status == .pendingPause }.compactMap(\.resumedBy))
        let kept = scope.pendingCommands.enumerated()
            .filter { $0.element.verdict == .buffered && !early.contains($0.element.id) }
            .sorted { ($0.element.arrival ?? .max, $0.offset) < ($1.element.arrival ?? .max, $1.offset) }
            .map(\.element)
        for row in kept {
            // Paused again by what was just applied: the rest stays kept.
            guard scope.session?.status == .inProgress else { return }
            var message = SessionMessage(row: row)
            if let answer = AgentAnswer(kept: row) {
                message.kind = .answer(answer)
                message.type = answer.type
            }
            deliver(message)
        }
    }
}
