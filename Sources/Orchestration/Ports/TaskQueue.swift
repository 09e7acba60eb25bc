// The queue of tasks that take turns: those that the worker does itself, and those of actors with a limit.

/// What a worker asks of the queue.
package struct TaskClaim: Equatable, Sendable {
    /// The worker's node.
    package var owner: String
    /// How many tasks it can take now.
    package var limit: Int
    /// How long a task that was given out may stay unheard of.
    package var lease: Interval
    /// How many of the tasks of one type may have their turn at once, by type; other types have no limit.
    package var types: [String: Int] = [:]
    /// How many tasks of one tenant may have their turn at once.
    package var perTenant: Int?
    /// How many tasks of one user may have their turn at once.
    package var perUser: Int?

    package init(owner: String, limit: Int, lease: Interval) {
        self.owner = owner
        self.limit = limit
        self.lease = lease
    }
}

package struct ClaimedTask: Equatable, Sendable {
    package var task: AsyncTask
    /// The workflow that its session runs on.
    package var workflowHash: String

    package init(task: AsyncTask, workflowHash: String) {
        self.task = task
        self.workflowHash = workflowHash
    }
}

/// An attempt that this worker does. The attempt is the token: another one's renewal or result changes nothing.
package struct TaskLease: Equatable, Sendable {
    package var task: TaskID
    package var attempt: Int
    /// Until when it is unheard of, from now on by the database's clock.
    package var duration: Interval

    package init(task: TaskID, attempt: Int, duration: Interval) {
        self.task = task
        self.attempt = attempt
        self.duration = duration
    }
}
