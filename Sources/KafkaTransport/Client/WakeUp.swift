internal import Glibc
internal import Orchestration

/// A pipe that ends a thread's waiting: librdkafka writes to it when a queue fills, and we do when a command comes.
///
/// A full pipe loses nothing: its reader is awake already.
final class WakeUp: Sendable {
    let writeEnd: Int32
    private let readEnd: Int32

    init() throws(TransportError) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else {
            throw .unavailable(reason: "cannot make a pipe: \(String(cString: strerror(errno)))")
        }
        for end in ends {
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
        }
        (readEnd, writeEnd) = (ends[0], ends[1])
    }

    deinit {
        close(readEnd)
        close(writeEnd)
    }

    func signal() {
        var byte: UInt8 = 1
        _ = write(writeEnd, &byte, 1)
    }

    /// Waits for a signal, at most so long, and takes all that have come.
    func wait(milliseconds: Int) {
        var waiting = pollfd(fd: readEnd, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, Int32(clamping: milliseconds)) > 0 else { return }
        var buffer = [UInt8](repeating: 0, count: 512)
        while read(readEnd, &buffer, buffer.count) == buffer.count {}
    }
}
