/// Calls HTTP servers for tasks that the worker does itself.
package protocol HTTPCaller: Sendable {
    /// What a file in the folder of secrets holds, without the line's end. Read anew each time, so that it can change.
    func secret(_ file: String) throws(HTTPFailure) -> String
    /// One call; no redirect is followed. Ends early, with any failure, when the Swift task is cancelled.
    func send(_ request: HTTPRequest) async -> Result<HTTPResponse, HTTPFailure>
}
