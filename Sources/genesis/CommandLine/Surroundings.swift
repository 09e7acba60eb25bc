internal import Glibc
internal import Orchestration

/// What a command finds around it; an argument, so that tests can give another.
struct Surroundings: Sendable {
    var environment: [String: String]
    /// Where the command was called; absolute.
    var workingDirectory: String
    /// The absolute path of this binary.
    var executable: String
    var output: Terminal
    var errors: Terminal

    static func ofThisProcess() -> Surroundings {
        Surroundings(
            environment: processEnvironment(),
            workingDirectory: currentDirectory(),
            executable: link("/proc/self/exe") ?? CommandLine.arguments.first ?? "genesis",
            output: Terminal(descriptor: STDOUT_FILENO),
            errors: Terminal(descriptor: STDERR_FILENO)
        )
    }

    /// The wall clock, asked here and nowhere below.
    var now: Instant { Self.now() }

    static func now() -> Instant {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Instant(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    /// A path as the user wrote it, made absolute.
    func absolute(_ path: String) -> String {
        path.hasPrefix("/") ? path : FilePath.join(workingDirectory, path)
    }

    private static func processEnvironment() -> [String: String] {
        var variables: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let line = String(cString: text)
            if let equals = line.firstIndex(of: "=") {
                variables[String(line[..<equals])] = String(line[line.index(after: equals)...])
            }
            entry += 1
        }
        return variables
    }

    private static func currentDirectory() -> String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }

    private static func link(_ path: String) -> String? {
        var buffer = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { readlink(path, $0, text.count) } ?? -1
            }
        }
        guard count > 0 else { return nil }
        return String(decoding: buffer.prefix(count), as: UTF8.self)
    }
}

/// Random identifiers for what is begun here; nothing that is derived uses them.
enum FreshIdentifier {
    static func make<Kind>(_ kind: Kind.Type = Kind.self) -> Identifier<Kind> {
        var generator = SystemRandomNumberGenerator()
        // RFC 9562 version 4.
        return Identifier(
            high: generator.next() & 0xFFFF_FFFF_FFFF_0FFF | 0x4000,
            low: generator.next() & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        )
    }
}
