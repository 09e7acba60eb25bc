internal import Orchestration
internal import PostgresStore

/// Some races of one pair: all their sessions are made ready together, then raced a few at a time.
struct RaceRound: Sendable {
    let races: WaitRaces
    let pair: RacePair
    let numbers: Range<Int>

    /// A session in which a race can begin.
    struct Ready: Sendable {
        var number: Int
        var session: SessionID
        /// The wait that is raced for; nil while it is still to come.
        var wait: ResumeHandle?
        /// The agent's answer that opens the wait.
        var answer: SessionMessage?
    }

    // MARK: Before

    func prepare() async throws -> [Ready] {
        let sessions = numbers.map { SessionID(derivedFrom: "race", "\(races.seed)", pair.rawValue, "\($0)") }
        try await races.left.settle(sessions.map { command("Start", $0, ["seed": "a lighthouse"], "start") })
        if pair == .earlyReplyPark {
            let answers = try await answers(sessions)
            return ready(sessions) { Ready(number: $0, session: $1, answer: answers[$1]) }
        }
        try await races.left.settle(Array(try await answers(sessions).values))
        if pair == .replyNavigate {
            let concepts: JSONValue = ["concept_ids": ["c1"]]
            try await races.left.settle(sessions.map { command("Concept.Confirm", $0, concepts, "before") })
            try await races.left.settle(Array(try await answers(sessions).values))
        }
        let scopes = try await scopes(sessions)
        return try ready(sessions) { number, session in
            guard let wait = scopes[session]?.handles.first(where: { $0.status == .waiting }) else {
                throw RaceFailure("session \(session) does not wait")
            }
            return Ready(number: number, session: session, wait: wait)
        }
    }

    private func ready(_ sessions: [SessionID], _ make: (Int, SessionID) throws -> Ready) rethrows -> [Ready] {
        try zip(numbers, sessions).map { try make($0, $1) }
    }

    private func scopes(_ sessions: [SessionID]) async throws -> [SessionID: SessionScope] {
        var request = LoadRequest()
        request.sessions = sessions
        return try await races.left.store.load(request).scopes
    }

    /// The answers that complete the open task of each session.
    private func answers(_ sessions: [SessionID]) async throws -> [SessionID: SessionMessage] {
        var answers: [SessionID: SessionMessage] = [:]
        for (session, scope) in try await scopes(sessions) {
            guard let task = scope.tasks.first(where: \.status.isOpen),
                let actor = races.workflow.actors[task.taskType]
            else { throw RaceFailure("session \(session) has no open task") }
            let kind = AgentAnswer.Kind.completed(type: actor.resultType, output: ["concepts": [["id": "c1"]]])
            answers[session] = message(
                .answer(AgentAnswer(taskID: task.id, attempt: task.attempt, kind: kind)),
                actor.resultType,
                session,
                [:],
                task.id.description
            )
        }
        return answers
    }

    // MARK: The race

    func race(_ ready: [Ready]) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (place, one) in ready.enumerated() {
                if place >= WaitRaces.lanes { try await group.next() }
                group.addTask { try await race(one) }
            }
            try await group.waitForAll()
        }
    }

    private func race(_ one: Ready) async throws {
        var dice = RaceDice(seed: races.seed ^ UInt64(one.number) &* 0x9E37_79B9_7F4A_7C15 ^ UInt64(pair.hashSeed))
        let lead = Int.random(in: -WaitRaces.jitterMax...WaitRaces.jitterMax, using: &dice)
        let (leftPause, rightPause) = (max(0, -lead), max(0, lead))
        let hasReplied = Flag()
        if let wait = one.wait, pair == .replyDeadline {
            let factor = WaitRaces.deadlineFactors.randomElement(using: &dice) ?? 1
            let ahead = Int.random(in: WaitRaces.deadlineAhead, using: &dice) * factor
            try await races.moveDeadline(of: wait.id, ahead: ahead)
        }
        async let first: Void = {
            try await pause(leftPause)
            defer { hasReplied.raise() }
            try await races.left.settle([leftMessage(one)])
        }()
        async let second: Void = {
            try await pause(rightPause)
            if let wait = one.wait, pair == .replyDeadline {
                try await sweep(wait.id, until: hasReplied)
            } else {
                try await races.right.settle([rightMessage(one)])
            }
        }()
        _ = try await (first, second)
    }

    private func pause(_ microseconds: Int) async throws {
        if microseconds > 0 { try await Task.sleep(for: .microseconds(microseconds)) }
    }

    /// What the sweeper does, for one wait.
    private func sweep(_ wait: HandleID, until isOver: Flag) async throws {
        while true {
            let wasOver = isOver.isUp
            let due = try await races.right.store.dueInputs(limit: WaitRaces.roundMax)
            if let input = due.first(where: { $0.kind == .handle(wait) }) {
                return try await races.right.settle([SessionMessage(due: input)])
            }
            if wasOver { return }
        }
    }

    func leftMessage(_ one: Ready) -> SessionMessage {
        switch pair {
        case .replyNavigate: command("Theme.Confirm", one.session, [:], "left", one.wait?.correlationID)
        case .replyReply, .replyDeadline, .replyAbandon, .earlyReplyPark:
            command("Concept.Confirm", one.session, ["concept_ids": ["c1"]], "left", one.wait?.correlationID)
        }
    }

    func rightMessage(_ one: Ready) -> SessionMessage {
        switch pair {
        case .replyReply:
            command("Seed.Request", one.session, ["feedback": "darker"], "right", one.wait?.correlationID)
        case .replyAbandon: command("Abandon", one.session, ["reason": "race"], "right")
        case .replyNavigate: command("Navigate", one.session, ["stage": "CONCEPT_SELECTION"], "right")
        case .earlyReplyPark: one.answer ?? command("Abandon", one.session, [:], "right")
        case .replyDeadline: command("Abandon", one.session, [:], "right")
        }
    }

    // MARK: Messages

    private func command(
        _ name: String,
        _ session: SessionID,
        _ payload: JSONValue,
        _ role: String,
        _ correlation: String? = nil
    ) -> SessionMessage {
        message(.command, "Command.Genesis.Session." + name, session, payload, role, correlation)
    }

    private func message(
        _ kind: SessionMessage.Kind,
        _ type: String,
        _ session: SessionID,
        _ payload: JSONValue,
        _ role: String,
        _ correlation: String? = nil
    ) -> SessionMessage {
        let id = MessageID(derivedFrom: "race", session.description, role)
        return SessionMessage(
            kind: kind,
            id: id,
            idempotencyKey: id.description,
            type: type,
            tenantID: "default",
            sessionID: session,
            payload: payload,
            correlationID: correlation,
            userID: WaitRaces.user,
            source: "kafka"
        )
    }
}

extension RacePair {
    /// Different for each pair, and the same in every process.
    var hashSeed: Int { Self.allCases.firstIndex(of: self) ?? 0 }
}
