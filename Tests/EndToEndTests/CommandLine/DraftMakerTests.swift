import Orchestration
import Testing

@testable import genesis

@Suite struct DraftMakerTests {
    private let task = TaskID(derivedFrom: "task")
    private let actors = [
        "Outliner.Concept.Generation", "Outliner.Theme.Generation", "Worldbuilder.World.Generation",
        "Character.Design.Generation", "Character.Relationship.Generation", "Plot.Structure.Generation",
        "Writer.Content.Generation", "Some.Other.Work",
    ]

    @Test func `the same seed, task and input give the same draft`() {
        for actor in actors {
            let one = DraftMaker(seed: 3).draft(for: actor, input: [:], task: task)
            #expect(one == DraftMaker(seed: 3).draft(for: actor, input: [:], task: task))
        }
        let drafts = (0..<20).map { DraftMaker(seed: $0).draft(for: actors[0], input: [:], task: task) }
        #expect(Set(drafts).count > 10)
    }

    @Test func `feedback is visibly used`() {
        for actor in actors {
            let draft = DraftMaker(seed: 1).draft(for: actor, input: ["feedback": "more sea"], task: task)
            #expect(draft.text.contains("more sea"), "\(actor)")
        }
    }

    @Test func `there are three concepts with ids to choose from`() {
        let draft = DraftMaker(seed: 1).draft(for: actors[0], input: .null, task: task)
        #expect(draft["concepts"].array?.map { $0["id"].string } == ["c1", "c2", "c3"])
    }

    @Test func `attempts fail at about the rate that was asked for`() {
        let maker = DraftMaker(seed: 5)
        let failures = (0..<2_000).count { maker.fails(task: TaskID(derivedFrom: "\($0)"), attempt: 1, rate: 0.1) }
        #expect((120...280).contains(failures), "\(failures) of 2000")
        #expect(!maker.fails(task: task, attempt: 1, rate: 0))
        #expect(maker.fails(task: task, attempt: 1, rate: 1))
    }

    @Test func `an answer of the agent is an envelope that the worker reads`() throws {
        let session = SessionID(derivedFrom: "session")
        let request: JSONValue = [
            "event_id": JSONValue(EventID(derivedFrom: "r")), "event_type": "Outliner.Concept.GenerationRequested",
            "task_id": JSONValue(task), "attempt": 2, "session_id": JSONValue(session), "correlation_id": "flow",
        ]
        let record = IncomingRecord(
            topicPartition: TopicPartition(topic: "t", partition: 0),
            offset: 0,
            key: nil,
            value: request.utf8Bytes
        )
        let read = try #require(TaskRequest.read(record).request)
        let answer = read.answer(
            type: "Outliner.Concept.Generated",
            fields: ["output": ["concepts": []]],
            topic: "e",
            id: EventID(derivedFrom: "a"),
            now: .epoch
        )
        #expect(answer.key == Array(session.description.utf8))
        let body = try JSONText.parse(try #require(answer.value))
        #expect(body["payload"]["task_id"] == JSONValue(task))
        #expect(body["payload"]["attempt"] == 2)
        #expect(body["aggregate_id"] == JSONValue(session))
    }

    @Test(arguments: ["", "[]", "{}", #"{"event_type":"x"}"#, #"{"event_type":"x","task_id":7}"#])
    func `a record that is no request is named, not answered`(text: String) {
        let record = IncomingRecord(
            topicPartition: TopicPartition(topic: "t", partition: 0),
            offset: 0,
            key: nil,
            value: Array(text.utf8)
        )
        let (request, problem) = TaskRequest.read(record)
        #expect(request == nil && !problem.isEmpty)
    }
}
