internal import Glibc
internal import Threads

/// A worker as a direct child, so that its stops are seen as well as its end. The kernel kills it when we die.
package final class WorkerProcess: Sendable {
    package enum State: Equatable, Sendable {
        case running
        case stopped
        case exited(Int32)
        case killed(Int32)
    }

    package let name: String
    package let processID: Int32
    package let logFile: String
    package let startedAt = MonotonicClock.microseconds()
    private let last = Locked<State>(.running)

    /// The parent-death signal is sent when the *thread* that started the child ends: this one never does.
    private static let starter = WorkerThread()

    /// Where this process's lines begin in the log of its name.
    private let logStart: Int

    private init(name: String, processID: Int32, logFile: String, logStart: Int) {
        (self.name, self.processID, self.logFile, self.logStart) = (name, processID, logFile, logStart)
    }

    /// What it has said so far.
    package var said: String { (try? Files.read(logFile, from: logStart)) ?? "" }

    /// Waits until it has taken its partitions; false when it does not in time.
    @discardableResult
    func waitUntilAtWork(milliseconds: Int) async -> Bool {
        let end = MonotonicClock.microseconds() + Int64(milliseconds) * 1_000
        while !hasEnded, MonotonicClock.microseconds() < end {
            if said.contains("\"partitions taken\"") { return true }
            try? await Task.sleep(for: .milliseconds(10))
        }
        return false
    }

    package static func start(
        name: String,
        arguments: [String],
        environment: [String: String],
        logFile: String
    ) async throws -> WorkerProcess {
        let logStart = Files.size(logFile)
        let pid = await starter.run { spawn(arguments, environment, logFile) } ?? -1
        guard pid > 0 else { throw ChaosFailure("cannot start \(arguments.first ?? "")") }
        return WorkerProcess(name: name, processID: pid, logFile: logFile, logStart: logStart)
    }

    package var state: State {
        last.withLock { state in
            switch state {
            case .exited, .killed: return state
            case .running, .stopped: break
            }
            var status: Int32 = 0
            guard waitpid(processID, &status, WNOHANG | WUNTRACED | WCONTINUED) == processID else { return state }
            if status == 0xffff {
                state = .running
            } else if status & 0xff == 0x7f {
                state = .stopped
            } else if status & 0x7f == 0 {
                state = .exited(status >> 8 & 0xff)
            } else {
                state = .killed(status & 0x7f)
            }
            return state
        }
    }

    package var hasEnded: Bool {
        switch state {
        case .running, .stopped: false
        case .exited, .killed: true
        }
    }

    package func signal(_ number: Int32) { if !hasEnded { kill(processID, number) } }

    /// SIGKILL, and waits until it is gone.
    package func end() async {
        signal(SIGKILL)
        while !hasEnded { try? await Task.sleep(for: .milliseconds(1)) }
    }

    /// Waits until the state is as wanted; false when the time is over or the process has ended otherwise.
    @discardableResult
    package func wait(milliseconds: Int, for wanted: (State) -> Bool) async -> Bool {
        let end = MonotonicClock.microseconds() + Int64(milliseconds) * 1_000
        while true {
            if wanted(state) { return true }
            if hasEnded || MonotonicClock.microseconds() > end { return false }
            try? await Task.sleep(for: .milliseconds(2))
        }
    }

    private static func spawn(_ arguments: [String], _ environment: [String: String], _ logFile: String) -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, logFile, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK))
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigmask(&attributes, &none)
        let words = ["/usr/bin/setpriv", "--pdeathsig", "KILL"] + arguments
        let argv = words.map { strdup($0) } + [nil]
        let envp = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for pointer in argv + envp { free(pointer) } }
        var pid: pid_t = 0
        return posix_spawn(&pid, words[0], &actions, &attributes, argv, envp) == 0 ? pid : -1
    }
}
