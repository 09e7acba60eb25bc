import Orchestration
import Testing

@Suite struct TableRowTests {
    static let time: JSONValue = "2026-11-21T03:00:00.000000Z"
    static let id: JSONValue = "0190b8f0-1234-7abc-8def-0123456789ab"
    static let task: JSONObject = [
        "id": id, "session_id": id, "task_type": "T", "correlation_id": "c", "total_deadline_at": time,
        "created_at": time, "updated_at": time,
    ]

    @Test func `what has a default may be left out`() throws {
        let task = try AsyncTask(columns: Self.task)
        #expect(task.status == .pending)
        #expect(task.tenantID == "default")
        #expect(task.progress == .zero)
        #expect(task.attempt == 1)
        #expect(task.deadlineAt == nil)
    }

    @Test(arguments: [
        ("id", JSONValue.null, "async_tasks.id is missing"),
        ("session_id", "nope", #"async_tasks.session_id must be a UUID, not "nope""#),
        (
            "status", "ASLEEP",
            #"async_tasks.status must be one of PENDING, RUNNING, COMPLETED, FAILED, CANCELLED, not "ASLEEP""#
        ),
        ("created_at", "yesterday", #"async_tasks.created_at must be a time in ISO 8601 with a zone, not "yesterday""#),
        ("progress", 150, "async_tasks.progress must be a number from 0 to 100, not 150"),
        ("retry_count", -1, "async_tasks.retry_count must be an integer from 0, not -1"),
        ("task_type", 7, "async_tasks.task_type must be text, not 7"),
        ("colour", "red", "async_tasks.colour is no column of the table"),
    ])
    func `a fault names table, column and what was expected`(_ column: String, _ value: JSONValue, _ sentence: String) {
        var columns = Self.task
        columns[column] = value
        let fault = #expect(throws: ColumnFault.self) { try AsyncTask(columns: columns) }
        #expect(fault?.description == sentence)
    }
}
