internal import Orchestration

/// Plays one session from its start to its end and shows it.
struct PlayRun {
    /// A session of the demo takes some 15 s; after this it does not go on any more.
    static let limit = Interval.seconds(300)
    static let lookInterval = Interval.milliseconds(120)
    /// How long a wait stays on the screen before it is answered, for people.
    static let thinkingTime = Interval.milliseconds(700)

    let queries: any SessionQueries
    let tenant: String
    let user: String
    let view: LiveView

    /// - Throws: with the reason, when the session does not finish.
    func play() async throws {
        let id: SessionID = FreshIdentifier.make()
        var view = view
        view.note("playing session \(id)")
        var start = SentCommand(
            type: SessionMessages.start,
            session: id,
            payload: ["seed": "a lighthouse that counts ships"]
        )
        start.correlation = "play-\(id)"
        try await send(start, &view)
        var script = PlayScript()
        var answered: Set<HandleID> = []
        let end = Surroundings.now() + Self.limit
        while true {
            try Task.checkCancellation()
            let picture = try await SessionPicture.load(id, from: queries)
            view.show(picture, now: Surroundings.now())
            if picture.session.status.hasEnded { return try finish(picture, &view) }
            if let wait = picture.openWait, wait.status == .waiting, !answered.contains(wait.id) {
                answered.insert(wait.id)
                try await Task.sleep(for: .microseconds(Self.thinkingTime.microseconds))
                guard let reply = script.reply(to: wait.replies, events: picture.events) else {
                    throw CommandFailure.notSo(
                        "the session waits in \(wait.taskName ?? "?") for \(wait.replies.joined(separator: ", ")), "
                            + "which the play has no answer to"
                    )
                }
                var command = SentCommand(type: reply.type, session: id, payload: reply.payload)
                command.correlation = wait.correlationID
                try await send(command, &view)
            }
            guard Surroundings.now() < end else {
                throw CommandFailure.notSo(
                    "the session has not finished after \(Self.limit): \(picture.stateLine); see .genesis/logs"
                )
            }
            try await Task.sleep(for: .microseconds(Self.lookInterval.microseconds))
        }
    }

    private func send(_ command: SentCommand, _ view: inout LiveView) async throws {
        let row = command.row(
            id: FreshIdentifier.make(),
            tenant: tenant,
            user: user,
            key: nil,
            now: Surroundings.now()
        )
        try await queries.insert(row)
        view.sent(command)
        let decided = try await SentCommand.verdict(on: row.id, from: queries, within: Self.limit)
        guard let verdict = decided?.verdict else {
            throw CommandFailure.unavailable("\(command.type) got no verdict; see .genesis/logs/worker.log")
        }
        guard verdict == .accepted || verdict == .buffered else {
            let reason = decided?.errorMessage ?? "no reason given"
            throw CommandFailure.notSo("\(command.type) was not carried out (\(verdict.rawValue)): \(reason)")
        }
    }

    private func finish(_ picture: SessionPicture, _ view: inout LiveView) throws {
        view.end(picture)
        guard picture.session.status == .completed else {
            throw CommandFailure.notSo("the session ended as \(picture.session.status.rawValue)")
        }
    }
}
