internal import Orchestration

/// Takes over an older design's outbox table.
enum OutboxImportCommand {
    static let specification = CommandSpecification(
        name: "import",
        summary: "Take over the rows of an older outbox table in the same database.",
        details: """
            The table needs id and created_at, a type, a payload, and a partition_key or aggregate_id. NEW and PENDING \
            become PENDING; ERR and FAILED become FAILED and are tried again; SENT, PUBLISHED and PROCESSED are kept as \
            SENT. Stop the older writers and relay first. Rows keep their order, and a run that was broken off can be \
            started again: rows that are there already are left alone. If any row cannot be mapped nothing is imported, \
            because later rows of its key would overtake it; --skip-refused imports the others all the same.
            """,
        examples: ["genesis outbox import --dry-run", "genesis outbox import --table legacy.outbox --topic orders"],
        options: [
            .init(name: "table", valueName: "NAME", summary: "The older table (default `outbox`)."),
            .init(name: "topic", valueName: "TOPIC", summary: "The topic of rows that name none."),
            .init(name: "dry-run", summary: "Read and map everything, write nothing."),
            .init(name: "skip-refused", summary: "Import the others although some rows cannot be mapped."),
            .yes, .json,
        ],
        run: run
    )

    /// Refused rows that are listed one by one.
    static let refusedShownMax = 20

    @Sendable private static func run(_ invocation: Invocation) async throws {
        let table = invocation.value("table") ?? "outbox"
        let defaults = OlderOutboxRow.Defaults(
            topic: invocation.value("topic") ?? Topics.events,
            tenantID: try Configuration(invocation).tenant,
            table: table
        )
        let isRehearsal = invocation.has("dry-run")
        if !isRehearsal { try invocation.confirm("Take over the rows of `\(table)`?") }
        let rehearsed = try await invocation.withQueries {
            try await $0.importOutbox(from: table, defaults, isRehearsal: true)
        }
        let goesOn = !isRehearsal && (rehearsed.refused.isEmpty || invocation.has("skip-refused"))
        let done =
            try await goesOn
            ? invocation.withQueries { try await $0.importOutbox(from: table, defaults, isRehearsal: false) }
            : rehearsed
        show(done, isRehearsal: !goesOn, invocation)
        guard done.refused.isEmpty else {
            throw CommandFailure.notSo(
                "\(Phrases.records(done.refused.count)) of `\(table)` cannot be mapped"
                    + (goesOn || isRehearsal ? "" : "; nothing was imported (--skip-refused imports the others)")
            )
        }
    }

    private static func show(_ count: OutboxImport, isRehearsal: Bool, _ invocation: Invocation) {
        let output = invocation.surroundings.output
        if invocation.has("json") {
            let refused = count.refused.prefix(refusedShownMax).map { fault -> JSONValue in
                ["id": .string(fault.id), "column": .string(fault.column), "problem": .string(fault.problem)]
            }
            let object: JSONObject = [
                "read": .int(count.read), isRehearsal ? "importable" : "imported": .int(count.imported),
                "known": .int(count.known), "refused": .int(count.refused.count), "refusals": .array(refused),
            ]
            return output.line(JSONValue.object(object).text)
        }
        for fault in count.refused.prefix(refusedShownMax) {
            output.line("refused: row \(Printable.text(fault.id)): \(fault.column) \(Printable.text(fault.problem))")
        }
        output.line(
            "\(count.read) read, \(count.imported) \(isRehearsal ? "can be imported" : "imported"), "
                + "\(count.known) there already, \(count.refused.count) refused"
        )
    }
}
