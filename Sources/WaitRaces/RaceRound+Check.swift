internal import Orchestration
internal import PostgresStore

extension WaitRaces {
    /// The wait ends while its reply is on the way.
    func moveDeadline(of wait: HandleID, ahead microseconds: Int) async throws {
        try await scripts.run(
            """
            UPDATE flow_resume_handles
            SET expires_at = clock_timestamp() + interval '\(microseconds) microseconds' WHERE id = '\(wait)'
            """
        )
    }
}

/// What the rows say after the races, asked in plain SQL.
extension RaceRound {
    /// How often a session's row is compared with the fold of its events; each session is checked otherwise.
    static let foldEvery = 10

    func check(_ ready: [Ready], into result: inout RaceResult) async throws {
        let ids = ready.map { "'\($0.session)'" }.joined(separator: ", ")
        let pictures = try await races.scripts.texts(
            "race_\(pair.rawValue)_\(numbers.lowerBound)",
            Self.picture + "(\(ids))"
        )
        var bySession: [String: JSONValue] = [:]
        for text in pictures {
            let picture = try JSONText.parse(Array(text.utf8), limits: .stored)
            if let id = picture["session"].string { bySession[id] = picture }
        }
        for one in ready {
            guard let picture = bySession[one.session.description] else {
                result.faults.append("session \(one.session) is gone")
                continue
            }
            check(one, picture, into: &result)
            if one.number.isMultiple(of: Self.foldEvery) { try await checkFold(one.session, into: &result) }
        }
    }

    private static let picture = """
        SELECT jsonb_build_object(
            'session', s.id, 'status', s.status, 'version', s.version,
            'handles', (
                SELECT jsonb_agg(jsonb_build_object(
                    'id', h.id, 'status', h.status, 'by', h.resumed_by, 'correlation', h.correlation_id
                ) ORDER BY h.created_at)
                FROM flow_resume_handles h WHERE h.session_id = s.id
            ),
            'ends', (
                SELECT jsonb_agg(e.metadata -> 'wait_ended')
                FROM domain_events e WHERE e.aggregate_id = s.id AND e.metadata ? 'wait_ended'
            ),
            'events', (SELECT count(*) FROM domain_events e WHERE e.aggregate_id = s.id),
            'last', (SELECT max(e.aggregate_version) FROM domain_events e WHERE e.aggregate_id = s.id),
            'kept', EXISTS (
                SELECT FROM domain_events e
                WHERE e.aggregate_id = s.id AND e.event_type = 'Genesis.Session.ReplyBuffered'
            ),
            'tasks', (
                SELECT count(*) FROM async_tasks t WHERE t.session_id = s.id AND t.status IN ('PENDING', 'RUNNING')
            ),
            'commands', (
                SELECT jsonb_object_agg(c.id, jsonb_build_object('status', c.status, 'verdict', c.verdict))
                FROM command_inbox c WHERE c.session_id = s.id
            )
        )::text FROM genesis_sessions s WHERE s.id IN
        """

    private func check(_ one: Ready, _ picture: JSONValue, into result: inout RaceResult) {
        func fault(_ text: String) {
            if result.faults.count < 20 {
                result.faults.append("\(pair.rawValue) \(one.number), session \(one.session): \(text)")
            }
        }
        let handles = picture["handles"].array ?? []
        guard let raced = handles.first(where: { $0["id"].string == one.wait?.id.description }) ?? handles.last else {
            return fault("there is no wait")
        }
        // One active handle for each correlation; versions without gaps; nothing open in an ended session.
        let open = handles.filter { ["PENDING_PAUSE", "WAITING", "PAUSED"].contains($0["status"].string) }
        if Set(open.compactMap(\.["correlation"].string)).count != open.count { fault("two waits of one correlation") }
        let (version, events) = (picture["version"].int, picture["events"].int)
        if version != events || version != picture["last"].int {
            fault("version \(version ?? 0), events \(events ?? 0)")
        }
        let hasEnded = picture["status"].string != "IN_PROGRESS"
        let tasks = picture["tasks"].int ?? 0
        if hasEnded ? !open.isEmpty || tasks > 0 : tasks != 1 { fault("\(tasks) open tasks, \(open.count) waits") }

        // A wait has one end, and its row agrees.
        let ends = (picture["ends"].array ?? []).filter { $0["handle_id"] == raced["id"] }
        let status = raced["status"].string ?? ""
        if ends.count != 1 || ends.first?["status"].string != status { fault("\(status), ends: \(ends.map(\.text))") }

        let left = picture["commands"][leftMessage(one).id.description]["verdict"].string
        let right = picture["commands"][rightMessage(one).id.description]["verdict"].string
        let hasLeftWon: Bool
        switch (pair, status) {
        case (.replyReply, "RESUMED"):
            hasLeftWon = raced["by"].string == leftMessage(one).id.description
            if (left == "accepted") == (right == "accepted") { fault("verdicts \(left ?? "") and \(right ?? "")") }
            if (left == "accepted") != hasLeftWon { fault("the winner's verdict is not the accepted one") }
        case (.earlyReplyPark, "RESUMED"):
            hasLeftWon = picture["kept"].bool == true
            if left != "accepted" || right != "accepted" { fault("verdicts \(left ?? "") and \(right ?? "")") }
        case (.replyDeadline, "RESUMED"), (.replyAbandon, "RESUMED"), (.replyNavigate, "RESUMED"):
            hasLeftWon = true
            if left != "accepted" { fault("the reply won, its verdict is \(left ?? "none")") }
            if pair != .replyDeadline, right == nil { fault("the other has no verdict") }
        case (.replyDeadline, "EXPIRED"), (.replyAbandon, "CANCELLED"), (.replyNavigate, "CANCELLED"):
            hasLeftWon = false
            if left == nil || left == "accepted" { fault("the reply lost, its verdict is \(left ?? "none")") }
            if pair != .replyDeadline, right != "accepted" { fault("\(right ?? "none") won") }
        default: return fault("the wait is \(status)")
        }
        result.winners[hasLeftWon ? .left : .right, default: 0] += 1
        if let loser = hasLeftWon ? right : left { result.losers[loser, default: 0] += 1 }
    }

    private func checkFold(_ session: SessionID, into result: inout RaceResult) async throws {
        guard let row = try await races.queries.session(session) else { return }
        let events = try await races.queries.events(of: session)
        result.faults += SessionFold.differences(between: row, and: events).map { "session \(session): \($0)" }
    }
}
