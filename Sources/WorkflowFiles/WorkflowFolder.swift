internal import Glibc
package import Orchestration

/// The workflow files of a folder.
package enum WorkflowFolder {
    /// How many files a folder may hold.
    package static let filesMax = 1_000

    package struct Entry: Sendable {
        package var file: String
        package var workflow: Workflow?
        package var findings: [WorkflowFinding]
    }

    /// Reads `*.yaml`, `*.yml` and `*.json`, in the order of their names; folders inside are left alone.
    ///
    /// A folder or file that cannot be read is a finding of the rule `unreadable`.
    package static func read(_ path: String, reader: WorkflowFileReader = WorkflowFileReader()) -> [Entry] {
        guard let names = names(in: path) else { return [unreadable(path, "the folder cannot be read")] }
        guard names.count <= filesMax else { return [unreadable(path, "the folder has more than \(filesMax) files")] }
        return names.map { name in
            readFile(path + (path.hasSuffix("/") ? "" : "/") + name, reader: reader)
        }
    }

    package static func readFile(_ file: String, reader: WorkflowFileReader = WorkflowFileReader()) -> Entry {
        switch contents(of: file) {
        case .success(let source):
            let (workflow, findings) = reader.read(source: source, file: file)
            return Entry(file: file, workflow: workflow, findings: findings)
        case .failure(let reason): return unreadable(file, reason.text)
        }
    }

    private struct Unreadable: Error { var text: String }

    private static func unreadable(_ file: String, _ message: String) -> Entry {
        let finding = WorkflowFinding(
            severity: .error,
            rule: "unreadable",
            message: message,
            file: file,
            place: .unknown
        )
        return Entry(file: file, workflow: nil, findings: [finding])
    }

    private static func names(in path: String) -> [String]? {
        guard let folder = opendir(path) else { return nil }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            let isWorkflow = [".yaml", ".yml", ".json"].contains { name.hasSuffix($0) }
            if isWorkflow, !name.hasPrefix("."), !name.hasSuffix(".schema.json") { names.append(name) }
        }
        return names.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    private static func contents(of file: String) -> Result<String, Unreadable> {
        guard let stream = fopen(file, "rb") else {
            return .failure(Unreadable(text: "the file cannot be read: \(String(cString: strerror(errno)))"))
        }
        defer { fclose(stream) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        // One byte more than allowed is enough to see that it is too large.
        while bytes.count <= YAMLLimits.bytesMax {
            let count = fread(&chunk, 1, chunk.count, stream)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        guard ferror(stream) == 0 else { return .failure(Unreadable(text: "the file cannot be read to its end")) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            return .failure(Unreadable(text: "the file is not UTF-8"))
        }
        return .success(text)
    }
}
