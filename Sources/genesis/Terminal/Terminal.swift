internal import Glibc

/// Where output goes: a file descriptor, written to without a buffer of ours.
struct Terminal: Sendable {
    var descriptor: Int32

    /// Whether a person looks at it.
    var isInteractive: Bool { isatty(descriptor) == 1 }

    /// Columns of the terminal; nil when the output goes to a file or another program, which want whole values.
    var columns: Int? {
        guard isInteractive else { return nil }
        var size = winsize()
        guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return Self.columnsDefault }
        return Int(size.ws_col)
    }

    static let columnsDefault = 80

    func write(_ text: String) { _ = Self.writeAll(Array(text.utf8), to: descriptor) }
    func line(_ text: String) { write(text + "\n") }

    /// Writes everything; false when the other end has gone or the disk is full.
    @discardableResult
    static func writeAll(_ bytes: [UInt8], to descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0 {
                if errno == EINTR { continue }
                return false
            }
            rest = rest.dropFirst(count)
        }
        return true
    }
}
