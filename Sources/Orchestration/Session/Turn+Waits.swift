// Waits: the handle is where the parked flow and its reply meet. Whatever the order of park, reply, deadline and
// abandon, at most one of them ends the wait, and all of them meet here, under one version of the session.

extension Turn {
    /// How long a reply that came before its question is kept.
    static let earlyReplyLimit = Interval.seconds(24 * 3_600)

    // MARK: Parking

    /// Opens the wait that a state is. An early reply's row becomes the wait's row.
    mutating func park(_ node: Chart.NodeIndex, visit: Int) -> ParkedWait? {
        guard let session = scope.session, workflow.chart.nodes.indices.contains(node),
            let park = workflow.chart.nodes[node].park
        else { return nil }
        let state = workflow.chart.nodes[node]
        let derived = correlation(of: state, visit: visit)
        let early = scope.handles.first { $0.status == .pendingPause && $0.correlationID == derived }
        let replies = state.on.map(\.descriptor).filter { $0 != SessionMessages.parkExpired }
        var resume: JSONObject = [
            "state": .string(state.id), "visit": .int(visit), "replies": .array(replies.map { .string($0) }),
        ]
        let reminders = reminders(of: park)
        if !reminders.isEmpty { resume["reminders"] = .array(reminders.map { JSONValue($0) }) }
        if park.allowedUsers != nil {
            let (users, fault) = allowedUsers(park)
            resume["allowed"] = .array(users)
            if let fault { announcements["incident"] = .string(fault) }
        }
        let handle = ResumeHandle(
            id: early?.id ?? HandleID(derivedFrom: "handle", session.id.description, state.id, "\(visit)"),
            tenantID: session.tenantID,
            sessionID: session.id,
            correlationID: value(of: park.correlation)?.string ?? derived,
            flowRunID: "\(session.id)/\(workflow.hash.prefix(12))",
            taskName: state.id,
            resumeHandle: .object(resume),
            status: session.status == .paused ? .paused : .waiting,
            draft: value(of: park.draft)?.int,
            resumePayload: .null,
            resumedBy: nil,
            timeoutSeconds: Int(clamping: park.expires.microseconds / 1_000_000),
            contextData: value(of: park.contextData) ?? [:],
            expiresAt: now + park.expires,
            nextReminderAt: reminders.first,
            pausedAt: session.status == .paused ? now : nil,
            resumedAt: nil,
            createdAt: early?.createdAt ?? now,
            updatedAt: now
        )
        put(handle)
        announcements["wait"] = [
            "handle_id": JSONValue(handle.id), "correlation_id": .string(handle.correlationID),
            "state": .string(state.id), "draft": handle.draft.map { .int($0) } ?? .null,
            "expires_at": JSONValue(handle.expiresAt), "replies": .array(replies.map { .string($0) }),
        ]
        return ParkedWait(handle: handle.id, earlyReply: early?.resumedBy, earlyDraft: early?.draft)
    }

    /// A wait that a step opened, with the reply that was there before it.
    struct ParkedWait {
        var handle: HandleID
        var earlyReply: MessageID?
        var earlyDraft: Int?
    }

    /// Ends the wait of a state that was left.
    mutating func unpark(_ node: Chart.NodeIndex, wasReply: Bool, _ cause: Cause) {
        guard workflow.chart.nodes.indices.contains(node) else { return }
        let state = workflow.chart.nodes[node].id
        for var handle in scope.handles
        where handle.taskName == state && handle.isAsked {
            if cause.expired == handle.id {
                close(&handle, .expired)
            } else if wasReply, cause.message.kind == .command {
                handle.resumePayload = cause.message.payload
                handle.resumedBy = cause.message.id
                handle.resumedAt = now
                close(&handle, .resumed)
            } else {
                close(&handle, .cancelled)
            }
        }
    }

    private mutating func close(_ handle: inout ResumeHandle, _ status: HandleStatus) {
        handle.status = status
        handle.updatedAt = now
        put(handle)
        announce(endOf: handle)
    }

    /// The event of the step says which wait it ended, and how.
    mutating func announce(endOf handle: ResumeHandle) {
        announcements["wait_ended"] = [
            "handle_id": JSONValue(handle.id), "correlation_id": .string(handle.correlationID),
            "status": .string(handle.status.rawValue),
        ]
    }

    /// Takes the derived name of a state's wait: fresh for each visit, and the same when the step is redone.
    func correlation(of state: StateNode, visit: Int) -> String {
        let session = scope.session?.id.description ?? ""
        return Identifier<HandleKind>(derivedFrom: "wait", session, state.id, "\(visit)").description
    }

    /// The value of a program of `meta.park`; a failing one is worth no more than a missing one, and is told.
    private mutating func value(of program: Program?) -> JSONValue? {
        guard let program else { return nil }
        let input: JSONValue = ["event": nil, "context": chart.context, "session": sessionView]
        do {
            let value = try workflow.expressions.evaluate(program, on: input)
            return value.isNull ? Optional.none : value
        } catch {
            announcements["incident"] = .string("\(error)")
            return nil
        }
    }

    // MARK: Early replies

    /// A reply that no active state takes: kept when its wait is still to come, refused otherwise.
    mutating func keepEarlyReply(_ message: SessionMessage) {
        if let handle = scope.handles.first(where: {
            $0.status == .expired && $0.updatedAt == now && $0.takes(message.type)
        }) {
            return refuse(message, .expired, "the wait \(handle.correlationID) ended at its deadline")
        }
        guard let node = waitToCome(for: message.type), let session = scope.session else {
            return refuse(
                message,
                .wrongStage,
                "`\(message.type)` is not taken in \(workflow.chart.activeNames(chart)) (stage "
                    + "\(scope.session?.currentStage.rawValue ?? "none"))"
            )
        }
        let state = workflow.chart.nodes[node]
        let visit = (chart.visits[node] ?? 0) + 1
        let derived = correlation(of: state, visit: visit)
        if let (verdict, reason) = verdictOfEarlyReply(message, to: state) { return refuse(message, verdict, reason) }
        if let reason = fullOfEarlyReplies(message) { return refuse(message, .notAllowed, reason) }
        put(
            ResumeHandle(
                // Not the id that the wait would get by itself: this one may expire, and a later one take its place.
                id: HandleID(derivedFrom: "early", session.id.description, derived, message.id.description),
                tenantID: session.tenantID,
                sessionID: session.id,
                correlationID: derived,
                flowRunID: "\(session.id)/\(workflow.hash.prefix(12))",
                taskName: state.id,
                resumeHandle: [
                    "state": .string(state.id), "visit": .int(visit), "replies": [.string(message.type)],
                ],
                status: .pendingPause,
                draft: message.draft,
                resumePayload: message.payload,
                resumedBy: message.id,
                timeoutSeconds: Int(Self.earlyReplyLimit.microseconds / 1_000_000),
                contextData: [:],
                expiresAt: now + Self.earlyReplyLimit,
                pausedAt: nil,
                resumedAt: nil,
                createdAt: now,
                updatedAt: now
            )
        )
        record(message, .received, .buffered, "kept until \(state.id) waits for it")
        said = [
            (
                Self.replyBuffered,
                [
                    "command_id": JSONValue(message.id), "command_type": .string(message.type),
                    "correlation_id": .string(derived),
                ]
            )
        ]
        seal(message)
    }

    /// Delivers the reply that was there before the wait.
    mutating func applyEarlyReply(to parked: ParkedWait) {
        guard let early = parked.earlyReply, scope.session?.status == .inProgress,
            let row = scope.pendingCommands.first(where: { $0.id == early }),
            let handle = scope.handles.first(where: { $0.id == parked.handle })
        else { return }
        if let named = parked.earlyDraft, let draft = handle.draft, named != draft {
            return refuse(
                SessionMessage(row: row),
                .staleAttempt,
                "the reply names draft \(named), the wait is for draft \(draft)"
            )
        }
        deliver(SessionMessage(row: row))
    }

    /// The wait of the current stage that would take the event, when no wait is open now.
    func waitToCome(for type: String) -> Chart.NodeIndex? {
        guard !scope.handles.contains(where: \.isAsked) else { return nil }
        let nodes = workflow.chart.nodes
        let stages = Set(chart.configuration.filter { nodes.indices.contains($0) && nodes[$0].parent == 0 })
        return nodes.first { node in
            guard node.park != nil, node.names(type), !chart.configuration.contains(node.index) else { return false }
            var ancestor = node.parent
            while let index = ancestor, index > 0 {
                if stages.contains(index) { return true }
                ancestor = nodes[index].parent
            }
            return false
        }?.index
    }

    // MARK: Verdicts on waits

    /// The verdict of a reply that names a wait which has ended, or another session's; nil when it names none, or an open
    /// one of this session.
    func verdictOfNamedWait(_ message: SessionMessage) -> (Verdict, String)? {
        // What the machine itself takes (abandon, pause) answers no wait, whichever it names.
        guard let name = message.correlationID, !workflow.chart.rootNames(message.type) else { return nil }
        let named = scope.handles.filter { $0.correlationID == name }
        if named.isEmpty, scope.namedWaits.contains(TenantKey(tenantID: message.tenantID, key: name)) {
            return (.unknown, "the wait \(name) is not one of session \(message.sessionID)")
        }
        guard !named.contains(where: \.status.isOpen), let handle = named.max(by: { $0.updatedAt < $1.updatedAt })
        else { return nil }
        if let draft = handle.draft,
            let newer = scope.handles.first(where: { $0.status.isOpen && ($0.draft ?? 0) > draft })?.draft
        {
            return (.staleAttempt, "the reply is to draft \(draft), the wait is now for draft \(newer)")
        }
        switch handle.status {
        case .expired:
            return (.expired, "the wait \(name) ended at its deadline \(handle.expiresAt.map(\.description) ?? "")")
        case .resumed:
            let winner = handle.resumedBy.map { " by \($0)" } ?? ""
            return (.superseded, "the wait \(name) was already answered\(winner)")
        case .cancelled:
            return (.superseded, "the session left the wait \(name) another way")
        case .pendingPause, .waiting, .paused:
            return nil
        }
    }

    /// Why a reply does not fit the draft that is waited upon.
    func staleDraft(_ message: SessionMessage) -> String? {
        guard let named = message.draft,
            let handle = scope.handles.first(where: { $0.isAsked && $0.takes(message.type) }),
            let draft = handle.draft, draft != named
        else { return nil }
        return "the reply names draft \(named), the wait is for draft \(draft)"
    }

    // MARK: Deadlines

    mutating func deliverDue(_ due: DueInput.Kind, _ message: SessionMessage) {
        if case .turn(let id, let attempt, let node) = due {
            return takeTurn(id, attempt: attempt, node: node, message)
        }
        // A paused session keeps everything, its deadlines included; an ended one has none.
        guard scope.session?.status == .inProgress else { return }
        switch due {
        case .timer: fireTimers(message)
        case .handle(let id): expire(id, message)
        case .reminder(let id): remind(id, message)
        case .task(let id, let attempt): taskOverdue(id, attempt: attempt, message)
        case .turn: break
        }
    }

    /// How many timers one message fires; what remains is found by the next sweep.
    static let timersMax = 100

    private mutating func fireTimers(_ message: SessionMessage) {
        var fired = 0
        while fired < Self.timersMax, scope.session?.status == .inProgress {
            switch step(.timer) {
            case .failure(let failure):
                // A timer that cannot be answered has fired all the same, or it would fail again in every sweep.
                let failed = chart.nextTimer?.sequence
                chart.timers.removeAll { $0.sequence == failed }
                return raiseIncident(failure, message)
            case .success(let step):
                guard step.outcome != .stale, step.outcome != .ended else {
                    if fired > 0 { record(message, .completed, .accepted) }
                    return
                }
                apply(step, Cause(message: message, trigger: nil, expired: nil))
                fired += 1
            }
        }
        if fired > 0 { record(message, .completed, .accepted) }
    }

    private mutating func expire(_ id: HandleID, _ message: SessionMessage) {
        guard var handle = scope.handles.first(where: { $0.id == id }), let expiresAt = handle.expiresAt,
            expiresAt <= now
        else { return }
        switch handle.status {
        case .pendingPause:
            let early = handle.resumedBy
            close(&handle, .expired)
            if let row = scope.pendingCommands.first(where: { $0.id == early }) {
                refuse(SessionMessage(row: row), .expired, "no wait took the reply within \(Self.earlyReplyLimit)")
            }
            said = [("Genesis.Session.ReplyExpired", ["command_id": JSONValue(early)])]
            seal(message)
        case .waiting:
            let payload: JSONValue = [
                "handle_id": JSONValue(id), "correlation_id": .string(handle.correlationID),
                "expires_at": JSONValue(expiresAt),
            ]
            switch step(.event(type: SessionMessages.parkExpired, payload: payload)) {
            case .failure(let failure):
                // The wait is over even if the chart cannot answer, or it would fail again in every sweep.
                raiseIncident(failure, message)
                close(&handle, .expired)
                said = [("Genesis.Session.WaitExpired", payload)]
                return seal(message)
            case .success(let step):
                if case .taken = step.outcome {
                    apply(step, Cause(message: message, trigger: nil, expired: id))
                }
                // The chart may stay where it is; the wait is over all the same.
                if var open = scope.handles.first(where: { $0.id == id }), open.status.isOpen {
                    close(&open, .expired)
                    said = [("Genesis.Session.WaitExpired", payload)]
                    seal(message)
                }
            }
        case .paused, .resumed, .expired, .cancelled: return
        }
        record(message, .completed, .accepted)
    }
}

extension ResumeHandle {
    /// Whether the question is there and unanswered; in a paused session the wait is paused with it.
    var isAsked: Bool { status == .waiting || status == .paused }

    /// Whether the wait names the event among its replies.
    func takes(_ type: String) -> Bool {
        (resumeHandle["replies"].array ?? []).contains { $0.string == type }
    }
}
