/// Moves a session to another version of its workflow: a decision like any other, with its event, its inbox row and
/// the session's version checked by the commit. Open waits keep their correlation and their deadline, running tasks go
/// on; what cannot be kept whole is not moved.
package struct SessionMigration: Sendable {
    package let old: Workflow
    package let new: Workflow
    package let map: MigrationMap
    /// Evaluates the map's `context`.
    private let expressions: any ExpressionEvaluator

    package init(from old: Workflow, to new: Workflow, map: MigrationMap, expressions: any ExpressionEvaluator) {
        (self.old, self.new, self.map, self.expressions) = (old, new, map, expressions)
    }

    /// The type of the inbox row that a move leaves.
    static let command = "Command.Genesis.Session.Migrate"
    static let migrated = "Genesis.Session.WorkflowMigrated"

    /// Names in the map that the two versions do not have; empty when it can be used.
    package var faults: [String] {
        let names = old.name == new.name ? [] : ["\(old.name) and \(new.name) are different workflows"]
        return names + ChartMigration(from: old.chart, to: new.chart, map: map).faults
    }

    /// The commit that moves the session of the scope.
    ///
    /// - Parameter user: who asked for it, for the event.
    /// - Throws: why the session has to stay where it is.
    package func decide(
        _ scope: SessionScope,
        user: String?,
        topics: SessionTopics,
        now: Instant
    ) throws(MigrationRefusal) -> Commit {
        guard let session = scope.session, !session.status.hasEnded else { throw MigrationRefusal("it has ended") }
        guard session.workflowHash == old.hash else { throw MigrationRefusal("it runs on another version") }
        let state: ChartState
        do {
            state = try ChartState(json: session.state["chart"], in: old.chart)
        } catch {
            throw MigrationRefusal("its state cannot be read: \(error)")
        }
        let charts = ChartMigration(from: old.chart, to: new.chart, map: map)
        let moved = try charts.state(state, context: try context(of: session, state), now: now)
        let id = MessageID(derivedFrom: "migrate", session.id.description, new.hash, "\(session.version)")
        let message = SessionMessage(
            kind: .command,
            id: id,
            idempotencyKey: id.description,
            type: Self.command,
            tenantID: session.tenantID,
            sessionID: session.id,
            payload: ["from": .string(old.hash), "to": .string(new.hash)],
            userID: user,
            source: "operator"
        )
        var turn = Turn(message: message, scope: scope, workflow: new, topics: topics, now: now)
        turn.chart = moved
        try turn.moveTasks(charts, from: old, state)
        try turn.moveWaits(charts, state)
        try turn.moveInputs()
        turn.scope.session?.workflowVersion = new.version
        turn.scope.session?.workflowHash = new.hash
        turn.said = [
            (
                Self.migrated,
                [
                    "from": ["version": .string(old.version), "hash": .string(old.hash)],
                    "to": ["version": .string(new.version), "hash": .string(new.hash)],
                    "states": .array(new.chart.atomicIDs(of: moved).map { .string($0) }),
                ]
            )
        ]
        turn.settleSession()
        turn.seal(message)
        turn.record(message, .completed, .accepted)
        return turn.commit
    }

    private func context(of session: GenesisSession, _ state: ChartState) throws(MigrationRefusal) -> JSONValue {
        guard let program = map.context else { return state.context }
        let configuration = old.chart.atomicIDs(of: state).map { JSONValue.string($0) }
        let input: JSONValue = [
            "context": state.context, "configuration": .array(configuration),
            "session": [
                "id": JSONValue(session.id), "status": .string(session.status.rawValue),
                "stage": .string(session.currentStage.rawValue),
            ],
        ]
        do {
            let value = try expressions.evaluate(program, on: input)
            guard value.object != nil else {
                throw MigrationRefusal("`context` of the map gave \(value.typeName), expected object")
            }
            return value
        } catch let failure as ExpressionFailure {
            throw MigrationRefusal("`context` of the map: \(failure)")
        } catch let refusal as MigrationRefusal {
            throw refusal
        } catch {
            throw MigrationRefusal("\(error)")
        }
    }
}

extension Turn {
    /// Open tasks go on under the invocation that takes their place.
    fileprivate mutating func moveTasks(
        _ charts: ChartMigration,
        from old: Workflow,
        _ state: ChartState
    ) throws(MigrationRefusal) {
        for var task in scope.tasks where task.status.isOpen {
            guard let node = state.running[task.actorID] else {
                throw MigrationRefusal("its task \(task.id) belongs to no state")
            }
            guard let actor = workflow.actors[task.taskType], let before = old.actors[task.taskType] else {
                throw MigrationRefusal("the new version has no actor \(task.taskType), and a task of it is running")
            }
            guard actor.resultType == before.resultType, actor.topics?.answers == before.topics?.answers else {
                throw MigrationRefusal("\(task.taskType) is answered otherwise in the new version, and one is running")
            }
            let id = try charts.invocation(task.actorID, of: node).id
            guard id != task.actorID else { continue }
            task.actorID = id
            task.updatedAt = now
            put(task)
        }
    }

    /// Open waits keep what people have been told: correlation, deadline, draft.
    fileprivate mutating func moveWaits(
        _ charts: ChartMigration,
        _ state: ChartState
    ) throws(MigrationRefusal) {
        // Where the old version waits or has waited nothing begins anew.
        var waiting: Set<Chart.NodeIndex> = []
        for index in state.configuration where charts.old.nodes[index].park != nil {
            waiting.insert(try charts.node(index))
        }
        for var handle in scope.handles where handle.status.isOpen {
            let name = charts.name(of: handle.taskName ?? "")
            guard let node = workflow.chart.nodes.first(where: { $0.id == name }), node.park != nil else {
                throw MigrationRefusal("`\(name)` of the new version is no wait, and the session waits there")
            }
            var resume = handle.resumeHandle.object ?? [:]
            let visit = resume["visit"]?.int ?? 1
            resume["state"] = .string(node.id)
            if handle.status == .pendingPause {
                handle.correlationID = correlation(of: node, visit: visit)
            } else {
                guard chart.configuration.contains(node.index) else {
                    throw MigrationRefusal("it waits in `\(name)`, and would not be there in the new version")
                }
                let replies = node.on.map(\.descriptor).filter { $0 != SessionMessages.parkExpired }
                resume["replies"] = .array(replies.map { .string($0) })
            }
            handle.taskName = node.id
            handle.resumeHandle = .object(resume)
            handle.updatedAt = now
            put(handle)
        }
        // A wait that the old version did not have begins with the move.
        for index in chart.configuration where workflow.chart.nodes[index].park != nil && !waiting.contains(index) {
            let visit = (chart.visits[index] ?? 0) + 1
            chart.visits[index] = visit
            _ = park(index, visit: visit)
        }
    }

    /// What is kept for later must mean something to the new version.
    fileprivate func moveInputs() throws(MigrationRefusal) {
        for row in scope.pendingCommands where row.verdict == .buffered && AgentAnswer(kept: row) == nil {
            guard workflow.chart.names(row.commandType) else {
                throw MigrationRefusal("no state of the new version takes the kept `\(row.commandType)`")
            }
        }
    }
}
