internal import Glibc
internal import Orchestration

/// What a helper process does: it answers questions on its standard input until that is closed.
package enum JQService {
    /// The first word of the command line that makes a process a helper.
    package static let word = "evaluate-jq-programs"

    /// Never returns to a process that does anything else.
    package static func serve() {
        restrict()
        var states: [(source: String, state: JQState)] = []
        while true {
            do throws(JQFrames.Broken) {
                let question = try JQFrames.read(STDIN_FILENO)
                setTimer(milliseconds: JQLimits.helperMilliseconds)
                let answer = answer(question, &states)
                setTimer(milliseconds: 0)
                try JQFrames.write(answer, STDIN_FILENO)
            } catch {
                return
            }
        }
    }

    private static func answer(_ question: JSONValue, _ states: inout [(source: String, state: JQState)]) -> JSONValue {
        let words = question.array ?? []
        guard words.count >= 2, let source = words[1].string else { return ["error": "the question is not known"] }
        do throws(JQState.NotCompiled) {
            let state = try compiled(source, &states)
            // Compiling reads jq's own library, too; the program's time begins here.
            setTimer(milliseconds: JQLimits.helperMilliseconds)
            guard words[0].string == "run", words.count == 3 else { return [:] }
            do throws(JQValue.Refused) {
                return ["value": try state.run(words[2])]
            } catch {
                return ["error": .string(error.reason)]
            }
        } catch {
            return ["error": .string(error.reason)]
        }
    }

    private static func compiled(
        _ source: String,
        _ states: inout [(source: String, state: JQState)]
    ) throws(JQState.NotCompiled) -> JQState {
        if let position = states.firstIndex(where: { $0.source == source }) { return states[position].state }
        // Parentheses would change what a program with `def` means; a comment at its end needs the line.
        let state = try JQState(source: source + "\n")
        if states.count >= JQLimits.helperProgramsMax { states.removeFirst() }
        states.append((source, state))
        return state
    }

    /// SIGPROF ends the process when it has computed for so long.
    private static func setTimer(milliseconds: Int) {
        var timer = itimerval()
        timer.it_value = timeval(tv_sec: milliseconds / 1_000, tv_usec: milliseconds % 1_000 * 1_000)
        setitimer(__itimer_which_t(ITIMER_PROF.rawValue), &timer, nil)
    }

    /// No more memory than a share, no files, no core dump.
    private static func restrict() {
        func limit(_ resource: __rlimit_resource, _ value: Int) {
            var limits = rlimit(rlim_cur: rlim_t(value), rlim_max: rlim_t(value))
            setrlimit(Int32(resource.rawValue), &limits)
        }
        // Libraries may have opened what they do not close by themselves.
        closefrom(3)
        limit(RLIMIT_CORE, 0)
        limit(RLIMIT_FSIZE, 0)
        limit(RLIMIT_NOFILE, 3)
        limit(RLIMIT_AS, memoryBytes() + JQLimits.helperMemoryBytes)
    }

    /// What the process has mapped already; most of it is libraries.
    private static func memoryBytes() -> Int {
        var text = [CChar](repeating: 0, count: 128)
        let file = open("/proc/self/statm", O_RDONLY)
        defer { close(file) }
        guard file >= 0, read(file, &text, 127) > 0 else { return 1_024 * 1_048_576 }
        let pages = text.prefix { (48...57).contains($0) }.reduce(0) { $0 * 10 + Int($1 - 48) }
        return pages * Int(sysconf(Int32(_SC_PAGESIZE)))
    }
}
