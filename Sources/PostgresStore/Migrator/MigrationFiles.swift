internal import Glibc
internal import Orchestration

/// A numbered pair of SQL files.
struct Migration: Equatable, Sendable {
    let version: Int
    /// `0001_types`
    let name: String
    let up: String
    let down: String
    /// SHA-256 of the up file.
    var checksum: String { SHA256.hexadecimal(of: up.utf8) }
}

/// Reads `NNNN_name.up.sql` and `.down.sql` from a folder.
enum MigrationFiles {
    /// The longest file, in bytes.
    static let bytesMax = 1 << 20

    static func read(_ folder: String) throws(StoreError) -> [Migration] {
        guard let stream = opendir(folder) else {
            throw .broken(reason: "the migrations folder \(folder) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name.hasSuffix(".up.sql") { names.append(String(name.dropLast(".up.sql".count))) }
        }
        var migrations: [Migration] = []
        for (index, name) in names.sorted().enumerated() {
            guard let version = Int(name.prefix(4)), version == index + 1, name.dropFirst(4).first == "_" else {
                throw .broken(reason: "migration file \(name).up.sql: expected number \(index + 1) as `NNNN_name`")
            }
            let up = try text(of: "\(folder)/\(name).up.sql")
            let down = try text(of: "\(folder)/\(name).down.sql")
            migrations.append(Migration(version: version, name: name, up: up, down: down))
        }
        guard !migrations.isEmpty else { throw .broken(reason: "the folder \(folder) holds no migrations") }
        return migrations
    }

    private static func text(of path: String) throws(StoreError) -> String {
        guard let file = fopen(path, "r") else {
            throw .broken(reason: "\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: bytesMax)
        let count = fread(&bytes, 1, bytesMax, file)
        guard count < bytesMax, let text = String(validating: bytes[..<count], as: UTF8.self) else {
            throw .broken(reason: "\(path) is too long or not UTF-8")
        }
        return text
    }
}
