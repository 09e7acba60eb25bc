internal import EmbeddedServices
internal import Glibc
internal import Orchestration

/// Whose CPU time a run took, in milliseconds since each process began.
struct BenchLoad: Sendable {
    var worker = 0
    var postgresql = 0
    var broker = 0
    /// This process: the load itself and what is answered to the worker.
    var bench = 0
    var machine = 0

    /// What has been used since `before`, per unit; what the machine did beside the run is foreign, in CPUs.
    func json(since before: BenchLoad, per unit: String, _ count: Double, seconds: Double) -> JSONObject {
        func share(_ now: Int, _ then: Int) -> JSONValue { BenchReport.figure(Double(now - then) / max(1, count)) }
        let own =
            worker + postgresql + broker + bench - before.worker - before.postgresql - before.broker - before.bench
        return [
            "worker_cpu_ms_per_\(unit)": share(worker, before.worker),
            "postgresql_cpu_ms_per_\(unit)": share(postgresql, before.postgresql),
            "broker_cpu_ms_per_\(unit)": share(broker, before.broker),
            "bench_cpu_ms_per_\(unit)": share(bench, before.bench),
            "machine_cpu_ms_per_\(unit)": share(machine, before.machine),
            "foreign_cpus": BenchReport.figure(Double(machine - before.machine - own) / 1_000 / max(1e-6, seconds)),
        ]
    }
}

extension BenchEnvironment {
    func load(_ worker: ChildProcess) -> BenchLoad {
        BenchLoad(
            worker: BenchMachine.cpuMilliseconds(of: worker.processID) ?? 0,
            postgresql: cluster?.processID.map { BenchMachine.cpuMilliseconds(ofFamily: $0) } ?? 0,
            broker: broker.flatMap { BenchMachine.cpuMilliseconds(of: $0.processID) } ?? 0,
            bench: BenchMachine.cpuMilliseconds(of: getpid()) ?? 0,
            machine: BenchMachine.busyMilliseconds()
        )
    }
}
