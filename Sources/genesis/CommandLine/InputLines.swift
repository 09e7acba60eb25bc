internal import Glibc

/// Lines of standard input. Of a line without end no more is held than its beginning.
struct InputLines {
    /// What is kept of a line.
    let bytesMax: Int
    private var chunk: [UInt8] = []
    private var place = 0
    private static let chunkBytes = 65_536

    init(bytesMax: Int) { self.bytesMax = bytesMax }

    /// The next line without its end, or the beginning of one that is too long; nil when there is none.
    mutating func next() -> [UInt8]? {
        var line: [UInt8] = []
        var isBegun = false
        while place < chunk.count || fill() {
            isBegun = true
            let rest = chunk[place...]
            let end = rest.firstIndex(of: UInt8(ascii: "\n"))
            let part = rest[..<(end ?? rest.endIndex)]
            line += part.prefix(max(0, bytesMax - line.count))
            place = end.map { $0 + 1 } ?? chunk.count
            if end != nil { return line }
        }
        return isBegun ? line : nil
    }

    private mutating func fill() -> Bool {
        var bytes = [UInt8](repeating: 0, count: Self.chunkBytes)
        var count = read(STDIN_FILENO, &bytes, bytes.count)
        while count < 0, errno == EINTR { count = read(STDIN_FILENO, &bytes, bytes.count) }
        chunk = Array(bytes.prefix(max(0, count)))
        place = 0
        return !chunk.isEmpty
    }
}
