internal import Glibc

/// PgBouncer in transaction mode before a server: every transaction may get another connection.
package struct TransactionPooler: Sendable {
    private static let program = "/usr/sbin/pgbouncer"
    package static var isInstalled: Bool { access(program, X_OK) == 0 }

    /// How many clients it takes at once.
    private static let clientsMax = 100

    private let folder: String
    private let port: Int

    /// Writes its settings to `pgbouncer.ini` in the folder.
    ///
    /// - Parameters:
    ///   - server: host and port as a connection string begins with them.
    ///   - connections: how many to the server at most.
    package init(before server: String, connections: Int, port: Int, folder: String) throws {
        (self.folder, self.port) = (folder, port)
        let address = server.split(separator: " ").prefix(2).joined(separator: " ")
        let settings = """
            [databases]
            * = \(address) user=postgres
            [pgbouncer]
            listen_addr = 127.0.0.1
            listen_port = \(port)
            unix_socket_dir =
            auth_type = any
            pool_mode = transaction
            default_pool_size = \(connections)
            max_client_conn = \(Self.clientsMax)

            """
        guard let file = fopen("\(folder)/pgbouncer.ini", "w") else {
            throw ChildProcess.Failure(
                description: "cannot write \(folder)/pgbouncer.ini: \(String(cString: strerror(errno)))"
            )
        }
        defer { fclose(file) }
        fputs(settings, file)
    }

    /// How to reach a database through it.
    package func connectionString(database: String) -> String {
        "host=127.0.0.1 port=\(port) user=postgres dbname=\(database)"
    }

    /// Starts it; it takes connections a moment later. It does not run as root, and has an account for that.
    package func start() throws -> ChildProcess {
        try ChildProcess(
            [Self.program] + (geteuid() == 0 ? ["-u", "postgres"] : []) + ["\(folder)/pgbouncer.ini"],
            environment: [:],
            logFile: "\(folder)/pgbouncer.txt"
        )
    }
}
