internal import Glibc
internal import Orchestration

/// What the figures were measured on, as the kernel tells it.
enum BenchMachine {
    static var json: JSONValue {
        [
            "cpus": .int(Int(clamping: sysconf(Int32(_SC_NPROCESSORS_ONLN)))),
            "cpu": .string(cpu), "memory_bytes": .int(memoryBytes),
            "kernel": .string(line("/proc/sys/kernel/osrelease")),
        ]
    }

    /// CPU time that a process has used, in milliseconds; nil when it has ended.
    static func cpuMilliseconds(of process: Int32) -> Int? {
        // The name in parentheses may hold spaces; what follows it has 11 fields before utime and stime.
        guard let text = try? TextFile.read("/proc/\(process)/stat"), let end = text.lastIndex(of: ")") else {
            return nil
        }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 12, let user = Int(fields[11]), let system = Int(fields[12]) else { return nil }
        return (user &+ system) &* 1_000 / max(1, Int(clamping: sysconf(Int32(_SC_CLK_TCK))))
    }

    /// CPU time of all processes of this machine, in milliseconds.
    static func busyMilliseconds() -> Int {
        let fields = line("/proc/stat").split(separator: " ").dropFirst().compactMap { Int($0) }
        // user, nice, system, idle, iowait, irq, softirq, steal; guests are in user already.
        let busy = fields.prefix(8).enumerated().filter { $0.offset != 3 && $0.offset != 4 }.reduce(0) {
            $0 &+ $1.element
        }
        return busy &* 1_000 / max(1, Int(clamping: sysconf(Int32(_SC_CLK_TCK))))
    }

    /// The most memory that a process has held, in KiB.
    static func peakMemoryKilobytes(of process: Int32) -> Int? { memory("VmHWM:", of: process) }

    /// The memory that a process holds now, in KiB.
    static func memoryKilobytes(of process: Int32) -> Int? { memory("VmRSS:", of: process) }

    private static func memory(_ name: String, of process: Int32) -> Int? {
        let text = (try? TextFile.read("/proc/\(process)/status")) ?? ""
        let line = text.split(separator: "\n").first { $0.hasPrefix(name) }
        return line?.split(separator: " ").dropFirst().first.flatMap { Int($0.drop { $0 == "\t" }) }
    }

    private static var cpu: String {
        let lines = ((try? TextFile.read("/proc/cpuinfo")) ?? "").split(separator: "\n")
        let name = lines.first { $0.hasPrefix("model name") }?.split(separator: ":").last
        return name.map { String($0.drop { $0 == " " }) } ?? "unknown"
    }

    private static var memoryBytes: Int {
        Int(clamping: sysconf(Int32(_SC_PHYS_PAGES))).multipliedReportingOverflow(
            by: Int(clamping: sysconf(Int32(_SC_PAGESIZE)))
        ).partialValue
    }

    private static func line(_ path: String) -> String {
        String(((try? TextFile.read(path)) ?? "").prefix { $0 != "\n" })
    }
}
