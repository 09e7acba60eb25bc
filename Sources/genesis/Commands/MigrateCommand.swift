internal import Orchestration

enum MigrateCommand {
    static let specification = CommandSpecification(
        name: "migrate",
        summary: "Bring the database schema up, take it down, compare it with the files.",
        examples: ["genesis migrate up", "genesis migrate --dump-sql > schema.sql"],
        options: [dump],
        subcommands: [
            CommandSpecification(
                name: "up",
                summary: "Apply the migrations that are missing; several at once wait for each other.",
                examples: ["genesis migrate up", "genesis migrate up --dump-sql > schema.sql"],
                options: [dump, .json],
                run: { invocation in
                    if invocation.has(dump.name) { return try await printSQL(invocation) }
                    let names = try await Wiring.migrations(Configuration(invocation)).up()
                    report(names, "applied", "The schema is up to date.", invocation)
                }
            ),
            CommandSpecification(
                name: "down",
                summary: "Take back the last migration, or the last N. Its tables go, with their rows.",
                details: "On a terminal it asks first, unless --yes is given.",
                examples: ["genesis migrate down --count 1 --yes"],
                options: [
                    .init(name: "count", valueName: "N", summary: "How many (default 1)."), .yes, .json,
                ],
                run: { invocation in
                    let count = try invocation.integer("count", in: 1...10_000) ?? 1
                    try invocation.confirm("Take back \(count) migration(s), with the rows of their tables?")
                    let names = try await Wiring.migrations(Configuration(invocation)).down(count: count)
                    report(names, "taken back", "There is nothing to take back.", invocation)
                }
            ),
            CommandSpecification(
                name: "status",
                summary: "List the migrations and whether each is applied.",
                examples: ["genesis migrate status"],
                options: [.json],
                run: { invocation in
                    let rows = try await Wiring.migrations(Configuration(invocation)).status()
                    var table = Table("MIGRATION…", "STATE", "APPLIED")
                    for row in rows { table.add(row.name, row.state, row.appliedAt ?? "–") }
                    let objects = rows.map { row -> JSONValue in
                        .object([
                            "name": .string(row.name), "state": .string(row.state),
                            "applied_at": JSONValue(row.appliedAt),
                        ])
                    }
                    invocation.print(rows: objects, orText: table, whenEmpty: "There are no migrations.")
                }
            ),
            CommandSpecification(
                name: "verify",
                summary: "List what the migrations make, present or missing; exit 1 when anything is missing.",
                examples: ["genesis migrate verify"],
                options: [.json],
                run: { invocation in
                    let objects = try await Wiring.migrations(Configuration(invocation)).verify()
                    var table = Table("KIND", "NAME…", "STATE")
                    for object in objects { table.add(object.kind, object.name, object.state) }
                    let rows = objects.map { object -> JSONValue in
                        ["kind": .string(object.kind), "name": .string(object.name), "state": .string(object.state)]
                    }
                    invocation.print(rows: rows, orText: table, whenEmpty: "The files make nothing.")
                    let missing = objects.filter { !$0.isPresent }
                    guard missing.isEmpty else {
                        throw CommandFailure.notSo("\(missing.count) of \(objects.count) objects are missing")
                    }
                }
            ),
        ],
        run: { invocation in
            guard invocation.has(dump.name) else {
                throw CommandFailure.usage("which of up, down, status, verify? See `genesis migrate --help`")
            }
            try await printSQL(invocation)
        }
    )

    private static func printSQL(_ invocation: Invocation) async throws {
        invocation.surroundings.output.write(try await Wiring.migrations(Configuration(invocation)).sql())
    }

    private static let dump = CommandSpecification.Option(
        name: "dump-sql",
        summary: "Print the SQL of all migrations instead of running it; needs no database."
    )

    private static func report(_ names: [String], _ what: String, _ nothing: String, _ invocation: Invocation) {
        let output = invocation.surroundings.output
        if invocation.has("json") {
            output.line(JSONValue.object(["migrations": .array(names.map { .string($0) })]).text)
        } else {
            for name in names { output.line("\(what): \(Printable.text(name))") }
            if names.isEmpty { output.line(nothing) }
        }
    }
}
