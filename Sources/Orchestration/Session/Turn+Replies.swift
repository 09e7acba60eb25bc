// Replies: who may give one, and what it must look like. Both are asked of every wait that would take it.

extension Turn {
    /// Why no wait may take the message as a reply; nil when one may, or when nothing waits for it.
    func verdictOfReply(_ message: SessionMessage) -> (Verdict, String)? {
        for handle in scope.handles where handle.isAsked {
            guard let state = state(of: handle), let park = state.park, state.names(message.type) else { continue }
            if let allowed = handle.resumeHandle["allowed"].array, let reason = stranger(message, allowed) {
                return (.notAllowed, reason)
            }
            if let reason = misfit(message, park) { return (.invalid, reason) }
        }
        return nil
    }

    /// Why a reply cannot even be kept for a wait to come; its users are those who may reply as things are now.
    func verdictOfEarlyReply(_ message: SessionMessage, to state: StateNode) -> (Verdict, String)? {
        let visits = chart.visits[state.index] ?? 0
        let derived = correlation(of: state, visit: visits + 1)
        if visits > 0, message.draft == nil, message.correlationID != derived {
            let reason = "another draft is being made; a reply to it must name its `draft` or the wait's correlation"
            return (.staleAttempt, "\(reason) \(derived)")
        }
        if scope.handles.contains(where: { $0.status == .pendingPause && $0.correlationID == derived }) {
            return (.superseded, "another reply to this wait is already kept")
        }
        guard let park = state.park else { return nil }
        if park.allowedUsers != nil, let reason = stranger(message, allowedUsers(park).users) {
            return (.notAllowed, reason)
        }
        if let reason = misfit(message, park) { return (.invalid, reason) }
        return nil
    }

    /// Why a paused session does not keep a reply: to the wait that is paused, or to the one that is to come.
    ///
    /// Asked again when the session goes on; asked now because one reply of a type is kept, and it must not be one that
    /// nobody will apply.
    func verdictOfKeptReply(_ message: SessionMessage) -> (Verdict, String)? {
        if let reason = staleDraft(message) { return (.staleAttempt, reason) }
        if let refusal = verdictOfReply(message) { return refusal }
        let nodes = workflow.chart.nodes
        let isTaken = chart.configuration.contains { nodes.indices.contains($0) && nodes[$0].names(message.type) }
        guard !isTaken, let node = waitToCome(for: message.type) else { return nil }
        return verdictOfEarlyReply(message, to: nodes[node])
    }

    /// The users who may reply, by the workflow's program. One that fails or gives something else allows nobody.
    func allowedUsers(_ park: Park) -> (users: [JSONValue], fault: String?) {
        guard let program = park.allowedUsers else { return ([], nil) }
        let input: JSONValue = ["event": nil, "context": chart.context, "session": sessionView]
        do {
            let value = try workflow.expressions.evaluate(program, on: input)
            guard let users = value.array, users.allSatisfy({ $0.string != nil }) else {
                return ([], "line \(program.place.line): `allowed` gave no array of user ids, so nobody may reply")
            }
            return (users, nil)
        } catch {
            return ([], "\(error); nobody may reply")
        }
    }

    private func stranger(_ message: SessionMessage, _ allowed: [JSONValue]) -> String? {
        guard let user = message.userID else { return "the reply names no user, and not everybody may reply" }
        return allowed.contains(.string(user)) ? nil : "user \(user) may not reply to this wait"
    }

    private func misfit(_ message: SessionMessage, _ park: Park) -> String? {
        guard let faults = park.schemas[message.type]?.faults(of: message.payload), !faults.isEmpty else { return nil }
        return "the payload does not fit: \(Self.listed(faults))"
    }

    static func listed(_ faults: [JSONSchema.Fault]) -> String {
        faults.map(\.description).joined(separator: "; ")
    }

    /// The state that a wait stands for.
    private func state(of handle: ResumeHandle) -> StateNode? {
        workflow.chart.nodes.first { $0.id == handle.taskName }
    }
}
