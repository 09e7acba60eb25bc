// swift-tools-version: 6.2
import PackageDescription

// Three floors: `Orchestration` (ground) imports nothing; the first-floor targets import it and their own C
// library, never each other; `genesis` (roof) joins them. The build enforces it: undeclared imports are errors
// (see the Makefile), warnings are errors, Swift 6 language mode.

let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

func room(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency], reading: [String] = []) -> Target {
    // What tests read themselves is no source.
    .testTarget(name: name, dependencies: dependencies, exclude: reading, swiftSettings: strict)
}

let package = Package(
    name: "genesis",
    products: [.executable(name: "genesis", targets: ["genesis"])],
    targets: [
        // Cellar: system libraries and threads, each seen by the rooms that need it.
        .systemLibrary(name: "CLibpq", pkgConfig: "libpq", providers: [.apt(["libpq-dev"])]),
        .systemLibrary(name: "CRdkafka", pkgConfig: "rdkafka", providers: [.apt(["librdkafka-dev"])]),
        .systemLibrary(name: "CYaml", pkgConfig: "yaml-0.1", providers: [.apt(["libyaml-dev"])]),
        .systemLibrary(name: "CJq", providers: [.apt(["libjq-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),
        .target(name: "CJemalloc", linkerSettings: [.linkedLibrary("jemalloc")]),
        room("Threads", []),
        room("Failpoints", []),

        // Ground: values, machines, ports.
        room("Orchestration", []),

        // First floor: neighbours that never import each other.
        room("WorkerRuntime", ["Orchestration", "Failpoints", "Threads"]),
        room("PostgresStore", ["Orchestration", "CLibpq", "Failpoints", "Threads"]),
        room("KafkaTransport", ["Orchestration", "CRdkafka", "Failpoints", "Threads"]),
        room("WorkflowFiles", ["Orchestration", "CYaml", "CJq", "Threads"]),
        room("HTTPTasks", ["Orchestration", "CCurl", "Threads"]),

        // Beside: what development and tests need, and no worker.
        room("EmbeddedServices", []),
        room("OrchestrationTesting", ["Orchestration"]),
        room(
            "WaitRaces",
            [
                "Orchestration", "OrchestrationTesting", "PostgresStore", "WorkerRuntime", "WorkflowFiles",
                "EmbeddedServices", "Threads",
            ]
        ),
        room(
            "ChaosHarness",
            [
                "Orchestration", "KafkaTransport", "EmbeddedServices", "CLibpq", "CRdkafka", "ChaosChecker",
                "Failpoints", "Threads", "WaitRaces",
            ]
        ),
        // Judges what workers did, so it shares no code with them.
        room("ChaosChecker", ["CLibpq", "CRdkafka"]),
        .executableTarget(name: "chaos", dependencies: ["ChaosHarness"], swiftSettings: strict),

        room("FuzzTargets", ["Orchestration", "WorkflowFiles"]),

        // Roof.
        .executableTarget(
            name: "genesis",
            dependencies: [
                "Orchestration", "WorkerRuntime", "PostgresStore", "KafkaTransport", "WorkflowFiles", "HTTPTasks",
                "EmbeddedServices", "Failpoints", "Threads", "CJemalloc",
            ],
            swiftSettings: strict
        ),

        tests("TidyTests", []),
        tests("OrchestrationTests", ["Orchestration", "OrchestrationTesting"]),
        tests(
            "WorkflowFilesTests",
            ["genesis", "WorkflowFiles", "Orchestration", "OrchestrationTesting", "FuzzTargets"],
            reading: ["Corpus", "Planted", "Semantics"]
        ),
        tests("PostgresStoreTests", ["PostgresStore", "Orchestration", "OrchestrationTesting", "EmbeddedServices"]),
        tests("HTTPTasksTests", ["HTTPTasks", "EmbeddedServices", "Orchestration", "OrchestrationTesting"]),
        tests(
            "KafkaTransportTests",
            ["genesis", "KafkaTransport", "Orchestration", "EmbeddedServices", "CRdkafka"]
        ),
        tests("WorkerRuntimeTests", ["WorkerRuntime", "Orchestration", "OrchestrationTesting", "WorkflowFiles"]),
        tests(
            "ChaosCheckerTests",
            ["genesis", "ChaosChecker", "EmbeddedServices", "KafkaTransport", "Orchestration"]
        ),
        tests("ChaosTests", ["genesis", "ChaosHarness", "Failpoints", "OrchestrationTesting"]),
        tests(
            "WaitRacesTests",
            [
                "WaitRaces", "Orchestration", "OrchestrationTesting", "PostgresStore", "EmbeddedServices",
                "WorkflowFiles",
            ]
        ),
        tests(
            "EndToEndTests",
            [
                "genesis", "Orchestration", "OrchestrationTesting", "PostgresStore", "KafkaTransport",
                "EmbeddedServices", "CRdkafka",
            ]
        ),
    ]
)

// libFuzzer's own main replaces this program's: it links only with `--sanitize=fuzzer` (`make fuzz`).
if Context.environment["GENESIS_FUZZ"] != nil {
    package.targets.append(.executableTarget(name: "fuzz", dependencies: ["FuzzTargets"]))
}
