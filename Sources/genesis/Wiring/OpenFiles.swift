internal import Glibc

/// How many files and connections this process may have open.
enum OpenFiles {
    /// What a worker may need: its connections to PostgreSQL and to each broker, HTTP calls, the helpers' pipes. With one
    /// broker and nothing to do it has 45 open. With too few it would limp: some of its parts work, others never do.
    static let workerMin = 128

    /// Raises this process's own limit where that suffices.
    static func require(_ count: Int) throws {
        let resource = Int32(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < rlim_t(count) else { return }
        guard limit.rlim_max >= rlim_t(count) else {
            throw CommandFailure.usage(
                "this process may open \(limit.rlim_max) files, and a worker may need \(count): raise `ulimit -n`, or "
                    + "LimitNOFILE of the systemd unit"
            )
        }
        limit.rlim_cur = rlim_t(count)
        guard setrlimit(resource, &limit) == 0 else {
            throw CommandFailure.unavailable(
                "cannot raise the limit of open files: \(String(cString: strerror(errno)))"
            )
        }
    }
}
