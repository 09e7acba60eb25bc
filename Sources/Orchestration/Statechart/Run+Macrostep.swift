/// Run to completion.
extension Run {
    /// Answers an event that comes from outside.
    mutating func handle(_ outside: Event) throws(ChartFailure) -> ChartStep.Outcome {
        event = outside
        let selection = try select()
        let chosen = withoutConflicts(selection.enabled)
        if chosen.isEmpty {
            if case .error = outside.data {
                fail()
                return .notTaken
            }
        } else {
            try count()
            try microstep(chosen)
        }
        // Eventless transitions see the event as well, also one that no other transition takes.
        try settle()
        if microsteps > 0 { return .taken(sources: chosen.map(\.source)) }
        return selection.refusing.isEmpty ? .notTaken : .refused(nodes: selection.refusing)
    }

    /// Takes eventless transitions, then internal events, until neither is left.
    mutating func settle() throws(ChartFailure) {
        var isEventlessDue = true
        while state.status == .active {
            let eventless = isEventlessDue ? withoutConflicts(try selectEventless()) : []
            if !eventless.isEmpty {
                try count()
                try microstep(eventless)
                // A transition that changed nothing would be taken for ever.
                isEventlessDue = isChanged
                continue
            }
            guard queueHead < queue.count else { return }
            event = queue[queueHead]
            queueHead += 1
            isEventlessDue = true
            let enabled = try select().enabled
            guard !enabled.isEmpty else { continue }
            try count()
            try microstep(withoutConflicts(enabled))
        }
    }

    private mutating func count() throws(ChartFailure) {
        microsteps += 1
        if microsteps > microstepsMax { throw .endless }
    }

    /// An actor's error that nobody takes ends the machine, as in XState.
    private mutating func fail() {
        state.status = .error
        stopEverything()
    }
}
