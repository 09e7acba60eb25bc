internal import Glibc
internal import Orchestration

/// What a process was told: flags over environment over file over a running `genesis dev` over defaults.
struct Configuration: Sendable {
    enum Origin: Equatable, Sendable, CustomStringConvertible {
        case flag, environment, defaultValue
        case file(String)
        /// The `environment.json` of a `genesis dev` that runs in this folder or above it.
        case development(String)

        var description: String {
            switch self {
            case .flag: "flag"
            case .environment: "environment"
            case .file(let path): path
            case .development(let path): path
            case .defaultValue: "default"
            }
        }
    }

    struct Entry: Equatable, Sendable {
        var value: String
        var origin: Origin
    }

    private(set) var entries: [Setting: Entry] = [:]
    private var surroundings: Surroundings

    init(_ invocation: Invocation) throws(CommandFailure) {
        surroundings = invocation.surroundings
        var layers: [[Setting: Entry]] = []
        var flags: [Setting: Entry] = [:]
        for setting in Setting.allCases {
            if let value = invocation.value(setting.flag) { flags[setting] = Entry(value: value, origin: .flag) }
        }
        layers.append(flags)
        layers.append(Self.variables(surroundings.environment))
        let named = invocation.value(Setting.fileOption.name) ?? surroundings.environment[Setting.fileVariable]
        if let named, !named.isEmpty { layers.append(try Self.file(surroundings.absolute(named))) }
        layers.append(Self.development(from: surroundings.workingDirectory))
        layers.append(Self.defaults(surroundings))
        for setting in Setting.allCases { entries[setting] = layers.lazy.compactMap { $0[setting] }.first }
        try check()
    }

    func value(_ setting: Setting) -> String? { entries[setting]?.value }

    /// The value of a setting that the command cannot do without.
    func required(_ setting: Setting) throws(CommandFailure) -> String {
        if let value = value(setting) { return value }
        switch setting {
        case .workflows, .migrations:
            throw .usage("no folder of \(setting.key) was found; give --\(setting.flag) or set \(setting.variable)")
        case .databaseURL, .kafkaBrokers, .kafkaProperties, .groupID, .node, .tenant, .logLevel,
            .logFormat, .prepareStatements, .durability, .secrets, .httpHosts, .tasksMax, .tasksPerTenant,
            .tasksPerUser:
            throw .usage("\(setting.variable) is not set; set it, give --\(setting.flag), or start `genesis dev` here")
        }
    }

    /// An absolute path, relative ones being meant from the working directory.
    func path(_ setting: Setting) throws(CommandFailure) -> String { surroundings.absolute(try required(setting)) }

    var tenant: String { value(.tenant) ?? "default" }
    var node: String { value(.node) ?? "genesis" }

    /// The log of this process, on standard error.
    var log: JSONLinesLog {
        let isPerson = surroundings.errors.isInteractive
        return JSONLinesLog(
            level: value(.logLevel).flatMap(LogLevel.init) ?? .info,
            format: value(.logFormat).flatMap(JSONLinesLog.Format.init) ?? (isPerson ? .text : .json),
            descriptor: surroundings.errors.descriptor,
            node: node
        )
    }

    /// The largest number that a limit may be set to.
    static let countMax = 100_000

    /// A limit; nil when none is set.
    func count(_ setting: Setting) -> Int? {
        value(setting).flatMap { Int($0) }.flatMap { (1...Self.countMax).contains($0) ? $0 : nil }
    }

    private func check() throws(CommandFailure) {
        func oneOf(_ setting: Setting, _ words: [String]) throws(CommandFailure) {
            guard let entry = entries[setting], !words.contains(entry.value) else { return }
            throw .usage(
                "\(setting.variable) is `\(Printable.text(entry.value))` (\(entry.origin)); "
                    + "it takes \(words.joined(separator: ", "))"
            )
        }
        try oneOf(.logLevel, LogLevel.allCases.map(\.rawValue))
        try oneOf(.logFormat, JSONLinesLog.Format.allCases.map(\.rawValue))
        try oneOf(.prepareStatements, ["on", "off"])
        try oneOf(.durability, ["required", "any"])
        for setting in [Setting.tasksMax, .tasksPerTenant, .tasksPerUser] {
            guard let entry = entries[setting], count(setting) == nil else { continue }
            throw .usage(
                "\(setting.variable) is `\(Printable.text(entry.value))` (\(entry.origin)); "
                    + "it takes a number from 1 to \(Self.countMax)"
            )
        }
    }

    /// An empty variable is as good as none: that is how a unit file or a compose file leaves one out.
    private static func variables(_ environment: [String: String]) -> [Setting: Entry] {
        var entries: [Setting: Entry] = [:]
        for setting in Setting.allCases {
            if let value = environment[setting.variable], !value.isEmpty {
                entries[setting] = Entry(value: value, origin: .environment)
            }
        }
        return entries
    }

    private static func file(_ path: String) throws(CommandFailure) -> [Setting: Entry] {
        var entries: [Setting: Entry] = [:]
        for (name, value, line) in try SettingsFile.read(try TextFile.read(path), file: path) {
            let known = Setting.allCases.first { $0.key == name.lowercased() || $0.variable == name }
            guard let setting = known else {
                let hint = Spelling.nearest(to: name, among: Setting.allCases.map(\.key))
                throw .usage(
                    "\(path):\(line): unknown setting `\(Printable.text(name))`"
                        + (hint.map { "; did you mean `\($0)`?" } ?? "; see `genesis config --help`")
                )
            }
            guard entries[setting] == nil else { throw .usage("\(path):\(line): `\(name)` is set twice") }
            entries[setting] = Entry(value: value, origin: .file(path))
        }
        return entries
    }

    private static func development(from folder: String) -> [Setting: Entry] {
        guard let environment = DevelopmentEnvironment.running(from: folder) else { return [:] }
        var entries: [Setting: Entry] = [:]
        for (setting, value) in environment.settings {
            entries[setting] = Entry(value: value, origin: .development(environment.path))
        }
        return entries
    }

    private static func defaults(_ surroundings: Surroundings) -> [Setting: Entry] {
        var name = [CChar](repeating: 0, count: 256)
        let host =
            gethostname(&name, name.count - 1) == 0
            ? String(decoding: name.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self) : "localhost"
        var values: [Setting: String] = [
            .groupID: "genesis-worker", .node: "\(host)-\(getpid())",
            .tenant: "default", .logLevel: "info",
        ]
        let folders = InstalledFolders(executable: surroundings.executable)
        values[.workflows] = folders.find("Workflows")
        values[.migrations] = folders.find("Migrations")
        return values.mapValues { Entry(value: $0, origin: .defaultValue) }
    }
}
