/// One session as it may be: the rows that a store would load, and the time.
struct ModelWorld: Sendable {
    var scope = SessionScope()
    var now = Instant(microseconds: 0)
    /// How many more things may go wrong.
    var disturbances: Int
    /// Whether an early reply is kept for a part of the machine that is not active.
    var isElsewhere = false
    /// The last task of each type that has ended, for answers that come too late, and to notice one that is done twice.
    var endedTasks: [String: AsyncTask] = [:]
    /// The last wait that has ended, for replies that come too late.
    var closedWait: ResumeHandle?

    /// Keeps what a store would load for the next message.
    mutating func tidy() {
        for task in scope.tasks where !task.status.isOpen { endedTasks[task.taskType] = task }
        scope.tasks.removeAll { !$0.status.isOpen }
        if let closed = scope.handles.last(where: { !$0.status.isOpen }) { closedWait = closed }
        scope.handles.removeAll { !$0.status.isOpen }
    }

    /// What is to be due first, and when.
    var nextDue: DueInput? {
        guard let session = scope.session, session.status == .inProgress else { return nil }
        return allDue(of: session).min { $0.dueAt < $1.dueAt }
    }

    private func allDue(of session: GenesisSession) -> [DueInput] {
        var due: [DueInput] = []
        func add(_ kind: DueInput.Kind, _ at: Instant?) {
            guard let at else { return }
            due.append(DueInput(sessionID: session.id, tenantID: session.tenantID, kind: kind, dueAt: at))
        }
        add(.timer, session.nextTimerAt)
        for handle in scope.handles where handle.status == .waiting || handle.status == .pendingPause {
            add(.handle(handle.id), handle.expiresAt)
        }
        for task in scope.tasks where task.status.isOpen { add(.task(task.id, attempt: task.attempt), task.deadlineAt) }
        return due
    }

    /// Whether a reply is kept for a wait in a part of the machine that is not active.
    func keepsElsewhere(_ state: ChartState, in chart: Chart) -> Bool {
        scope.handles.contains { handle in
            guard handle.status == .pendingPause, let node = chart.nodes.first(where: { $0.id == handle.taskName })
            else { return false }
            return !(node.parent.map(state.configuration.contains) ?? true)
        }
    }

    /// Whether anything will happen without a command.
    var hasBusiness: Bool {
        scope.tasks.contains { $0.status.isOpen }
            || scope.handles.contains { $0.status == .waiting || $0.status == .paused }
            || scope.session?.nextTimerAt != nil
    }
}

/// What of a world decides how it goes on: two worlds with one key are one.
///
/// Numbers above the largest that a guard names count as one, and what no guard reads does not count.
struct ModelKey {
    private let readsWholeContext: Bool
    private let names: Set<String>
    /// The members that guards ask for by name; nil when a guard looks at all members of an object.
    private let members: Set<String>?
    private let readsSession: Bool
    private let hasEventless: Bool
    private let canPause: Bool
    private let objectNames: Set<String>
    private let numberMax: Double

    init(_ chart: Chart) {
        let guards = chart.nodes.flatMap(\.transitions).compactMap(\.guardCondition).flatMap(\.sources)
        let reading = ProgramReading(guards)
        readsSession = reading.words.contains("session")
        hasEventless = chart.nodes.contains { !$0.always.isEmpty }
        canPause = chart.actions.contains(.pause)
        var names = reading.contextNames
        var readsAll = reading.readsWholeContext
        numberMax = Double((reading.numbers.max() ?? 0) + 1)
        // What such a member is made from counts, too.
        objectNames = reading.objectNames.subtracting(reading.contextNames)
        members = reading.goesThroughMembers ? nil : Set(reading.words).union(reading.texts)
        var isGrowing = true
        let assigns = chart.assignments
        while isGrowing {
            isGrowing = false
            for assign in assigns where names.contains(where: { assign.contains($0) }) {
                let read = ProgramReading([assign])
                if read.readsWholeContext { readsAll = true }
                let grown = names.union(read.contextNames)
                isGrowing = isGrowing || grown.count > names.count
                names = grown
            }
        }
        readsWholeContext = readsAll
        self.names = names
    }

    func text(of world: ModelWorld, _ state: ChartState, _ chart: Chart) -> String {
        guard let session = world.scope.session else { return "" }
        var parts = [
            session.status.rawValue, readsSession ? session.currentStage.rawValue : "", "\(world.disturbances)",
            // The order of entry decides about eventless transitions alone.
            (hasEventless ? state.entryOrder : state.entryOrder.sorted()).map { "\($0)" }.joined(separator: ","),
            state.running.keys.sorted().joined(separator: ","),
            // What a history remembers of a state that is active will be overwritten when that is left.
            state.history.filter { !isNear($0.key, state, chart) }.sorted { $0.key < $1.key }
                .map { "\($0.key)\($0.value)" }.joined(),
            context(state.context).text,
        ]
        let dueAt = { (instant: Instant?) in instant ?? Instant(microseconds: .max) }
        var due: [(Instant, String)] = state.timers.map { ($0.due, "t" + $0.event) }
        due += world.scope.tasks.map { (dueAt($0.deadlineAt), "a\($0.actorID)#\($0.attempt)") }
        due += world.scope.handles.map { handle in
            let isDrafted = handle.draft == nil ? "" : "d"
            return (dueAt(handle.expiresAt), "h\(handle.taskName ?? "")\(handle.status.rawValue)\(isDrafted)")
        }
        parts += due.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.1)
        // A command that is being worked on stands in the way of its own type only.
        let pending = world.scope.pendingCommands.filter { row in
            row.status == .received || state.configuration.contains { chart.nodes[$0].names(row.commandType) }
        }
        parts += pending.map { "\($0.commandType)\($0.status.rawValue)" }.sorted()
        // Whether a wait was entered before decides about early replies alone, and of those about what names no draft. The
        // ones that are tried name theirs; what a pause has kept may not.
        let keeps = world.scope.pendingCommands.contains { $0.status == .received }
        if canPause, world.disturbances > 0 || keeps {
            parts += state.visits.filter { $0.value > 0 && isNear($0.key, state, chart) }.map { "v\($0.key)" }.sorted()
        }
        return parts.joined(separator: "|")
    }

    /// Whether the wait belongs to the part of the machine that is active; whether it was entered decides about early
    /// replies.
    private func isNear(_ node: Chart.NodeIndex, _ state: ChartState, _ chart: Chart) -> Bool {
        chart.nodes[node].parent.map { state.configuration.contains($0) } ?? false
    }

    private func context(_ value: JSONValue) -> JSONValue {
        guard let object = value.object else { return .null }
        var kept = JSONObject()
        for member in object where readsWholeContext || names.contains(member.key) {
            kept[member.key] = bounded(member.value)
        }
        for member in object where kept[member.key] == nil && objectNames.contains(member.key) {
            let present = (member.value.object?.keys ?? []).filter { members?.contains($0) ?? true }
            kept[member.key] = .array(present.map { .string($0) })
        }
        return .object(kept)
    }

    private func bounded(_ value: JSONValue) -> JSONValue {
        switch value {
        case .null, .bool, .string: value
        case .number(let number): .number(min(number, numberMax))
        case .array(let elements): .array(elements.prefix(Int(numberMax) + 1).map(bounded))
        case .object(let object):
            .object(JSONObject(object.filter { members?.contains($0.key) ?? true }.map { ($0.key, bounded($0.value)) }))
        }
    }
}

extension Chart {
    fileprivate var actions: [Action] {
        nodes.flatMap { $0.entry + $0.exit + ($0.initial?.actions ?? []) + $0.transitions.flatMap(\.actions) }
    }

    /// The texts of all `assign` programs.
    fileprivate var assignments: [String] {
        actions.compactMap { if case .assign(let program) = $0 { program.source } else { nil } }
    }
}
