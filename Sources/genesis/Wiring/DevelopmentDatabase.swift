/// The PostgreSQL cluster of a development environment.
protocol DevelopmentDatabase: Sendable {
    /// The connection string of the database `genesis` in it.
    var url: String { get }
    var isRunning: Bool { get }
    /// Stops the server; blocks until it has stopped.
    func stop()
}
