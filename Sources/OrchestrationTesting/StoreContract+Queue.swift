internal import Orchestration

/// What every store promises about tasks that take turns.
extension StoreContract {
    static let queuePromises =
        [
            Promise("turns go round by tenant, and each attempt has one") { store, faults in
                let (large, small) = (Rows(), Rows())
                try await store.commit(batch([large.queue(40, tenant: "a"), small.queue(1, tenant: "b")]))
                let first = try await store.claimTasks(TaskClaim(owner: "n", limit: 4, lease: .seconds(60)))
                faults.expect(
                    first.map(\.task.tenantID).sorted() == ["a", "a", "a", "b"],
                    "turns: \(first.map(\.task.tenantID))"
                )
                faults.expect(
                    first.prefix(2).contains { $0.task.tenantID == "b" },
                    "the small tenant waits for the large"
                )
                faults.expect(first.allSatisfy { $0.task.executionNode == "n" }, "the node is not noted")
                faults.expect(first.allSatisfy { !$0.workflowHash.isEmpty }, "the workflow is not told")
                let second = try await store.claimTasks(TaskClaim(owner: "m", limit: 100, lease: .seconds(60)))
                faults.expect(second.count == 37, "\(second.count) turns instead of 37")
                faults.expect(
                    Set(first.map(\.task.id)).isDisjoint(with: second.map(\.task.id)),
                    "an attempt had two turns"
                )
                let third = try await store.claimTasks(TaskClaim(owner: "n", limit: 100, lease: .seconds(60)))
                faults.expect(third.isEmpty, "an attempt had two turns")
            },
            Promise("no limit of a type, a tenant or a user is passed") { store, faults in
                let (ann, bob, cat) = (Rows(), Rows(), Rows())
                try await store.commit(
                    batch([
                        ann.queue(9, tenant: "a", user: "ann"), bob.queue(9, tenant: "a", user: "bob", type: "U"),
                        cat.queue(9, tenant: "b", user: "ann"),
                    ])
                )
                var claim = TaskClaim(owner: "n", limit: 100, lease: .seconds(60))
                claim.types = ["T": 3]
                claim.perUser = 2
                claim.perTenant = 3
                // Asked once more, what one limit held back another may let through; together they pass none.
                var claimed: [AsyncTask] = []
                for _ in 0..<3 { claimed += try await store.claimTasks(claim).map(\.task) }
                faults.expect(claimed.count { $0.taskType == "T" } == 3, "type: \(claimed.map(\.taskType))")
                faults.expect(claimed.count { $0.tenantID == "a" } == 3, "tenant: \(claimed.map(\.tenantID))")
                for user in [("a", "ann"), ("a", "bob"), ("b", "ann")] {
                    let count = claimed.count { ($0.tenantID, $0.userID ?? "") == user }
                    faults.expect((1...2).contains(count), "user \(user): \(count)")
                }
                claim.types["T"] = 4
                let more = try await store.claimTasks(claim).map(\.task)
                faults.expect(more.count <= 1, "a limit is passed: \(more.count)")
            },
            Promise("a lease is renewed for the attempt that runs, and for no other") { store, faults in
                let rows = Rows()
                try await store.commit(batch([rows.queue(2, tenant: "a")]))
                let claimed = try await store.claimTasks(TaskClaim(owner: "n", limit: 2, lease: .seconds(60)))
                var next = rows.commit(from: 1)
                next.tasks = claimed.map(\.task)
                guard next.tasks.count == 2 else { return faults.expect(false, "not claimed") }
                next.tasks[0].status = .running
                next.tasks[0].attemptDeadlineAt = next.tasks[0].totalDeadlineAt
                try await store.commit(batch([next]))
                let asked = next.tasks.flatMap { task in
                    [1, 2].map { TaskLease(task: task.id, attempt: $0, duration: .seconds(5)) }
                }
                let renewed = try await store.renewLeases(asked)
                faults.expect(renewed == [next.tasks[0].id], "renewed: \(renewed.count)")
            },
        ] as [Promise]
}

extension Rows {
    /// A new session with tasks that wait for their turn.
    func queue(_ count: Int, tenant: String, user: String? = nil, type: String = "T") -> Commit {
        var commit = commit(from: 0)
        commit.tenantID = tenant
        commit.session?.tenantID = tenant
        commit.events = []
        commit.tasks = (0..<count).map { number in
            AsyncTask(
                id: TaskID(derivedFrom: "task", name, "\(number)"),
                tenantID: tenant,
                sessionID: session,
                userID: user,
                taskType: type,
                actorID: "a",
                triggeredByCommandID: nil,
                correlationID: "c",
                status: .pending,
                progress: .zero,
                progressMessage: nil,
                progressDetails: .null,
                inputData: [:],
                resultData: .null,
                errorData: .null,
                executionNode: nil,
                attempt: 1,
                retryCount: 0,
                maxRetries: 2,
                deadlineAt: nil,
                notBefore: Self.time,
                requestedAt: nil,
                attemptDeadlineAt: nil,
                totalDeadlineAt: Self.time + .seconds(1_000_000_000),
                startedAt: nil,
                completedAt: nil,
                createdAt: Self.time + .milliseconds(Int64(number)),
                updatedAt: Self.time
            )
        }
        return commit
    }
}
