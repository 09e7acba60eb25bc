internal import Glibc
internal import Orchestration

/// One helper process; used by one thread at a time.
///
/// `@unchecked Sendable`: the pool hands it to one caller, who gives it back.
final class JQHelper: @unchecked Sendable {
    private let process: pid_t
    private let socket: Int32
    private var isGone = false

    /// The helper is no more.
    struct Lost: Error {
        var reason: String
        /// Whether the program that it was asked for has ended it.
        var isOfTheProgram: Bool
    }

    init() throws(Lost) {
        var ends: [Int32] = [-1, -1]
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        guard socketpair(AF_UNIX, kind, 0, &ends) == 0 else { throw Self.notStarted(errno) }
        defer { close(ends[1]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        // Nothing of ours is open in there, and nothing is printed.
        posix_spawn_file_actions_adddup2(&actions, ends[1], 0)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // A process group of its own: Ctrl-C in a terminal is for the worker, which then closes the socket.
        posix_spawnattr_setflags(
            &attributes,
            Int16(POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF)
        )
        posix_spawnattr_setpgroup(&attributes, 0)
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        var child: pid_t = 0
        let words = [strdup("genesis"), strdup(JQService.word)]
        defer { for word in words { free(word) } }
        // Its environment is empty but for what makes dates the same everywhere.
        let zone = strdup("TZ=UTC")
        defer { free(zone) }
        let code = posix_spawn(&child, Self.executable, &actions, &attributes, words + [nil], [zone, nil])
        guard code == 0 else {
            close(ends[0])
            throw Self.notStarted(code)
        }
        (process, socket) = (child, ends[0])
    }

    deinit { end() }

    func ask(_ question: JSONValue) throws(Lost) -> JSONValue {
        do throws(JQFrames.Broken) {
            let deadline = JQFrames.now() + Int64(JQLimits.helperWaitMilliseconds)
            try JQFrames.write(question, socket, deadline: deadline)
            return try JQFrames.read(socket, deadline: deadline)
        } catch {
            if error.isTimeout {
                end()
                throw Lost(
                    reason: "the program took more than \(JQLimits.helperWaitMilliseconds / 1_000) s",
                    isOfTheProgram: true
                )
            }
            throw lost()
        }
    }

    /// Why it has died.
    private func lost() -> Lost {
        close(socket)
        isGone = true
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        switch status & 0x7F {
        case SIGPROF:
            return Lost(
                reason: "the program took more than \(JQLimits.helperMilliseconds) ms of computing time",
                isOfTheProgram: true
            )
        case SIGABRT, SIGSEGV, SIGBUS:
            let megabytes = JQLimits.helperMemoryBytes / 1_048_576
            return Lost(
                reason: "the program takes more than \(megabytes) MiB of memory, or recurses too deeply",
                isOfTheProgram: true
            )
        case SIGFPE:
            return Lost(reason: "the program divides by zero or beyond the largest integer", isOfTheProgram: true)
        case 0:
            return Lost(
                reason: "the program's helper process ended with code \(status >> 8 & 0xFF)",
                isOfTheProgram: false
            )
        case let signal:
            return Lost(reason: "the program's helper process was ended by signal \(signal)", isOfTheProgram: false)
        }
    }

    private func end() {
        guard !isGone else { return }
        isGone = true
        close(socket)
        kill(process, SIGKILL)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
    }

    private static func notStarted(_ code: Int32) -> Lost {
        let reason = String(cString: strerror(code))
        return Lost(reason: "the helper process for programs cannot be started: \(reason)", isOfTheProgram: false)
    }

    /// This very binary, also when its file has been replaced since; for another program (a test), the `genesis` that
    /// lies beside it.
    private static let executable: String = {
        let own = "/proc/self/exe"
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let length = readlink(own, &buffer, Int(PATH_MAX))
        guard length > 0 else { return own }
        let path = String(decoding: buffer[..<length].map { UInt8(bitPattern: $0) }, as: UTF8.self)
        guard let slash = path.lastIndex(of: "/"), !path[slash...].hasPrefix("/genesis ("), path[slash...] != "/genesis"
        else { return own }
        let beside = path[...slash] + "genesis"
        return access(String(beside), X_OK) == 0 ? String(beside) : own
    }()
}
