internal import Glibc
internal import Orchestration

/// Questions and answers between a worker and its helper: JSON behind its length, four bytes, the lowest first.
enum JQFrames {
    struct Broken: Error {
        var isTimeout = false
    }

    /// - Parameter deadline: in milliseconds of the monotonic clock; nil waits for ever.
    static func read(_ file: Int32, deadline: Int64? = nil) throws(Broken) -> JSONValue {
        let head = try bytes(4, file, deadline)
        let length = head.reversed().reduce(0) { $0 << 8 | Int($1) }
        guard length <= JQLimits.frameBytesMax else { throw Broken() }
        let body = try bytes(length, file, deadline)
        do throws(JSONFault) {
            return try JSONText.parse(body, limits: JQLimits.frame)
        } catch {
            throw Broken()
        }
    }

    static func write(_ value: JSONValue, _ file: Int32, deadline: Int64? = nil) throws(Broken) {
        let body = value.utf8Bytes
        guard body.count <= JQLimits.frameBytesMax else { throw Broken() }
        var rest = ((0..<4).map { UInt8(truncatingIfNeeded: body.count >> ($0 * 8)) } + body)[...]
        while !rest.isEmpty {
            try wait(file, Int16(POLLOUT), deadline)
            // No SIGPIPE when the other side has died, and no endless block.
            let flags =
                Int32(truncatingIfNeeded: MSG_NOSIGNAL)
                | (deadline == nil ? 0 : Int32(truncatingIfNeeded: MSG_DONTWAIT))
            let count = rest.withUnsafeBytes { send(file, $0.baseAddress, $0.count, flags) }
            if count > 0 {
                rest = rest.dropFirst(count)
            } else if errno != EINTR, errno != EAGAIN {
                throw Broken()
            }
        }
    }

    private static func bytes(_ count: Int, _ file: Int32, _ deadline: Int64?) throws(Broken) -> [UInt8] {
        var found = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            try wait(file, Int16(POLLIN), deadline)
            let part = found.withUnsafeMutableBytes {
                recv(file, $0.baseAddress?.advanced(by: filled), count - filled, 0)
            }
            if part > 0 {
                filled += part
            } else if part == 0 || errno != EINTR {
                throw Broken()
            }
        }
        return found
    }

    private static func wait(_ file: Int32, _ events: Int16, _ deadline: Int64?) throws(Broken) {
        guard let deadline else { return }
        var entry = pollfd(fd: file, events: events, revents: 0)
        while true {
            let left = deadline - now()
            guard left > 0 else { throw Broken(isTimeout: true) }
            let count = poll(&entry, 1, Int32(clamping: left))
            if count > 0 { return }
            if count < 0, errno != EINTR { throw Broken() }
        }
    }

    /// Milliseconds of the monotonic clock.
    static func now() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }
}
