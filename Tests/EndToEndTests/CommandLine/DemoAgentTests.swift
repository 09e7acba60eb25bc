import EmbeddedServices
import Foundation
import KafkaTransport
import Orchestration
import Testing

@testable import genesis

/// The demo agent on the embedded broker, asked and heard through Kafka.
@Suite(.timeLimit(.minutes(1))) struct DemoAgentTests {
    private struct Nothing: LogSink {
        func write(_ level: LogLevel, _ message: String, _ fields: [LogField]) {}
    }

    @Test func `a task is answered with its start, its progress and its result; a cancelled one falls silent`()
        async throws
    {
        let folder = FileManager.default.temporaryDirectory.appending(path: "genesis-agent-\(UUID())").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
            .deletingLastPathComponent().appending(path: "genesis").path
        let broker = try ChildProcess(
            [program, "broker", "--address-file", "\(folder)/address", "--topics", "t.tasks:1,t.events:1"],
            environment: [:],
            logFile: "\(folder)/log"
        )
        defer { broker.stop() }
        let deadline = Date().addingTimeInterval(20)
        while !FileManager.default.fileExists(atPath: "\(folder)/address") {
            try #require(Date() < deadline && broker.exitCode == nil, "the broker did not start")
            try await Task.sleep(for: .milliseconds(5))
        }
        let address = try String(contentsOfFile: "\(folder)/address", encoding: .utf8)
            .trimmingCharacters(in: .whitespacesAndNewlines)
        let configuration = try KafkaConfiguration(brokers: address, groupID: "agent")
        let actor = Orchestration.Actor(
            name: "Outliner.Concept.Generation",
            topic: "t.tasks",
            answersTopic: "t.events",
            resultType: "Outliner.Concept.Generated"
        )
        let agentSource = try KafkaRecordSource(configuration, topics: ["t.tasks"])
        let agent = DemoAgent(
            settings: .init(node: "n", delay: .milliseconds(600), failRate: 0, seed: 1),
            actors: [actor.requestType: actor],
            source: agentSource,
            sink: try KafkaRecordSink(configuration),
            log: Nothing()
        )
        let (stop, stopper) = AsyncStream.makeStream(of: Void.self)
        let run = Task { try await agent.run { for await _ in stop {} } }

        let sink = try KafkaRecordSink(configuration)
        let session = SessionID(derivedFrom: "session")
        let cancelled = TaskID(derivedFrom: "cancelled")
        let wanted = TaskID(derivedFrom: "wanted")
        func record(_ type: String, _ task: TaskID) -> OutgoingRecord {
            let body: JSONValue = [
                "event_id": JSONValue(EventID(derivedFrom: type, task.description)), "event_type": .string(type),
                "task_id": JSONValue(task), "attempt": 1, "session_id": JSONValue(session),
                "input": ["feedback": ["feedback": "more sea"]],
            ]
            return OutgoingRecord(topic: "t.tasks", key: Array(session.description.utf8), value: body.utf8Bytes)
        }
        let sent = await sink.send([
            OutgoingRecord(topic: "t.tasks", key: nil, value: Array("not JSON".utf8)),
            record(actor.requestType, cancelled), record(SessionMessages.taskCancelled, cancelled),
            record(actor.requestType, wanted),
        ])
        #expect(sent == [.sent, .sent, .sent, .sent])

        let answers = try KafkaRecordSource(
            configuration,
            assigning: [TopicPartition(topic: "t.events", partition: 0)]
        )
        var types: [TaskID: [String]] = [:]
        var result: JSONValue = .null
        hearing: while let event = await answers.next() {
            switch event {
            case .assigned(let generation, let partitions):
                await answers.start(generation: generation, at: [partitions[0]: .beginning])
            case .batch(let batch):
                for record in batch.records {
                    let body = try JSONText.parse(try #require(record.value))
                    let task = try #require(body["payload"]["task_id"].string.flatMap { TaskID($0) })
                    let type = try #require(body["event_type"].string)
                    types[task, default: []].append(type)
                    if type == actor.resultType { result = body["payload"]["output"] }
                }
                await answers.done(batch)
                if types[wanted]?.last == actor.resultType { break hearing }
            case .revoked, .partitionStopped, .brokersAway, .brokersBack, .notice, .fatal: continue
            }
        }
        #expect(
            types[wanted] == ["Task.Started"] + Array(repeating: "Task.Progressed", count: DemoAgent.progressSteps)
                + [actor.resultType]
        )
        #expect(types[cancelled]?.contains(actor.resultType) != true)
        #expect(result.text.contains("more sea"))
        stopper.finish()
        try await run.value
        await answers.close()
        await sink.close()
    }
}
