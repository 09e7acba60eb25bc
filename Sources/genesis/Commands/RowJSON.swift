internal import Orchestration

extension TableRow {
    /// The row as an object: the members are named as the columns are.
    var json: JSONValue { .object(columns) }
}

extension ResumeHandle {
    /// The types of replies that the wait takes.
    var replies: [String] { resumeHandle["replies"].array?.compactMap(\.string) ?? [] }
}
