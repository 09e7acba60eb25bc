internal import Glibc

/// Files of the harness: small, written whole.
enum Files {
    static func makeFolder(_ path: String) throws {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw ChaosFailure("cannot make \(path): \(String(cString: strerror(errno)))")
        }
    }

    static func write(_ path: String, _ text: String) throws {
        guard let file = fopen(path, "we") else {
            throw ChaosFailure("cannot write \(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        let bytes = Array(text.utf8)
        guard fwrite(bytes, 1, bytes.count, file) == bytes.count else { throw ChaosFailure("cannot write \(path)") }
    }

    static func size(_ path: String) -> Int {
        var status = stat()
        return stat(path, &status) == 0 ? Int(status.st_size) : 0
    }

    static func read(_ path: String, from start: Int = 0) throws -> String {
        guard let file = fopen(path, "re") else {
            throw ChaosFailure("cannot read \(path): \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        fseek(file, start, SEEK_SET)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&buffer, 1, buffer.count, file)
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += buffer[..<count]
        }
    }

    /// The names of a folder's files.
    static func names(in folder: String) -> [String] {
        guard let stream = opendir(folder) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
            )
        }
        return names.filter { !$0.hasPrefix(".") }.sorted()
    }

    static func remove(_ path: String) {
        var pid: pid_t = 0
        let words = ["/bin/rm", "-rf", path]
        let argv = words.map { strdup($0) } + [nil]
        defer { for pointer in argv { free(pointer) } }
        if posix_spawn(&pid, "/bin/rm", nil, nil, argv, nil) == 0 { waitpid(pid, nil, 0) }
    }
}
