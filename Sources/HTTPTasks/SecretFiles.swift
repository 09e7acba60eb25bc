internal import Glibc
package import Orchestration

/// The folder whose files hold header values that no workflow file and no log may show.
package struct SecretFiles: Sendable {
    /// The longest secret, in bytes.
    package static let bytesMax = 16 * 1_024

    private let folder: String?

    /// - Parameter folder: nil when there are no secrets.
    package init(folder: String?) { self.folder = folder }

    package func value(_ name: String) throws(HTTPFailure) -> String {
        guard let folder else {
            throw HTTPFailure(.secret, "a header needs the secret `\(name)`, but the setting `secrets` names no folder")
        }
        // A workflow file chooses among the secrets, and reads nothing else of this machine.
        guard !name.isEmpty, !name.hasPrefix("."), !name.utf8.contains(UInt8(ascii: "/")), !name.utf8.contains(0) else {
            throw HTTPFailure(.secret, "`\(PrintableText.of(name))` is no name of a file in the folder of secrets")
        }
        let file = open("\(folder)/\(name)", O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else {
            throw HTTPFailure(.secret, "the secret `\(name)` cannot be read: \(String(cString: strerror(errno)))")
        }
        defer { close(file) }
        var bytes = [UInt8](repeating: 0, count: Self.bytesMax + 1)
        var count = 0
        while count < bytes.count {
            let more = bytes.withUnsafeMutableBytes {
                read(file, $0.baseAddress?.advanced(by: count), $0.count - count)
            }
            if more <= 0 { break }
            count += more
        }
        while count > 0, bytes[count - 1] == 0x0A || bytes[count - 1] == 0x0D { count -= 1 }
        guard (1...Self.bytesMax).contains(count), bytes[..<count].allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw HTTPFailure(.secret, "the secret `\(name)` is not one line of 1 to \(Self.bytesMax) bytes")
        }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }
}
