import Foundation
import KafkaTransport
import Orchestration
import Testing

@Suite(.timeLimit(.minutes(2))) struct RecordSinkTests {
    let broker: TestBroker

    init() throws { broker = try TestBroker.shared.get() }

    private func record(_ topic: String, _ number: Int) -> OutgoingRecord {
        OutgoingRecord(topic: topic, key: Array("k".utf8), value: Array(String(number).utf8))
    }

    @Test func `a batch of a thousand records arrives in order`() async throws {
        let topic = try broker.topic(partitions: 3)
        let sink = try KafkaRecordSink(broker.configuration())
        let results = await sink.send((0..<1_000).map { record(topic, $0) })
        #expect(results == Array(repeating: .sent, count: 1_000))
        let source = try broker.source(topic, partitions: 3)
        try await source.start()
        #expect(try await source.read(1_000).map(text) == (0..<1_000).map(String.init))
        await source.source.close()
        await sink.close()
    }

    @Test func `no records need no answer`() async throws {
        let sink = try KafkaRecordSink(broker.configuration())
        #expect(await sink.send([]) == [])
        await sink.close()
    }

    @Test func `a record that is too large is refused and its neighbours are sent`() async throws {
        let topic = try broker.topic()
        let sink = try KafkaRecordSink(broker.configuration())
        let huge = OutgoingRecord(topic: topic, key: nil, value: [UInt8](repeating: 1, count: 2_000_000))
        let results = await sink.send([record(topic, 0), huge, record(topic, 1)])
        #expect(results[0] == .sent && results[2] == .sent)
        guard case .refused(let reason) = results[1] else { throw TestFailure("\(results[1])") }
        #expect(reason.contains("MSG_SIZE_TOO_LARGE"))
        await sink.close()
    }

    @Test(arguments: ["", "with space", "nul\0inside", String(repeating: "x", count: 250)])
    func `what is no topic name is refused`(topic: String) async throws {
        let sink = try KafkaRecordSink(broker.configuration())
        guard case .refused = await sink.send([record(topic, 0)])[0] else { throw TestFailure("not refused") }
        await sink.close()
    }

    @Test func `a broker's final refusal is a refusal, and a passing one is tried again`() async throws {
        let broker = try TestBroker(topics: "t:1")
        let sink = try KafkaRecordSink(broker.configuration())
        #expect(await sink.send([record("t", 0)]) == [.sent])
        let (produce, tooLarge, notLeader) = (0, 10, 6)
        try broker.control.send("error \(produce) 1 \(notLeader)")
        #expect(await sink.send([record("t", 1)]) == [.sent])
        try broker.control.send("error \(produce) 1 \(tooLarge)")
        guard case .refused = await sink.send([record("t", 2)])[0] else { throw TestFailure("not refused") }
        await sink.close()
    }

    @Test func `while the broker is away records fail in time, and afterwards they are sent`() async throws {
        let broker = try TestBroker(topics: "t:1")
        let sink = try KafkaRecordSink(broker.configuration(sendLimitMilliseconds: 1_500))
        #expect(await sink.send([record("t", 0)]) == [.sent])
        try broker.control.send("down")
        let started = ContinuousClock.now
        let results = await sink.send((1...100).map { record("t", $0) })
        #expect(ContinuousClock.now - started < .seconds(30))
        for result in results {
            guard case .blameless(let reason) = result else { throw TestFailure("\(result)") }
            #expect(reason.contains("MSG_TIMED_OUT"))
        }
        try broker.control.send("up")
        try await eventually("the records being sent") {
            await sink.send([record("t", 1), record("t", 2)]) == [.sent, .sent]
        }
        await sink.close()
    }

    @Test func `a producer that cannot go on says so`() async throws {
        let broker = try TestBroker(topics: "t:1")
        let (initProducerID, clusterAuthorizationFailed) = (22, 31)
        try broker.control.send("error \(initProducerID) 10 \(clusterAuthorizationFailed)")
        let sink = try KafkaRecordSink(broker.configuration(sendLimitMilliseconds: 5_000))
        guard case .fatal = await sink.send([record("t", 0)])[0] else { throw TestFailure("not fatal") }
        guard case .fatal = await sink.send([record("t", 1)])[0] else { throw TestFailure("not fatal later") }
        await sink.close()
    }

    @Test func `close gives up what cannot be sent, and nothing is sent after it`() async throws {
        let broker = try TestBroker(topics: "t:1")
        let sink = try KafkaRecordSink(broker.configuration(sendLimitMilliseconds: 60_000))
        #expect(await sink.send([record("t", 0)]) == [.sent])
        try broker.control.send("down")
        async let results = sink.send([record("t", 1)])
        // Lets the record go on its way first; the answer would be the same without.
        try await Task.sleep(for: .milliseconds(50))
        let started = ContinuousClock.now
        await sink.close()
        // Well before the record's own time is over, on a busy machine too.
        #expect(ContinuousClock.now - started < .seconds(40))
        guard case .failed = await results[0] else { throw TestFailure("not failed") }
        #expect(await sink.send([record("t", 2)]) == [.failed("the producer has been closed")])
    }

    @Test func `a record sent alone waits for those before it, and those after it wait for its answer`() async throws {
        let broker = try TestBroker(topics: "alone:1")
        let sink = try KafkaRecordSink(broker.configuration())
        try broker.control.send("rtt 50")
        async let before = sink.send((0..<3).map { record("alone", $0) })
        async let alone = sink.sendAlone(record("alone", 3))
        async let after = sink.send((4..<6).map { record("alone", $0) })
        #expect(await before + [alone] + after == Array(repeating: .sent, count: 6))
        await sink.close()
        #expect(await sink.sendAlone(record("alone", 7)) == .failed("the producer has been closed"))
    }

    @Test func `a topic that does not exist fails and frees its headers once`() async throws {
        let sink = try KafkaRecordSink(broker.configuration(sendLimitMilliseconds: 3_000))
        var missing = record("missing-\(UUID().uuidString)", 0)
        missing.headers = [RecordHeader("a", "b")]
        // The embedded broker creates topics on request, so the answer is one of two; neither may end the process.
        for _ in 0..<3 {
            switch await sink.send([missing])[0] {
            case .sent, .failed: break
            case .blameless, .refused, .fatal: Issue.record("unexpected")
            }
        }
        await sink.close()
    }

    @Test func `a sink knows whether it is the brokers that do not take a record`() async throws {
        let broker = try TestBroker(topics: "t:2,u:1")
        let sink = try KafkaRecordSink(broker.configuration(sendLimitMilliseconds: 1_000))
        #expect(await sink.send([record("t", 0)]) == [.sent])
        let (leaderNotAvailable, notAuthorized) = (5, 29)
        try broker.control.send("fault u \(leaderNotAvailable)")
        #expect(await sink.states(of: ["t", "u"]) == ["t": .takes, "u": .away])
        // What the brokers will not take for good is the record's own trouble.
        try broker.control.send("fault u \(notAuthorized)")
        #expect(await sink.states(of: ["t", "u"]) == ["t": .takes, "u": .refuses])
        try broker.control.send("down")
        #expect(await sink.states(of: ["t"]) == nil)
        try broker.control.send("up")
        try await eventually("the brokers answering") { await sink.states(of: ["t"]) == ["t": .takes] }
        await sink.close()
        #expect(await sink.states(of: ["t"]) == nil)
    }

    @Test(
        arguments: [(1, 3, 3, true), (1, 3, 2, false), (-1, 1, 1, false), (1, 1, 0, false)] as [(Int32, Int, Int, Bool)]
    )
    func `a partition whose replicas are not all in sync may take nothing, whatever the record`(
        leader: Int32,
        replicas: Int,
        inSync: Int,
        takes: Bool
    ) {
        #expect(KafkaRecordSink.takesRecords(leader: leader, replicas: replicas, inSync: inSync) == takes)
    }

    @Test func `a producer that gets nothing through to brokers that answer is replaced, and no other`() async throws {
        let broker = try TestBroker(topics: "t:1")
        let sink = try KafkaRecordSink(broker.configuration(sendLimitMilliseconds: 1_500))
        try await eventually("a record being sent") { await sink.send([record("t", 0)]) == [.sent] }
        #expect(await sink.states(of: ["t"]) == ["t": .takes])
        #expect(sink.producersMade == 1)
        try broker.control.send("down")
        guard case .blameless = await sink.send([record("t", 1)])[0] else { throw TestFailure("not failed") }
        #expect(await sink.states(of: ["t"]) == nil)
        #expect(sink.producersMade == 1)
        try broker.control.send("up")
        try await eventually("the brokers answering") { await sink.states(of: ["t"]) == ["t": .takes] }
        try await eventually("a record being sent") { await sink.send([record("t", 2)]) == [.sent] }
        #expect(sink.producersMade == 2)
        #expect(await sink.states(of: ["t"]) == ["t": .takes])
        #expect(await sink.send([record("t", 3)]) == [.sent])
        #expect(sink.producersMade == 2)
        await sink.close()
    }
}
