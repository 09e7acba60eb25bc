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
    static func cpuMilliseconds(of process: Int32) -> Int? { statistics(of: process)?.milliseconds }

    /// The same with that of its children, those that have ended included.
    static func cpuMilliseconds(ofFamily process: Int32) -> Int {
        let numbers = ((try? TextFile.names(in: "/proc")) ?? []).compactMap { Int32($0) }
        let living = numbers.compactMap { statistics(of: $0) }.filter { $0.parent == process }
        let own = statistics(of: process)
        return living.reduce((own?.milliseconds ?? 0) + (own?.endedChildren ?? 0)) { $0 + $1.milliseconds }
    }

    private static func statistics(of process: Int32) -> (parent: Int32, milliseconds: Int, endedChildren: Int)? {
        // The name in parentheses may hold spaces; what follows it has 11 fields before the four times.
        guard let text = try? TextFile.read("/proc/\(process)/stat"), let end = text.lastIndex(of: ")") else {
            return nil
        }
        let fields = text[text.index(after: end)...].split(separator: " ")
        guard fields.count > 14, let parent = Int32(fields[1]) else { return nil }
        let times = fields[11...14].compactMap { Int($0) }
        guard times.count == 4 else { return nil }
        let second = max(1, Int(clamping: sysconf(Int32(_SC_CLK_TCK))))
        return (parent, (times[0] &+ times[1]) &* 1_000 / second, (times[2] &+ times[3]) &* 1_000 / second)
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
