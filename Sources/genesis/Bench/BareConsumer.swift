internal import KafkaTransport
internal import Orchestration

/// Takes the commands of a run from Kafka and does nothing with them.
struct BareConsumer: Sendable {
    /// How long is looked for the first records of the partitions.
    static let lookLimit = Duration.seconds(3)

    static let settleTime = Duration.seconds(1)

    private let environment: BenchEnvironment

    init(_ environment: BenchEnvironment) { self.environment = environment }

    func consume(_ count: Int) async throws -> Duration {
        let source = try source()
        var taken = 0
        let time = await Self.time {
            await Self.read(source) { batch in
                taken += batch.records.count
                return taken < count
            }
        }
        await source.close()
        return time
    }

    /// How many records the broker keeps no more.
    func dropped() async throws -> Int {
        let source = try source()
        let limit = Task {
            try? await Task.sleep(for: Self.lookLimit)
            await source.close()
        }
        var firsts: [TopicPartition: Int64] = [:]
        await Self.read(source) { batch in
            if firsts[batch.topicPartition] == nil { firsts[batch.topicPartition] = batch.records.first?.offset }
            return firsts.count < environment.partitions
        }
        limit.cancel()
        await source.close()
        return Int(firsts.values.reduce(0, +))
    }

    /// How long a record takes from the producer to the consumer, one after another.
    func hops(_ count: Int) async throws -> [Interval] {
        let (source, sink) = (try source(), try KafkaRecordSink(environment.kafka))
        let (asks, next) = AsyncStream.makeStream(of: Void.self)
        let sending = Task { () -> SendResult? in
            // The consumer must have found the end first.
            try? await Task.sleep(for: Self.settleTime)
            for await _ in asks {
                let record = BenchRecords.command("Hop", to: SessionID(derivedFrom: "bench", "hop"), [:])
                if let failure = await sink.send([record]).first(where: { $0 != .sent }) { return failure }
            }
            return nil
        }
        var times: [Interval] = []
        var sentAt: ContinuousClock.Instant?
        next.yield()
        await Self.read(source, from: .end) { _ in
            let now = ContinuousClock.now
            // The first finds leaders and opens connections.
            if let sentAt { times.append(Interval(microseconds: Int64((now - sentAt).seconds * 1e6))) }
            sentAt = .now
            if times.count < count { next.yield() }
            return times.count < count
        }
        next.finish()
        await source.close()
        await sink.close()
        if let failure = await sending.value {
            throw CommandFailure.unavailable("Kafka did not take a record of the bench: \(failure)")
        }
        return times
    }

    private func source() throws -> KafkaRecordSource {
        try KafkaRecordSource(
            environment.kafka,
            assigning: (0..<environment.partitions).map { TopicPartition(topic: Topics.commands, partition: $0) }
        )
    }

    /// Reads as long as the body wants more.
    private static func read(
        _ source: KafkaRecordSource,
        from start: StartOffset = .beginning,
        _ wantsMore: (RecordBatch) -> Bool
    ) async {
        while let event = await source.next() {
            switch event {
            case .assigned(let generation, let partitions):
                await source.start(
                    generation: generation,
                    at: Dictionary(partitions.map { ($0, start) }) { first, _ in first }
                )
            case .batch(let batch):
                await source.done(batch)
                if !wantsMore(batch) { return }
            case .revoked, .brokersAway, .brokersBack, .notice, .partitionStopped, .fatal: break
            }
        }
    }

    static func time<Failure: Error>(_ body: () async throws(Failure) -> Void) async throws(Failure) -> Duration {
        let began = ContinuousClock.now
        try await body()
        return ContinuousClock.now - began
    }
}
