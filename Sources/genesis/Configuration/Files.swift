internal import Glibc

/// Paths as text; no file system involved.
enum FilePath {
    static func join(_ folder: String, _ name: String) -> String {
        folder.hasSuffix("/") ? folder + name : folder + "/" + name
    }

    /// The folder that holds the path; "/" for a path at the top.
    static func parent(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/"), slash != path.startIndex else { return "/" }
        return String(path[..<slash])
    }

    static func name(of path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }

    /// The folder itself and everything above it, up to the root.
    static func ancestors(of folder: String) -> [String] {
        var folders = [folder]
        while let last = folders.last, last != "/" { folders.append(parent(of: last)) }
        return folders
    }
}

/// Small text files: configuration, payloads, addresses.
enum TextFile {
    /// More than this is no configuration and no payload.
    static let bytesMax = 1 << 20

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    static func read(_ path: String) throws(CommandFailure) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .usage("cannot read \(path): \(Self.reason())") }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = buffer.withUnsafeMutableBytes { Glibc.read(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .usage("cannot read \(path): \(Self.reason())") }
            if count == 0 { break }
            bytes.append(contentsOf: buffer.prefix(count))
            guard bytes.count <= bytesMax else { throw .usage("\(path) is larger than 1 MiB") }
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            let lines = bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            let wrong = lines.firstIndex { String(validating: $0, as: UTF8.self) == nil } ?? 0
            throw .usage("\(path) is not UTF-8 text, from line \(wrong + 1) on")
        }
        return text
    }

    /// The names in a folder, sorted; hidden ones are left out.
    static func names(in folder: String) throws(CommandFailure) -> [String] {
        guard let stream = opendir(folder) else { throw .usage("cannot read the folder \(folder): \(Self.reason())") }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted()
    }

    /// Replaces the file in one step, so that a reader sees the old text or the new one, never half of it.
    static func replace(_ path: String, with text: String) throws(CommandFailure) {
        let draft = path + ".new"
        let descriptor = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .usage("cannot write \(draft): \(Self.reason())") }
        let complete = Terminal.writeAll(Array(text.utf8), to: descriptor)
        close(descriptor)
        guard complete, rename(draft, path) == 0 else { throw .usage("cannot write \(path): \(Self.reason())") }
    }

    static func makeFolder(_ path: String) throws(CommandFailure) {
        guard mkdir(path, 0o755) == 0 || errno == EEXIST else {
            throw .usage("cannot make the folder \(path): \(Self.reason())")
        }
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
