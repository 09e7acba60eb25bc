internal import Orchestration
internal import OrchestrationTesting

/// The commits of one race: both decided on the base, and each decided again after the other.
struct InterleavedPlan {
    let base: Commit
    let left: Commit
    let right: Commit
    let leftAgain: Commit
    let rightAgain: Commit
    let leftMessage: SessionMessage
    let rightMessage: SessionMessage
    /// The wait that is raced for.
    let correlation: String

    init(_ pair: RacePair, _ workflow: Workflow) {
        var session = SessionSpecification(workflow)
        session.command("Start", ["seed": "a lighthouse"], user: WaitRaces.user)
        if pair != .earlyReplyPark { session.complete() }
        if pair == .replyNavigate {
            session.command("Concept.Confirm", ["concept_ids": ["c1"]], user: WaitRaces.user)
            session.complete()
        }
        let wait = session.wait
        leftMessage = Self.left(pair, session)
        rightMessage = Self.right(pair, session)
        base = Self.base(of: session)
        // The deadline passes between the two decisions.
        var later = session
        if pair == .replyDeadline { later.now = wait?.expiresAt ?? later.now }
        left = Self.decide(leftMessage, session)
        right = Self.decide(rightMessage, later)
        var (afterLeft, afterRight) = (later, later)
        // `tell` settles what is overdue first; the left commit was decided before that.
        afterLeft.now = session.now
        afterLeft.tell(leftMessage)
        afterLeft.now = later.now
        afterRight.tell(rightMessage)
        rightAgain = Self.decide(rightMessage, afterLeft)
        leftAgain = Self.decide(leftMessage, afterRight)
        correlation = (wait ?? afterRight.handles.first)?.correlationID ?? ""
    }

    /// Everything the session has, as one commit.
    private static func base(of session: SessionSpecification) -> Commit {
        var commit = Commit(sessionID: session.sessionID, tenantID: session.tenantID, expectedVersion: 0)
        commit.session = session.session
        commit.events = session.events
        commit.commands = session.commands
        commit.tasks = session.tasks
        commit.handles = session.handles
        commit.outbox = session.outbox
        return commit
    }

    private static func decide(_ message: SessionMessage, _ session: SessionSpecification) -> Commit {
        var scope = session.scope(for: message)
        return SessionDecision.decide(
            message,
            scope: &scope,
            workflow: session.workflow,
            topics: SessionTopics(),
            now: session.now
        )
    }

    // MARK: Messages

    private static func left(_ pair: RacePair, _ session: SessionSpecification) -> SessionMessage {
        switch pair {
        case .replyNavigate: command("Theme.Confirm", [:], session, "left")
        case .replyReply, .replyDeadline, .replyAbandon, .earlyReplyPark:
            command("Concept.Confirm", ["concept_ids": ["c1"]], session, "left")
        }
    }

    private static func right(_ pair: RacePair, _ session: SessionSpecification) -> SessionMessage {
        switch pair {
        case .replyReply: command("Seed.Request", ["feedback": "darker"], session, "right")
        case .replyAbandon: command("Abandon", [:], session, "right")
        case .replyNavigate: command("Navigate", ["stage": "CONCEPT_SELECTION"], session, "right")
        case .replyDeadline: due(session)
        case .earlyReplyPark: answer(session)
        }
    }

    private static func command(
        _ name: String,
        _ payload: JSONValue,
        _ session: SessionSpecification,
        _ role: String
    ) -> SessionMessage {
        let isReply = name.hasSuffix("Confirm") || name == "Seed.Request"
        return message(.command, "Command.Genesis.Session." + name, payload, session, role)
            .naming(isReply ? session.wait?.correlationID : nil)
    }

    private static func due(_ session: SessionSpecification) -> SessionMessage {
        guard let wait = session.wait, let expiresAt = wait.expiresAt else {
            return command("Abandon", [:], session, "right")
        }
        return SessionMessage(
            due: DueInput(
                sessionID: session.sessionID,
                tenantID: session.tenantID,
                kind: .handle(wait.id),
                dueAt: expiresAt
            )
        )
    }

    private static func answer(_ session: SessionSpecification) -> SessionMessage {
        guard let task = session.tasks.last, let actor = session.workflow.actors[task.taskType] else {
            return command("Abandon", [:], session, "right")
        }
        let kind = AgentAnswer.Kind.completed(type: actor.resultType, output: ["concepts": [["id": "c1"]]])
        let answer = AgentAnswer(taskID: task.id, attempt: task.attempt, kind: kind)
        return message(.answer(answer), actor.resultType, [:], session, "right")
    }

    private static func message(
        _ kind: SessionMessage.Kind,
        _ type: String,
        _ payload: JSONValue,
        _ session: SessionSpecification,
        _ role: String
    ) -> SessionMessage {
        let id = MessageID(derivedFrom: "interleaving", role)
        return SessionMessage(
            kind: kind,
            id: id,
            idempotencyKey: id.description,
            type: type,
            tenantID: session.tenantID,
            sessionID: session.sessionID,
            payload: payload,
            userID: WaitRaces.user,
            source: "kafka"
        )
    }
}

extension SessionMessage {
    fileprivate func naming(_ correlation: String?) -> SessionMessage {
        var message = self
        message.correlationID = correlation
        return message
    }
}
