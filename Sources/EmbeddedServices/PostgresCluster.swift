internal import Glibc

/// A PostgreSQL cluster of our own in a folder, for development and tests. It ends with this process.
package final class PostgresCluster: @unchecked Sendable {
    package enum Durability: Sendable {
        /// Survives a power cut.
        case durable
        /// Survives a crash of the server, not of the machine: no fsync, but each COMMIT waits for the WAL's write.
        case crashSafe
        /// No fsync; for tests, whose data nobody wants back.
        case fast
    }

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// How long the server may take until it accepts connections; the first start recovers from a crash.
    package static let readySecondsMax = 60

    /// The folder with the data; another than was asked for when user `postgres` cannot reach that.
    package let dataFolder: String
    private let socketFolder: String
    private let port: Int
    private let listensOnTCP: Bool
    private let user: String
    private let launch: Launch
    private let lock = ProcessLock()
    /// Behind the lock: `crash` and `start` replace it.
    private var process: ChildProcess?

    private struct Launch {
        var arguments: [String]
        var environment: [String: String]
        var log: String
    }

    /// Starts the cluster, making it on first use.
    ///
    /// - Parameters:
    ///   - folder: where data and log go. As root the server runs as user `postgres`; when that user cannot
    ///     reach the folder, the data goes to `/var/tmp/genesis-…` and the file `data-folder` in the folder says where.
    ///   - settings: further `name=value` of postgresql.conf.
    package static func start(
        folder: String,
        durability: Durability,
        tcp: Bool = false,
        settings: [String] = []
    ) throws -> PostgresCluster {
        try PostgresCluster(folder: folder, durability: durability, tcp: tcp, settings: settings)
    }

    private init(folder: String, durability: Durability, tcp: Bool, settings: [String]) throws {
        let binaries = try Self.binaries()
        let isRoot = geteuid() == 0
        user = isRoot ? "postgres" : Self.userName()
        let home = try Self.reachable(folder, isRoot: isRoot)
        // The path of a Unix socket has 107 bytes at most; a data folder may be deeper.
        socketFolder =
            home.utf8.count < 80 ? home + "/socket" : "/tmp/genesis-\(getpid())-\(UInt32.random(in: 0...UInt32.max))"
        dataFolder = home + "/data"
        port = try Self.freePort()
        listensOnTCP = tcp
        for path in [home, socketFolder] { try Self.makeFolder(path, isRoot: isRoot) }
        let drop = isRoot ? ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] : []
        let environment = ["PATH": "\(binaries):/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8", "HOME": home]
        let log = home + "/postgres.log"
        if access(dataFolder + "/PG_VERSION", F_OK) != 0 {
            let initdb = try ChildProcess(
                ["/usr/bin/env"] + drop + [
                    "\(binaries)/initdb", "--no-sync", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8",
                    "--username=postgres", "--pgdata=\(dataFolder)",
                ],
                environment: environment,
                logFile: log
            )
            let code = initdb.wait()
            guard code == 0 else { throw Failure(description: "initdb ended with code \(code); see \(log)") }
        }
        let wasKilled = try Self.removeStalePID(dataFolder)
        var arguments =
            drop + [
                "\(binaries)/postgres", "-D", dataFolder, "-k", socketFolder, "-p", String(port),
                "-c", "listen_addresses=\(tcp ? "127.0.0.1" : "")", "-c", "unix_socket_permissions=0700",
                "-c", "max_connections=200",
            ]
        switch durability {
        case .durable: break
        case .crashSafe: arguments += ["-c", "fsync=off"]
        case .fast:
            for setting in [
                "fsync=off", "full_page_writes=off", "synchronous_commit=off", "wal_level=minimal",
                "max_wal_senders=0",
            ] { arguments += ["-c", setting] }
        }
        for setting in settings { arguments += ["-c", setting] }
        launch = Launch(arguments: ["/usr/bin/env"] + arguments, environment: environment, log: log)
        try begin(afterKill: wasKilled)
    }

    /// How long a server is started again and again that finds the last children of a killed one still about.
    private static let startsAfterKillSecondsMax = 5

    private func begin(afterKill: Bool) throws {
        let deadline = time(nil) + (afterKill ? Self.startsAfterKillSecondsMax : 0)
        while time(nil) < deadline {
            if (try? begin()) != nil { return }
            usleep(100_000)
        }
        try begin()
    }

    private func begin() throws {
        let process = try ChildProcess(
            launch.arguments,
            environment: launch.environment,
            logFile: launch.log,
            termination: SIGINT
        )
        lock.withLock { self.process = process }
        try waitUntilReady(process)
    }

    /// Ends the server at once and starts it again, which recovers as after a crash (SIGQUIT: an immediate shutdown).
    package func crash() throws {
        let process = lock.withLock { self.process }
        process?.signal(SIGQUIT)
        _ = process?.wait()
        try begin(afterKill: try Self.removeStalePID(dataFolder))
    }

    /// The server's first process, whose children are all others.
    package var processID: Int32? { process?.processID }

    /// Whether the server has not ended.
    package var isRunning: Bool { lock.withLock { process }?.exitCode == nil }

    /// Ends the server quickly and cleanly (SIGINT: open connections are closed).
    package func stop() {
        lock.withLock { process }?.stop()
        if !dataFolder.hasPrefix(socketFolder.dropLast("/socket".count)) { rmdir(socketFolder) }
    }

    /// For libpq; as a database that exists in every cluster, `postgres`.
    package func connectionString(database: String = "postgres") -> String {
        let host = listensOnTCP ? "127.0.0.1" : socketFolder
        return "host='\(host)' port=\(port) user=postgres dbname='\(database)'"
    }

    private func waitUntilReady(_ process: ChildProcess) throws {
        for _ in 0..<Self.readySecondsMax * 50 {
            if let code = process.exitCode {
                throw Failure(description: "PostgreSQL ended at once with code \(code); see \(launch.log)")
            }
            // `ready` stands on the last line of postmaster.pid once connections are accepted.
            if let text = Self.text(dataFolder + "/postmaster.pid") {
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
                if lines.count > 7, lines[7].hasPrefix("ready") { return }
            }
            usleep(20_000)
        }
        process.stop()
        throw Failure(description: "PostgreSQL was not ready within \(Self.readySecondsMax) s; see \(launch.log)")
    }

    /// A server that was killed leaves its file behind; one that lives is another user of the same data.
    ///
    /// - Returns: whether a server was killed here.
    private static func removeStalePID(_ data: String) throws -> Bool {
        let path = data + "/postmaster.pid"
        // A parent killed a moment ago leaves a server that is just ending.
        for _ in 0..<500 {
            guard let text = text(path), let first = text.split(separator: "\n").first, let pid = Int32(first) else {
                return false
            }
            let name = self.text("/proc/\(pid)/comm") ?? ""
            if !name.hasPrefix("postgres") {
                unlink(path)
                return true
            }
            usleep(20_000)
        }
        throw Failure(description: "another server is using \(data) (see postmaster.pid there)")
    }

    private static func reachable(_ folder: String, isRoot: Bool) throws -> String {
        guard mkdir(folder, 0o755) == 0 || errno == EEXIST, let resolved = realpath(folder, nil) else {
            throw Failure(description: "cannot make \(folder): \(String(cString: strerror(errno)))")
        }
        defer { free(resolved) }
        let path = String(cString: resolved)
        guard isRoot else { return path }
        var parent = ""
        for part in path.split(separator: "/") {
            parent += "/\(part)"
            var status = stat()
            guard stat(parent, &status) == 0 else { continue }
            if status.st_mode & 0o001 == 0 {
                let hash = path.utf8.reduce(UInt64(5_381)) { $0 &* 33 &+ UInt64($1) }
                let other = "/var/tmp/genesis-\(String(hash, radix: 16))"
                if let note = fopen(path + "/data-folder", "w") {
                    fputs(other + "\n", note)
                    fclose(note)
                }
                return other
            }
        }
        return path + "/cluster"
    }

    private static func makeFolder(_ path: String, isRoot: Bool) throws {
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else {
            throw Failure(description: "cannot make \(path): \(String(cString: strerror(errno)))")
        }
        guard isRoot else { return }
        guard let account = getpwnam("postgres") else {
            throw Failure(description: "PostgreSQL refuses to run as root, and there is no user `postgres`")
        }
        guard lchown(path, account.pointee.pw_uid, account.pointee.pw_gid) == 0 else {
            throw Failure(description: "cannot give \(path) to user postgres: \(String(cString: strerror(errno)))")
        }
    }

    private static func userName() -> String { getpwuid(geteuid()).map { String(cString: $0.pointee.pw_name) } ?? "" }

    /// The newest installed server's folder of programs.
    private static func binaries() throws -> String {
        if let pipe = popen(
            "pg_config --bindir 2>/dev/null; ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -rV 2>/dev/null",
            "r"
        ) {
            defer { pclose(pipe) }
            var line = [CChar](repeating: 0, count: 4_096)
            while fgets(&line, Int32(line.count), pipe) != nil {
                let bytes = line.prefix { $0 != 0 && $0 != 10 }.map { UInt8(bitPattern: $0) }
                let folder = String(decoding: bytes, as: UTF8.self)
                if access(folder + "/initdb", X_OK) == 0, access(folder + "/postgres", X_OK) == 0 { return folder }
            }
        }
        throw Failure(description: "no PostgreSQL server is installed (apt-get install postgresql)")
    }

    private static func freePort() throws -> Int {
        let end = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(end) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let port = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                bind(end, generic, length) == 0 && getsockname(end, generic, &length) == 0
            }
        }
        guard port else { throw Failure(description: "no free port: \(String(cString: strerror(errno)))") }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    private static func text(_ path: String) -> String? {
        guard let file = fopen(path, "r") else { return nil }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 4_096)
        let count = fread(&bytes, 1, bytes.count, file)
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
