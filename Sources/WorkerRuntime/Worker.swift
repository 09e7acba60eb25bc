package import Orchestration

/// One worker: the record loop, the inbox poller, the sweeper, the queue of tasks and the relay, started and stopped together.
package struct Worker: Sendable {
    private let settings: WorkerSettings
    private let store: any Store
    private let source: any RecordSource
    private let sink: any RecordSink
    private let catalog: WorkflowCatalog
    private let caller: (any HTTPCaller)?
    private let log: any LogSink

    package init(
        settings: WorkerSettings,
        store: any Store,
        source: any RecordSource,
        sink: any RecordSink,
        catalog: WorkflowCatalog,
        caller: (any HTTPCaller)? = nil,
        log: any LogSink
    ) {
        self.settings = settings
        self.store = store
        self.source = source
        self.sink = sink
        self.catalog = catalog
        self.caller = caller
        self.log = log
    }

    /// Runs until `stop` ends, then drains: no new records, work under way is committed, lanes are given back. What is
    /// committed and not sent is sent by whoever takes the lanes next. Ends early with the failure of a part that
    /// cannot go on. Whoever calls bounds the time with `WorkerSettings.drainLimit`.
    ///
    /// - Parameter onStall: called, on a thread of its own, when work has been under way for `WorkerSettings.stallLimit`
    ///   and committed nothing; whatever hangs cannot be cancelled, so the process should end.
    package func run(
        until stop: @escaping @Sendable () async -> Void,
        onStall: @escaping @Sendable (String) -> Void = { _ in }
    ) async throws {
        let (bell, tasksBell) = (Bell(), Bell())
        let watchdog = Watchdog(limit: settings.stallLimit)
        watchdog.start(onStall)
        defer { watchdog.stop() }
        let committer = Committer(
            settings: settings,
            store: store,
            decider: BatchDecider(settings: settings, store: store, catalog: catalog),
            relayBell: bell,
            tasksBell: tasksBell,
            watchdog: watchdog,
            log: log
        )
        let reader = MessageReader(settings: settings, catalog: catalog)
        let setAside = SetAsideReader(
            settings: settings,
            store: store,
            reader: reader,
            committer: committer,
            log: log
        )
        let records = RecordLoop(
            settings: settings,
            source: source,
            store: store,
            reader: reader,
            committer: committer,
            log: log
        )
        let poller = InboxPoller(settings: settings, store: store, committer: committer, log: log)
        let sweeper = DeadlineSweeper(settings: settings, store: store, committer: committer, log: log)
        let tasks = TaskQueue(
            settings: settings,
            store: store,
            committer: committer,
            catalog: catalog,
            caller: caller,
            bell: tasksBell,
            log: log
        )
        let relay = OutboxRelay(settings: settings, store: store, sink: sink, bell: bell, log: log)

        // Brokers that are away hold nobody up: closing the sink ends what is being sent, and it stays in the outbox.
        let giveUpSending = Fuse { [sink] in await sink.close() }
        defer { giveUpSending.disarm() }

        // A wait for a signal may know no cancellation, and a part that fails must end the worker all the same.
        let (stopAsked, stopAsking) = AsyncStream.makeStream(of: Void.self)
        let asker = Task {
            await stop()
            stopAsking.finish()
        }
        defer { asker.cancel() }

        log.info("worker started", LogField("node", settings.node))
        try await withThrowingTaskGroup(of: Part.self) { group in
            group.addTask {
                for await _ in stopAsked {}
                return .stop
            }
            group.addTask {
                try await records.run()
                return .records
            }
            group.addTask {
                try await poller.run()
                return .other
            }
            group.addTask {
                try await sweeper.run()
                return .other
            }
            group.addTask {
                try await setAside.run()
                return .other
            }
            group.addTask {
                try await tasks.run()
                return .other
            }
            group.addTask {
                try await relay.run()
                return .other
            }
            do {
                // The first to end: `stop`, or a part that should not have.
                let first = try await group.next()
                if first == .records, !Task.isCancelled { throw WorkerFailure("the record source ended by itself") }
                log.info("worker stopping")
                giveUpSending.arm(after: settings.lastSendLimit)
                await source.close()
                group.cancelAll()
                while try await group.next() != nil {}
            } catch {
                if !(error is CancellationError) { log.error("worker failed, ending", LogField("reason", "\(error)")) }
                await source.close()
                group.cancelAll()
                await sink.close()
                if error is CancellationError { return }
                throw error
            }
        }
        await relay.finish()
        await sink.close()
        log.info("worker stopped")
    }

    private enum Part { case stop, records, other }
}
