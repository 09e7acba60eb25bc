internal import Orchestration

/// `genesis workflow list`, `enable` and `disable`: which versions there are, and which one new sessions take.
enum WorkflowVersions {
    static let list = CommandSpecification(
        name: "list",
        summary: "List the versions of all workflows, and the live sessions on each.",
        details: """
            Versions of the folder in force, and with a database also those that it keeps. New sessions take the
            version that is marked NEXT: of the folder's enabled versions the highest, else of the stored ones.
            """,
        examples: ["genesis workflow list"],
        options: [.json],
        run: runList
    )

    static let enable = CommandSpecification(
        name: "enable",
        summary: "Let new sessions start with a version.",
        details: "Workers notice within a second. Sessions that run are not concerned.",
        examples: ["genesis workflow enable genesis@1.1.0"],
        positionals: [version],
        run: { try await run($0, isEnabled: true) }
    )

    static let disable = CommandSpecification(
        name: "disable",
        summary: "Let no new session start with a version; those that run on it go on.",
        details: "Workers notice within a second; new sessions take the newest version that is still enabled.",
        examples: ["genesis workflow disable genesis@1.1.0", "genesis workflow disable 5e884898da28"],
        positionals: [version],
        run: { try await run($0, isEnabled: false) }
    )

    private static let version = CommandSpecification.Positional(
        name: "VERSION",
        summary: "NAME@VERSION, or the beginning of the hash that `genesis workflow list` shows."
    )

    /// One version, from the folder, the database or both.
    struct Entry {
        var name: String
        var version: String
        var hash: String
        /// The file's workflow when the folder has it.
        var workflow: Workflow?
        /// What the database says of it.
        var stored: DefinitionVersion?
        var sessions = 0

        var isEnabled: Bool { stored?.isEnabled ?? true }
    }

    /// All versions, in order of name and version.
    static func entries(_ configuration: Configuration, _ queries: (any SessionQueries)?) async throws -> [Entry] {
        var entries = try Wiring.workflows(configuration).map {
            Entry(name: $0.name, version: $0.version, hash: $0.hash, workflow: $0)
        }
        if let queries {
            for stored in try await queries.store.definitionVersions() {
                if let known = entries.firstIndex(where: { $0.hash == stored.hash }) {
                    entries[known].stored = stored
                } else {
                    entries.append(
                        Entry(name: stored.name, version: stored.version, hash: stored.hash, stored: stored)
                    )
                }
            }
            for live in try await queries.liveVersions() {
                if let known = entries.firstIndex(where: { $0.hash == live.hash }) {
                    entries[known].sessions = live.sessions
                } else {
                    let lost = Entry(name: live.name, version: live.version, hash: live.hash, sessions: live.sessions)
                    entries.append(lost)
                }
            }
        }
        return entries.sorted { left, right in
            if left.name != right.name { return left.name < right.name }
            if left.version != right.version { return Workflow.isVersion(left.version, before: right.version) }
            return (left.stored?.createdAt ?? .distant, left.hash) < (right.stored?.createdAt ?? .distant, right.hash)
        }
    }

    /// The hashes that new sessions would start with, as a worker with this folder sees it.
    static func next(_ entries: [Entry]) -> Set<String> {
        var hashes: Set<String> = []
        for (_, group) in Dictionary(grouping: entries.filter(\.isEnabled), by: \.name) {
            let mine = group.filter { $0.workflow != nil }
            let candidates = (mine.isEmpty ? group : mine).map { entry in
                entry.stored
                    ?? DefinitionVersion(
                        hash: entry.hash,
                        name: entry.name,
                        version: entry.version,
                        isEnabled: true,
                        createdAt: .distant
                    )
            }
            if let newest = DefinitionVersion.newest(of: candidates) { hashes.insert(newest.hash) }
        }
        return hashes
    }

    @Sendable private static func runList(_ invocation: Invocation) async throws {
        let configuration = try Configuration(invocation)
        let hasDatabase = configuration.value(.databaseURL) != nil
        let entries =
            hasDatabase
            ? try await invocation.withQueries { try await self.entries(configuration, $0) }
            : try await self.entries(configuration, nil)
        let next = next(entries)
        var table = Table("WORKFLOW", "VERSION", "HASH", "ENABLED", "NEXT", "FOLDER", ">LIVE")
        for entry in entries {
            table.add(
                entry.name,
                entry.version,
                short(entry.hash),
                entry.isEnabled ? "yes" : "no",
                next.contains(entry.hash) ? "yes" : "",
                entry.workflow == nil ? "" : "yes",
                hasDatabase ? "\(entry.sessions)" : "–"
            )
        }
        let rows: [JSONValue] = entries.map { entry in
            [
                "name": .string(entry.name), "version": .string(entry.version), "hash": .string(entry.hash),
                "enabled": .bool(entry.isEnabled), "next": .bool(next.contains(entry.hash)),
                "in_folder": .bool(entry.workflow != nil), "stored": .bool(entry.stored != nil),
                "live_sessions": hasDatabase ? .int(entry.sessions) : .null,
                "states": entry.workflow.map { .int($0.chart.nodes.count) } ?? .null,
                "actors": entry.workflow.map { .array($0.actors.keys.sorted().map { .string($0) }) } ?? .null,
            ]
        }
        invocation.print(rows: rows, orText: table, whenEmpty: "There are no workflows.")
    }

    @Sendable private static func run(_ invocation: Invocation, isEnabled: Bool) async throws {
        let configuration = try Configuration(invocation)
        let wanted = try invocation.required("VERSION")
        let entry = try await invocation.withQueries { queries in
            let entry = try find(wanted, in: try await entries(configuration, queries))
            // A file that no worker has read yet can be switched beforehand.
            if entry.stored == nil, let workflow = entry.workflow {
                try await queries.store.saveDefinition(WorkflowDefinition(workflow, isEnabled: isEnabled))
            }
            guard try await queries.setDefinition(entry.hash, isEnabled: isEnabled) else {
                throw CommandFailure.notSo("the definition \(short(entry.hash)) is not in the database")
            }
            return entry
        }
        let word = isEnabled ? "enabled" : "disabled"
        invocation.surroundings.output.line("\(entry.name)@\(entry.version) (\(short(entry.hash))) is \(word)")
    }

    /// The one version that is meant by `NAME@VERSION` or the beginning of a hash.
    static func find(_ wanted: String, in entries: [Entry]) throws -> Entry {
        let found = entries.filter {
            "\($0.name)@\($0.version)" == wanted || (wanted.count >= hashCharactersMin && $0.hash.hasPrefix(wanted))
        }
        guard let first = found.first else {
            throw CommandFailure.notSo("there is no version `\(Printable.text(wanted))`; see `genesis workflow list`")
        }
        guard found.count == 1 else {
            let hashes = found.map { short($0.hash) }.joined(separator: ", ")
            throw CommandFailure.usage("`\(Printable.text(wanted))` means several: \(hashes); name one by its hash")
        }
        return first
    }

    /// The workflow of a version: from a file that is named, from the folder, or from the database.
    static func workflow(
        _ wanted: String,
        _ entries: [Entry],
        _ queries: any SessionQueries,
        _ invocation: Invocation
    ) async throws -> Workflow {
        let path = invocation.surroundings.absolute(wanted)
        if TextFile.exists(path) { return try read(try TextFile.read(path), file: wanted) }
        let entry = try find(wanted, in: entries)
        if let workflow = entry.workflow { return workflow }
        guard let definition = try await queries.store.definition(hash: entry.hash) else {
            throw CommandFailure.notSo("the definition \(short(entry.hash)) is not in the database")
        }
        return try read(definition.source, file: "\(entry.name)@\(entry.version)")
    }

    private static func read(_ source: String, file: String) throws -> Workflow {
        let (workflow, findings) = Wiring.workflowReader(lenient: false).read(source: source, file: file)
        if let workflow { return workflow }
        let first = findings.first { $0.severity == .error }
        throw CommandFailure.notSo(first?.description ?? "\(file) is not a workflow")
    }

    private static let hashCharactersMin = 6

    static func short(_ hash: String) -> String { String(hash.prefix(12)) }
}

extension Instant {
    /// After everything that is stored.
    fileprivate static let distant = Instant(microseconds: .max)
}
