internal import Glibc

/// A program started by us that cannot outlive us.
///
/// The child gets SIGTERM from the kernel when its parent's thread of control dies, through a supervising shell whose
/// standard input is a pipe that only this process holds: the pipe closes even when this process is killed.
package final class ChildProcess: @unchecked Sendable {
    /// The process id of the program itself.
    package let processID: Int32
    private let shellID: Int32
    private let lifeline: Int32
    private let lock = ProcessLock()
    private var exit: Int32?
    private var isReleased = false

    package struct Failure: Error, CustomStringConvertible {
        package let description: String
    }

    /// Starts `arguments[0]` with the environment given, standard output and error appended to `logFile`.
    ///
    /// - Parameter termination: the signal sent when this process dies or `stop` is called.
    package init(
        _ arguments: [String],
        environment: [String: String],
        logFile: String,
        termination: Int32 = SIGTERM
    ) throws {
        let script = """
            "$@" </dev/null & child=$!
            echo $child >&3
            exec 3>&-
            { cat >/dev/null <&4; kill -\(termination) $child 2>/dev/null; } & watcher=$!
            wait $child; code=$?
            kill $watcher 2>/dev/null
            exit $code
            """
        let lifelinePipe = try Self.pipe()
        let reportPipe = try Self.pipe()
        defer {
            close(lifelinePipe.read)
            close(reportPipe.read)
        }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        let flags = O_WRONLY | O_CREAT | O_APPEND
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, logFile, flags, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        posix_spawn_file_actions_adddup2(&actions, reportPipe.write, 3)
        posix_spawn_file_actions_adddup2(&actions, lifelinePipe.read, 4)

        // A process group of its own, so that Ctrl-C in a terminal reaches us and not the children behind our back.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        posix_spawnattr_setpgroup(&attributes, 0)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)

        var shell: pid_t = 0
        let words = ["/bin/sh", "-c", script, "sh"] + arguments
        let code = Self.withCStrings(words) { argv in
            Self.withCStrings(environment.map { "\($0.key)=\($0.value)" }) { envp in
                posix_spawn(&shell, "/bin/sh", &actions, &attributes, argv, envp)
            }
        }
        close(reportPipe.write)
        guard code == 0 else {
            close(lifelinePipe.write)
            throw Failure(description: "cannot start \(arguments.first ?? ""): \(String(cString: strerror(code)))")
        }
        var text = ""
        var byte: UInt8 = 0
        while read(reportPipe.read, &byte, 1) == 1, byte != UInt8(ascii: "\n") { text.append(Character(.init(byte))) }
        guard let child = Int32(text) else {
            close(lifelinePipe.write)
            throw Failure(description: "cannot start \(arguments.first ?? ""): its supervisor said `\(text)`")
        }
        processID = child
        shellID = shell
        lifeline = lifelinePipe.write
    }

    deinit {
        if exitCode == nil { stop() }
        release()
    }

    /// Sends a signal to the program; does nothing when it has ended.
    package func signal(_ number: Int32) {
        if exitCode == nil { kill(processID, number) }
    }

    /// The exit code once the program has ended (128 + signal when it was killed), else nil. Does not wait.
    package var exitCode: Int32? { lock.withLock { reap(options: WNOHANG) } }

    /// Waits until the program has ended.
    package func wait() -> Int32 { lock.withLock { reap(options: 0) ?? -1 } }

    /// Ends the program: the termination signal, then SIGKILL after `graceSeconds`.
    @discardableResult
    package func stop(graceSeconds: Int = 20) -> Int32 {
        release()
        for _ in 0..<graceSeconds * 100 {
            if let code = exitCode { return code }
            usleep(10_000)
        }
        kill(processID, SIGKILL)
        return wait()
    }

    /// Closes the lifeline, once: its number may soon be another file's.
    private func release() {
        let isFirst = lock.withLock {
            defer { isReleased = true }
            return !isReleased
        }
        if isFirst { close(lifeline) }
    }

    private func reap(options: Int32) -> Int32? {
        if let exit { return exit }
        var status: Int32 = 0
        guard waitpid(shellID, &status, options) == shellID else { return nil }
        let code = status & 0x7f == 0 ? status >> 8 & 0xff : 128 + status & 0x7f
        exit = code
        return code
    }

    /// A pipe whose ends close on exec, or every later child would hold this lifeline open too, and whose numbers
    /// are above those that the child gives a meaning.
    private static func pipe() throws -> (read: Int32, write: Int32) {
        var ends: [Int32] = [0, 0]
        guard Glibc.pipe(&ends) == 0 else {
            throw Failure(description: "cannot make a pipe: \(String(cString: strerror(errno)))")
        }
        let moved = ends.map { end in
            defer { close(end) }
            return fcntl(end, F_DUPFD_CLOEXEC, 10)
        }
        guard moved.allSatisfy({ $0 >= 0 }) else {
            throw Failure(description: "cannot make a pipe: \(String(cString: strerror(errno)))")
        }
        return (moved[0], moved[1])
    }

    private static func withCStrings<Result>(
        _ strings: [String],
        _ body: ([UnsafeMutablePointer<CChar>?]) -> Result
    ) -> Result {
        let pointers = strings.map { strdup($0) }
        defer { for pointer in pointers { free(pointer) } }
        return body(pointers + [nil])
    }
}

/// A mutex for this target alone, which imports no other.
final class ProcessLock: @unchecked Sendable {
    private let mutex: UnsafeMutablePointer<pthread_mutex_t> = .allocate(capacity: 1)

    init() {
        mutex.initialize(to: pthread_mutex_t())
        pthread_mutex_init(mutex, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        mutex.deallocate()
    }

    func withLock<Result>(_ body: () -> Result) -> Result {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return body()
    }
}
