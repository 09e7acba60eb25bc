package import Orchestration

extension Committer {
    /// Without a worker around it, for programs that let several work against one another.
    package init(settings: WorkerSettings, store: any Store, catalog: WorkflowCatalog, log: any LogSink) {
        self.init(
            settings: settings,
            store: store,
            decider: BatchDecider(settings: settings, store: store, catalog: catalog),
            relayBell: Bell(),
            tasksBell: Bell(),
            watchdog: Watchdog(limit: settings.stallLimit),
            log: log
        )
    }

    /// Decides the messages and commits what follows, as often as conflicts make it necessary.
    ///
    /// - Returns: why it was not done; nil when it was.
    package func settle(_ messages: [SessionMessage]) async throws -> String? {
        // A message that was settled after all is known by its key.
        switch try await commit(messages, base: CommitBatch(), isMoved: { () async throws(StoreError) in false }) {
        case .done: nil
        case .fenced(let reason), .refused(let reason): reason
        }
    }
}
