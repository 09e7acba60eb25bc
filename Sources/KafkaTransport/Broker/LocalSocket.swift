internal import Glibc
internal import Orchestration

/// A Unix socket that carries lines.
struct LocalSocket: ~Copyable {
    private let descriptor: Int32

    private init(descriptor: Int32) { self.descriptor = descriptor }

    deinit { close(descriptor) }

    /// Binds the path, which must not exist yet or be a socket of an earlier run, for this user only.
    static func listening(at path: String) throws(TransportError) -> LocalSocket {
        let socket = try LocalSocket.new(path)
        unlink(path)
        let mask = umask(0o077)
        defer { umask(mask) }
        guard try withAddress(path, { bind(socket.descriptor, $0, $1) }) == 0, listen(socket.descriptor, 8) == 0
        else { throw failure("listen at", path) }
        return socket
    }

    static func connected(to path: String) throws(TransportError) -> LocalSocket {
        let socket = try LocalSocket.new(path)
        guard try withAddress(path, { connect(socket.descriptor, $0, $1) }) == 0 else {
            throw failure("connect to", path)
        }
        return socket
    }

    /// Waits for the next client; nil when this one went away before it was taken.
    func accepted() -> LocalSocket? {
        let client = accept(descriptor, nil, nil)
        return client >= 0 ? LocalSocket(descriptor: client) : nil
    }

    /// Up to the next line break, without it; nil at the end or when the line is too long.
    func line(bytesMax: Int) -> String? {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while bytes.count <= bytesMax {
            let count = read(descriptor, &byte, 1)
            if count < 0, errno == EINTR { continue }
            guard count == 1 else { return nil }
            if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
        return nil
    }

    func write(_ line: String) {
        let bytes = Array("\(line)\n".utf8)
        _ = send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    }

    private static func new(_ path: String) throws(TransportError) -> LocalSocket {
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw failure("make a socket for", path) }
        return LocalSocket(descriptor: descriptor)
    }

    private static func withAddress(
        _ path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
    ) throws(TransportError) -> Int32 {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        guard !bytes.isEmpty, bytes.count < room else {
            throw .invalidConfiguration(reason: "\(path): a socket's path has 1 to \(room - 1) bytes")
        }
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }

    private static func failure(_ action: String, _ path: String) -> TransportError {
        .unavailable(reason: "cannot \(action) \(path): \(String(cString: strerror(errno)))")
    }
}
